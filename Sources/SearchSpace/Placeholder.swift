// The target SearchSpace.
