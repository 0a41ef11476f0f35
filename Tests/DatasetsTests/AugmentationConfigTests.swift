import Datasets
import Foundation
import Runtime
import Testing

@Suite struct AugmentationConfigTests {
  private func decode(_ json: String) throws -> Augmentation {
    try JSONDecoder().decode([Augmentation].self, from: Data("[\(json)]".utf8))[0]
  }

  @Test(arguments: Augmentation.presetNames) func presetsRoundTrip(name: String) throws {
    let preset = try Augmentation.preset(name)
    #expect(try decode("\"\(name)\"") == preset)
    let encoded = String(decoding: try JSONEncoder().encode(preset), as: UTF8.self)
    #expect(try decode(encoded) == preset)
    try preset.validate(
      for: Sample.dataset(count: 4, shape: .init(height: 28, width: 28, channels: 1)))
  }

  @Test func keysOnTopOfAPreset() throws {
    let value = try decode(
      "{\"preset\": \"standard\", \"erasing\": null, \"cutout\": {\"side\": 8}, \"mixing\": {\"mixup\": 0.2}}"
    )
    #expect(value.cropPadding == 4)
    #expect(value.erasing == nil)
    #expect(value.cutout == .init(side: 8, count: 1))
    #expect(value.mixing == .init(mixup: 0.2))
    #expect(value.mixesLabels)
    #expect(try decode("{\"erasing\": {\"noise\": false}}").erasing?.probability == 0.5)
  }

  @Test func unknownNamesAreSuggested() {
    expectError(.config, "preset \"standrad\"", "did you mean standard?") {
      _ = try decode("\"standrad\"")
    }
    expectError(.config, "unknown key \"miror\"", "did you mean mirror?") {
      _ = try decode("{\"miror\": 0.5}")
    }
    expectError(.config, "augmentation.cutout", "\"sides\"", "did you mean side?") {
      _ = try decode("{\"cutout\": {\"sides\": 8}}")
    }
  }

  @Test(arguments: [
    ("{\"mirror\": 1.5}", "augmentation.mirror"), ("{\"cropPadding\": 7}", "cropPadding"),
    ("{\"randAugment\": {\"magnitude\": 31}}", "randAugment.magnitude"),
    ("{\"randAugment\": {\"kinds\": []}}", "randAugment.kinds"),
    ("{\"cutout\": {\"side\": 0}}", "cutout.side"),
    ("{\"erasing\": {\"largestArea\": 0.01}}", "erasing.largestArea"),
    ("{\"mixing\": {\"mixup\": -1}}", "mixing.mixup"),
  ]) func rangesAreChecked(json: String, key: String) throws {
    let value = try decode(json)
    expectError(.config, key, "found", "expected") {
      try value.validate(for: Sample.dataset(count: 4))
    }
  }

  @Test func digitsAreNotMirrored() throws {
    var digits = Sample.dataset(count: 4)
    digits.mirrorKeepsClass = false
    let preset = try Augmentation.preset("light")
    #expect(preset.adapted(to: digits).mirror == 0)
    #expect(preset.adapted(to: Sample.dataset(count: 4)).mirror == 0.5)
  }
}
