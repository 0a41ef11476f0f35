import Datasets
import Foundation
import Runtime
import Testing

@Suite struct AugmentationTests {
  private static let shape = ImageShape(height: 5, width: 5, channels: 1)

  /// Images of one epoch of a loader, as bytes would be: [sample number: values].
  private func images(
    _ data: ImageDataset, _ augmentation: Augmentation, seed: UInt64 = 1, epoch: Int = 0
  ) throws -> [Int32: [Float]] {
    let loader = try BatchLoader(
      data,
      options: .init(
        batchSize: data.count, augmentation: augmentation,
        normalisation: Normalisation(
          mean: [Float](repeating: 0, count: data.shape.channels),
          deviation: [Float](repeating: 1 / 255, count: data.shape.channels)), seed: seed))
    let batch = try loader.batch(epoch: epoch, index: 0)
    let floats = batch.images.floats
    var result: [Int32: [Float]] = [:]
    for (i, sample) in batch.sampleIndices.enumerated() {
      result[sample] = floats[i * data.shape.count..<(i + 1) * data.shape.count].map {
        $0.rounded()
      }
    }
    return result
  }

  /// One bright pixel in the middle, in `count` images.
  private func spots(_ count: Int) -> ImageDataset {
    var image = [UInt8](repeating: 10, count: 25)
    image[12] = 200
    return ImageDataset(
      name: "spots", split: "train", shape: Self.shape, classNames: ["a", "b"],
      images: (0..<count).flatMap { _ in image }, labels: (0..<count).map { Int32($0 % 2) })
  }

  @Test func shiftsAreUniformAndPaddedWithBlack() throws {
    var augmentation = Augmentation.none
    augmentation.cropPadding = 2
    let result = try images(spots(5000), augmentation)
    var histogram = [Int](repeating: 0, count: 25)
    for image in result.values {
      let spot = try #require(image.firstIndex(of: 200))
      histogram[spot] += 1
      let (dy, dx) = (spot / 5 - 2, spot % 5 - 2)
      // What came from outside is 0, the rest is the background.
      #expect(image.filter { $0 == 0 }.count == 25 - (5 - abs(dx)) * (5 - abs(dy)))
    }
    // 25 places, 200 expected in each, deviation 13.9: 5 deviations, false alarm below 1e-5.
    #expect(histogram.allSatisfy { abs($0 - 200) < 70 })
  }

  @Test func reflectionShowsTheImageItself() throws {
    var augmentation = Augmentation.none
    augmentation.cropPadding = 2
    augmentation.padding = .reflect
    let ramp = ImageDataset(
      name: "ramp", split: "train", shape: ImageShape(height: 1, width: 4, channels: 1),
      classNames: ["a"], images: [10, 20, 30, 40], labels: [0])
    // Height 1 leaves nothing to reflect vertically.
    expectError(.config, "augmentation.cropPadding", "0…0") {
      _ = try images(ramp, augmentation)
    }
    let square = Sample.dataset(count: 1, shape: Self.shape)
    let original = try #require(try square.imageBytes(at: 0))
    var seen: Set<[Float]> = []
    for epoch in 0..<200 {
      let image = try #require(try images(square, augmentation, epoch: epoch)[0])
      seen.insert(image)
    }
    // All 25 shifts occur (the chance to miss one in 200 draws is 0.7 %; the seed is fixed), and
    // numpy.pad(mode="reflect") describes each.
    func reflected(_ p: Int) -> Int { p < 0 ? -p : p > 4 ? 8 - p : p }
    for dy in -2...2 {
      for dx in -2...2 {
        var expected: [Float] = []
        for y in 0..<5 {
          for x in 0..<5 {
            expected.append(Float(original[reflected(y - dy) * 5 + reflected(x - dx)]))
          }
        }
        #expect(seen.contains(expected), "shift \(dx), \(dy)")
      }
    }
  }

