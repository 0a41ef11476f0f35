// The target Supernet.
