import Runtime
import Tensor

/// One plane of an array block after programming: what a vector is multiplied with, and how it is
/// blurred.
struct ProgrammedPlane {
  /// The rows of the array that are read at once; those of `mean`.
  var rows: Range<Int>
  /// Mean of a read in units of the largest weight, `[rows, columns]`.
  var mean: PackedMatrix
  /// Variance of reads that are Gaussian; nil where they are exact.
  var variance: ReadVariance?
  /// How reads deviate otherwise; nil where they do not.
  var deviations: ReadDeviations?
  /// What a converted output of each column counts for, drift compensated.
  var factors: [Float]
  /// Writes of all its devices.
  var writes: Int
  /// What converts its outputs.
  var adc: Converter
  /// How that is off.
  var curves: ConverterCurves?
  /// What bit lines take, where that is a closed form.
  var drop: ClosedFormLines?
  /// Its arrays behind the lines of a surrogate, where there is one.
  var learned: [LearnedLines.ProgrammedArray]?

  /// The plane as it is read: so many rows at once.
  func parts(of size: Int?) -> [ProgrammedPlane] {
    guard let size, size < rows.count else { return [self] }
    return stride(from: 0, to: rows.count, by: size).map { first in
      let range = first..<min(first + size, rows.count)
      var part = self
      part.rows = range
      part.mean = PackedMatrix(mean.matrix.prefix(range))
      part.variance = variance?.prefix(range)
      part.deviations = deviations?.rows(range)
      part.drop = drop?.rows(range)
      // All were counted with the first part.
      part.writes = first == 0 ? writes : 0
      return part
    }
  }

  /// The inputs of its rows.
  func inputs(_ x: Tensor) -> Tensor {
    rows.count == x.shape[1] ? x : x.channels(rows).contiguous()
  }
}
