extension NormStatistics {
  /// Statistics with given values, such as those that a file kept.
  public convenience init(means: [Float], variances: [Float]) {
    precondition(
      means.count == variances.count, "\(means.count) means with \(variances.count) variances")
    self.init(channels: means.count)
    self.means = means
    self.variances = variances
  }
}
