// Tests of NN.