  @Test(arguments: [1, 3]) func mirroringHitsItsShare(channels: Int) throws {
    var augmentation = Augmentation.none
    augmentation.mirror = 0.3
    let shape = ImageShape(height: 2, width: 3, channels: channels)
    let data = Sample.dataset(count: 4000, shape: shape)
    var mirrored = 0
    for (sample, image) in try images(data, augmentation) {
      let original = try #require(try data.imageBytes(at: Int(sample))).map { Float($0) }
      if image == original { continue }
      mirrored += 1
      for y in 0..<2 {
        for x in 0..<3 {
          for c in 0..<channels {
            let (here, there) = ((y * 3 + x) * channels + c, (y * 3 + 2 - x) * channels + c)
            #expect(image[here] == original[there])
          }
        }
      }
    }
    // 1200 expected, deviation 29.
    #expect(abs(mirrored - 1200) < 145)
  }

  @Test func cutoutBlanksSquares() throws {
    var augmentation = Augmentation.none
    augmentation.cutout = .init(side: 3)
    let data = ImageDataset(
      name: "white", split: "train", shape: Self.shape, classNames: ["a"],
      images: [UInt8](repeating: 255, count: 25 * 500), labels: [Int32](repeating: 0, count: 500))
    for image in try images(data, augmentation).values {
      let zeros = image.filter { $0 == 0 }.count
      #expect([4, 6, 9].contains(zeros), "\(zeros) blank pixels")
    }
  }

  @Test func erasingHitsItsShareAndArea() throws {
    var augmentation = Augmentation.none
    augmentation.erasing = .init(
      probability: 0.4, smallestArea: 0.1, largestArea: 0.3, largestAspect: 2, noise: false)
    let shape = ImageShape(height: 20, width: 20, channels: 1)
    let data = ImageDataset(
      name: "white", split: "train", shape: shape, classNames: ["a"],
      images: [UInt8](repeating: 255, count: 400 * 1000),
      labels: [Int32](repeating: 0, count: 1000))
    let areas = try images(data, augmentation).values
      .map { image in Float(image.filter { $0 == 0 }.count) / 400 }.filter { $0 > 0 }
    // 400 expected, deviation 15.5.
    #expect(abs(areas.count - 400) < 78)
    // Sides are rounded to pixels: at most half a pixel of about 6 each way.
    #expect(areas.allSatisfy { $0 > 0.08 && $0 < 0.34 })
    let mean = areas.reduce(0, +) / Float(areas.count)
    // Uniform in 0.1…0.3: deviation of the mean 0.003.
    #expect(abs(mean - 0.2) < 0.015)
  }

  @Test func noiseIsStandardNormal() throws {
    var augmentation = Augmentation.none
    augmentation.erasing = .init(probability: 1, smallestArea: 1, largestArea: 1, largestAspect: 1)
    let shape = ImageShape(height: 16, width: 16, channels: 3)
    let data = Sample.dataset(count: 40, shape: shape)
    let loader = try BatchLoader(
      data, options: .init(batchSize: 40, augmentation: augmentation, seed: 5))
    let values = try loader.next().images.floats
    let mean = values.reduce(0, +) / Float(values.count)
    let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
    // 30,720 values: deviations 0.0057 and 0.0081.
    #expect(abs(mean) < 0.03)
    #expect(abs(variance - 1) < 0.05)
    #expect(Set(values).count > 30_000)
  }

  @Test func drawsDependOnlyOnSeedEpochAndSample() throws {
    let data = Sample.dataset(count: 64)
    let augmentation = try Augmentation.preset("standard")
    let first = try images(data, augmentation, seed: 9, epoch: 3)
    #expect(try images(data, augmentation, seed: 9, epoch: 3) == first)
    #expect(try images(data, augmentation, seed: 10, epoch: 3) != first)
    #expect(try images(data, augmentation, seed: 9, epoch: 4) != first)
    // A sample is augmented alike in a subset, in another order, in another batch.
    let subset = data.selecting([50, 3, 17])
    for (sample, image) in try images(subset, augmentation, seed: 9, epoch: 3) {
      #expect(image == first[sample])
    }
  }

  @Test func switchingOneAugmentationOnKeepsTheDrawsOfOthers() throws {
    let data = spots(200)
    var shifts = Augmentation.none
    shifts.cropPadding = 2
    var both = shifts
    both.erasing = .init(probability: 0.0001)
    both.cutout = .init(side: 1, count: 0)
    both.randAugment = RandAugment(operations: 1, magnitude: 9, kinds: [.identity])
    #expect(try images(data, shifts) == images(data, both))
  }
}
