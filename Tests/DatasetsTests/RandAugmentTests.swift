import Datasets
import Foundation
import Runtime
import Testing

@Suite struct RandAugmentTests {
  /// The bytes after one operation.
  private func apply(
    _ kind: RandAugment.Kind, magnitude: Float = 30, sign: Float = 1, _ bytes: [UInt8],
    _ shape: ImageShape
  ) -> [UInt8] {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * shape.count)
    defer { memory.deallocate() }
    memory.update(from: bytes, count: shape.count)
    var image = ByteImage(bytes: memory, shape: shape)
    var spare = ByteImage(bytes: memory + shape.count, shape: shape)
    RandAugment.apply(kind, magnitude: magnitude, sign: sign, to: &image, spare: &spare)
    return Array(UnsafeBufferPointer(start: image.bytes, count: shape.count))
  }

  private let line = ImageShape(height: 1, width: 5, channels: 1)

  @Test func tables() {
    let bytes: [UInt8] = [0, 50, 100, 200, 255]
    #expect(apply(.identity, bytes, line) == bytes)
    // Factor 1.45.
    #expect(apply(.brightness, magnitude: 15, bytes, line) == [0, 73, 145, 255, 255])
    #expect(apply(.brightness, magnitude: 15, sign: -1, bytes, line) == [0, 28, 55, 110, 140])
    // About the mean 121 with factor 0.55.
    #expect(apply(.contrast, magnitude: 15, sign: -1, bytes, line) == [54, 82, 109, 164, 195])
    #expect(apply(.posterize, bytes, line) == [0, 48, 96, 192, 240])
    #expect(apply(.posterize, magnitude: 0, bytes, line) == bytes)
    #expect(apply(.solarize, magnitude: 15, bytes, line) == [0, 50, 100, 55, 0])
    #expect(apply(.solarize, magnitude: 0, bytes, line) == bytes)
    #expect(apply(.autoContrast, [100, 110, 120, 130, 150], line) == [0, 51, 102, 153, 255])
    #expect(apply(.autoContrast, [9, 9, 9, 9, 9], line) == [9, 9, 9, 9, 9])
  }

  @Test func equalizeFlattensEachChannel() {
    // 512 pixels of two channels: one uses values 100…107 evenly, the other is constant.
    let shape = ImageShape(height: 16, width: 32, channels: 2)
    let bytes = (0..<1024).map { (i: Int) -> UInt8 in i % 2 == 0 ? 100 + UInt8(i / 2 % 8) : 77 }
    let result = apply(.equalize, bytes, shape)
    let levels = Set(stride(from: 0, to: 1024, by: 2).map { result[$0] }).sorted()
    // Pillow: step (512 − 64) / 255 = 1, then (64 · k) clipped to 255.
    #expect(levels == [0, 64, 128, 192, 255])
    #expect(stride(from: 1, to: 1024, by: 2).allSatisfy { result[$0] == 77 })
  }

  @Test func rotationTurnsAboutTheCentre() {
    let shape = ImageShape(height: 21, width: 21, channels: 1)
    var bytes = [UInt8](repeating: 0, count: shape.count)
    bytes[10 * 21 + 18] = 255  // 8 pixels right of the centre
    for sign in [Float(1), -1] {
      let result = apply(.rotate, sign: sign, bytes, shape)
      var (mass, x, y): (Float, Float, Float) = (0, 0, 0)
      for p in 0..<shape.count {
        mass += Float(result[p])
        x += Float(result[p]) * Float(p % 21 - 10)
        y += Float(result[p]) * Float(p / 21 - 10)
      }
      // 30° away, either way; bilinear interpolation keeps the centre of mass within 0.1 pixels.
      #expect(abs(x / mass - 8 * cos(Float.pi / 6)) < 0.15)
      #expect(abs(abs(y / mass) - 4) < 0.15)
      #expect((y > 0) == (sign > 0))
    }
  }

  @Test func translationAndShear() {
    let shape = ImageShape(height: 20, width: 20, channels: 3)
    var bytes = [UInt8](repeating: 0, count: shape.count)
    for c in 0..<3 { bytes[(10 * 20 + 10) * 3 + c] = UInt8(50 * (c + 1)) }
    // 0.45 of 20 pixels at full magnitude: 9.
    let right = apply(.translateX, bytes, shape)
    #expect(Array(right[(10 * 20 + 19) * 3..<(10 * 20 + 20) * 3]) == [50, 100, 150])
    #expect(right.reduce(0) { $0 + Int($1) } == 300)
    let up = apply(.translateY, sign: -1, bytes, shape)
    #expect(Array(up[(20 + 10) * 3..<(20 + 11) * 3]) == [50, 100, 150])
    // A vertical line leans by 0.3 pixels a row: 19 rows shift its ends apart by 5.7.
    let grey = ImageShape(height: 20, width: 20, channels: 1)
    let vertical = (0..<400).map { $0 % 20 == 10 ? UInt8(200) : 0 }
    let sheared = apply(.shearX, vertical, grey)
    func centre(_ row: Int) -> Float {
      let values = sheared[row * 20..<row * 20 + 20].enumerated()
      let mass = values.reduce(Float(0)) { $0 + Float($1.element) }
      return values.reduce(Float(0)) { $0 + Float($1.offset) * Float($1.element) } / mass
    }
    #expect(abs(centre(0) - centre(19) - 5.7) < 0.05)
  }

  @Test func coloursAndSharpness() {
    let pixel = ImageShape(height: 1, width: 1, channels: 3)
    // Luma of (200, 100, 0) is 118.5: factor 0.1 leaves a tenth of the distance.
    #expect(apply(.saturation, sign: -1, [200, 100, 0], pixel) == [127, 117, 107])
    let grey = ImageShape(height: 3, width: 3, channels: 1)
    var bytes = [UInt8](repeating: 0, count: 9)
    bytes[4] = 130
    // The smooth image has 130 · 5 / 13 = 50 there: 50 + 80 · 0.1 = 58; the border stays.
    #expect(apply(.sharpness, sign: -1, bytes, grey)[4] == 58)
    #expect(apply(.sharpness, sign: 1, bytes, grey)[4] == 202)
    #expect(apply(.saturation, bytes, grey) == bytes)
  }

  @Test(arguments: RandAugment.Kind.allCases)
  func magnitudeZeroChangesNothingButHistograms(kind: RandAugment.Kind) {
    let shape = ImageShape(height: 9, width: 7, channels: 3)
    let bytes = (0..<shape.count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    if kind == .autoContrast || kind == .equalize { return }
    #expect(apply(kind, magnitude: 0, bytes, shape) == bytes)
  }

  @Test func everyKindIsChosen() throws {
    // With one kind at a time the picture differs from the original (identity apart), and with all
    // of them the results are among those of single kinds.
    let shape = ImageShape(height: 12, width: 12, channels: 3)
    let data = Sample.dataset(count: 400, shape: shape)
    func images(_ kinds: [RandAugment.Kind]) throws -> [Int32: [Float]] {
      var augmentation = Augmentation.none
      augmentation.randAugment = RandAugment(operations: 1, magnitude: 20, kinds: kinds)
      let loader = try BatchLoader(
        data,
        options: .init(
          batchSize: 400, augmentation: augmentation, normalisation: .identity(channels: 3)))
      let batch = try loader.batch(index: 0)
      let floats = batch.images.floats
      return Dictionary(
        uniqueKeysWithValues: batch.sampleIndices.enumerated().map { i, sample in
          (sample, Array(floats[i * shape.count..<(i + 1) * shape.count]))
        })
    }
    let single = try RandAugment.Kind.allCases.map { try images([$0]) }
    let mixed = try images(RandAugment.Kind.allCases)
    for sample in mixed.keys {
      #expect(single.contains { $0[sample] == mixed[sample] })
    }
    for (kind, result) in zip(RandAugment.Kind.allCases, single) {
      let hits = mixed.filter { result[$0.key] == $0.value }.count
      // 400 / 14 = 28.6 expected, deviation 5.2.
      #expect(hits > 4, "\(kind) was chosen \(hits) times")
    }
  }
}
