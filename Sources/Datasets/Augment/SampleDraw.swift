/// Which index of a sample's random stream decides what: fixed, so that switching one augmentation
/// on leaves the draws of the others as they were.
enum SampleDraw {
  static let shiftX: UInt64 = 0
  static let shiftY: UInt64 = 1
  static let mirror: UInt64 = 2
  static let erases: UInt64 = 3
  /// Two for each square.
  static let cutout: UInt64 = 16
  /// Four for each attempt at a rectangle.
  static let erasing: UInt64 = 64
  /// Two for each operation.
  static let randAugment: UInt64 = 128
  /// Tag of the derived stream of noise.
  static let noiseTag: UInt64 = 1
}
