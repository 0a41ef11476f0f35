// Tests of Tensor.
