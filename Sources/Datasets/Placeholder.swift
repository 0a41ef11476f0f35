// The target Datasets.
