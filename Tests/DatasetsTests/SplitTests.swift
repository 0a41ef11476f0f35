import Datasets
import Foundation
import Runtime
import Testing

@Suite struct SplitTests {
  @Test func heldOutPartIsStratifiedDisjointAndDeterministic() throws {
    let data = Sample.dataset(count: 103)
    let (training, held) = try data.holdingOut(20, seed: 5)
    #expect(held.count == 20 && training.count == 83)
    #expect(held.split == "validation" && training.split == "train")
    #expect(Set(held.sampleIndices).union(training.sampleIndices).count == 103)
    // Shares of 26, 26, 26, 25 of 103: 5.05, 5.05, 5.05, 4.85.
    #expect(held.classCounts == [5, 5, 5, 5])
    #expect(held.sampleIndices == held.sampleIndices.sorted())
    #expect(try data.holdingOut(20, seed: 5).heldOut.sampleIndices == held.sampleIndices)
    #expect(try data.holdingOut(20, seed: 6).heldOut.sampleIndices != held.sampleIndices)
    #expect(held.labels == held.sampleIndices.map { $0 % 4 })
    for position in [0, 19] {
      let original = try data.imageBytes(at: Int(held.sampleIndices[position]))
      #expect(try held.imageBytes(at: position) == original)
    }
  }

  @Test func limits() throws {
    let data = Sample.dataset(count: 40)
    #expect(data.subset(limit: 12).classCounts == [3, 3, 3, 3])
    #expect(data.subset(limit: 100).count == 40)
    #expect(data.subset(limit: 0).count == 0)
    #expect(data.subset(limit: 12, seed: 1).sampleIndices != data.subset(limit: 12).sampleIndices)
    // A subset of a subset still names the stored samples.
    let nested = data.subset(limit: 20).subset(limit: 10)
    #expect(Set(nested.sampleIndices).isSubset(of: data.subset(limit: 20).sampleIndices))
    expectError(.config, "found 40", "0…39") { _ = try data.holdingOut(40, seed: 0) }
  }

  @Test func normalisationIsExact() throws {
    let data = ImageDataset(
      name: "n", split: "train", shape: ImageShape(height: 1, width: 2, channels: 2),
      classNames: ["a"], images: [0, 10, 255, 10, 51, 10, 0, 10], labels: [0, 0])
    let measured = try Normalisation(measuredOn: data)
    // Values 0, 255, 51, 0: mean 76.5, variance 17,… = (65025 + 2601) / 4 − 76.5².
    #expect(abs(measured.mean[0] - 0.3) < 1e-7)
    #expect(abs(measured.deviation[0] * 255 - Float(11054.25).squareRoot()) < 1e-3)
    #expect(measured.deviation[1] == 1)
    // A part is measured on its own samples.
    #expect(try Normalisation(measuredOn: data.selecting([1])).mean[0] == 0.1)
  }
}
