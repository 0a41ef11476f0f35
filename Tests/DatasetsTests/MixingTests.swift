import Datasets
import Foundation
import Runtime
import Tensor
import Testing

@Suite struct MixingTests {
  /// Image i is constant at value i + 1 (of 255), so that shares can be read off.
  private func constants(_ count: Int, side: Int = 8) -> ImageDataset {
    let shape = ImageShape(height: side, width: side, channels: 1)
    return ImageDataset(
      name: "constants", split: "train", shape: shape,
      classNames: (0..<count).map { "c\($0)" },
      images: (0..<count).flatMap { [UInt8](repeating: UInt8($0 + 1), count: shape.count) },
      labels: (0..<count).map(Int32.init))
  }

  private func batch(
    _ data: ImageDataset, _ mixing: Augmentation.Mixing, epoch: Int = 0
  ) throws -> Batch {
    var augmentation = Augmentation.none
    augmentation.mixing = mixing
    let loader = try BatchLoader(
      data,
      options: .init(
        batchSize: data.count, augmentation: augmentation,
        normalisation: Normalisation(mean: [0], deviation: [1 / 255])))
    return try loader.batch(epoch: epoch, index: 0)
  }

  /// Every pixel must be explained by the soft label: in mixup exactly, in cutmix on average.
  @Test(arguments: [
    Augmentation.Mixing(mixup: 0.4), .init(mixup: 1), .init(mixup: 3), .init(cutmix: 1),
    .init(cutmix: 0.3), .init(mixup: 0.2, cutmix: 1),
  ]) func labelsFollowThePixels(mixing: Augmentation.Mixing) throws {
    for count in [12, 13] {
      for epoch in 0..<5 {
        let batch = try batch(constants(count), mixing, epoch: epoch)
        let soft = try #require(batch.softLabels)
        #expect(soft.shape == [count, count])
        let (pixels, labels) = (batch.images.floats, soft.floats)
        for i in 0..<count {
          let row = labels[i * count..<(i + 1) * count]
          let image = pixels[i * 64..<(i + 1) * 64]
          #expect(abs(row.reduce(0, +) - 1) < 1e-6)
          var explained: Float = 0
          for (label, share) in row.enumerated() { explained += share * Float(label + 1) }
          // Float32 sums of 64 values up to 13.
          #expect(abs(image.reduce(0, +) / 64 - explained) < 1e-3)
          #expect(row.filter { $0 > 0 }.count <= 2)
          #expect(row[row.startIndex + Int(batch.labels[i])] >= 0)
        }
      }
    }
  }

  @Test func cutmixKeepsPixelsPure() throws {
    let batch = try batch(constants(20), .init(cutmix: 1))
    let values = batch.images.floats
    #expect(values.allSatisfy { abs($0 - $0.rounded()) < 1e-3 && $0 >= 0.999 && $0 < 20.001 })
    // Some box was swapped.
    let whole = (0..<20).filter { i in Set(values[i * 64..<(i + 1) * 64]).count == 1 }
    #expect(whole.count < 15)
  }

  @Test func probabilityIsTheShareOfMixedPairs() throws {
    var mixed = 0
    for epoch in 0..<20 {
      let labels = try #require(
        try batch(constants(100, side: 2), .init(mixup: 1, probability: 0.25), epoch: epoch)
          .softLabels
      ).floats
      mixed += (0..<100).filter { i in labels[i * 100..<(i + 1) * 100].max()! < 1 }.count
    }
    // 1000 pairs, 250 mixed, deviation 13.7; each pair counts twice.
    #expect(abs(mixed / 2 - 250) < 70)
  }

  @Test(arguments: [Float(0.2), 0.5, 1, 2, 8]) func betaHasItsMoments(alpha: Float) {
    let root = RandomStream(seed: 4, stream: 9)
    let draws = (0..<4000).map { BetaDraw.symmetric(alpha, root.derived(UInt64($0))) }
    #expect(draws.allSatisfy { $0 >= 0 && $0 <= 1 })
    let mean = draws.reduce(0, +) / 4000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    // Beta(α, α): mean 1/2, variance 1 / (4 (2α + 1)); deviations of the estimates below
    // 0.0067 and 0.003 for all these α.
    #expect(abs(mean - 0.5) < 0.03)
    #expect(abs(variance - 1 / (4 * (2 * alpha + 1))) < 0.012)
  }

  @Test func withoutMixingThereAreNoSoftLabels() throws {
    let loader = try BatchLoader(constants(8), options: .init(batchSize: 4))
    #expect(try loader.next().softLabels == nil)
  }
}
