// The target RunLog.
