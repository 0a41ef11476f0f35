import Runtime
import Tensor

/// One plane of an array block after programming: what a vector is multiplied with, and how it is
/// blurred.
struct ProgrammedPlane {
  /// Mean of a read in units of the largest weight, `[rows, columns]`.
  var mean: Tensor
  /// Variance of a read that is Gaussian, in the same units squared, `[rows, columns]`; nil where reads are
  /// exact.
  var variance: Tensor?
  /// How reads deviate otherwise; nil where they do not.
  var deviations: ReadDeviations?
  /// What a converted output of each column counts for, drift compensated.
  var factors: [Float]
  /// Writes of all its devices.
  var writes: Int
}
