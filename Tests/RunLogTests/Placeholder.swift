// Tests of RunLog.
