// Tests of SearchSpace.
