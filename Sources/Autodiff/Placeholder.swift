// The target Autodiff.
