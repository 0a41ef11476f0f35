/// Counts in checkpoints, whose tensors are of single precision: two numbers each, which hold 44 bits exactly.
enum ExactCount {
  private static let bits = 20

  /// Counts as pairs of numbers.
  static func floats(_ counts: [Int]) -> [Float] {
    counts.flatMap { [Float($0 >> bits), Float($0 & ((1 << bits) - 1))] }
  }

  /// What `floats` made numbers of.
  static func counts(_ floats: [Float]) -> [Int] {
    stride(from: 0, to: floats.count, by: 2).map {
      Int(floats[$0]) << bits + Int(floats[$0 + 1])
    }
  }
}
