import Foundation
import Kirchhoff
import Testing

/// A run that was stopped and resumed, at other numbers of threads, is the unbroken run bit for bit.
@Suite struct ResumeTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    var name: String
    var space = TinySpaces.hybrid
    var change: @Sendable (inout TrainingConfig) -> Void

    var testDescription: String { name }

    init(
      _ name: String, space: SupernetSpace = TinySpaces.hybrid,
      _ change: @escaping @Sendable (inout TrainingConfig) -> Void
    ) {
      self.name = name
      self.space = space
      self.change = change
    }
  }

  static let variants = [
    Variant("joint, noise, average of weights") { config in
      config.schedule = .preset("joint")
      config.regularization = Regularization(dropout: 0.2, dropPath: 0.2)
      config.averageDecay = 0.9
      config.augmentation = (try? Augmentation.preset("light")) ?? .none
    },
    Variant("cnn-first, alpha-divergence") { config in
      config.schedule = .preset("cnn-first")
      config.distillation = .alpha
    },
    Variant("cnn-first-freeze, momentum, clipping by norm", space: TinySpaces.entry) { config in
      config.schedule = .preset("cnn-first-freeze")
      config.optimizer.kind = .sgd
      config.optimizer.clipNorm = 0.5
    },
    Variant("vit-first, clipping by value", space: TinySpaces.nasvit) { config in
      config.schedule = .preset("vit-first")
      config.optimizer.clipValue = 0.01
    },
    Variant("joint+projection, mixed labels") { config in
      config.schedule = .preset("joint+projection")
      config.optimizer.clipNorm = 1
      config.augmentation.mixing = .init(mixup: 0.5)
    },
    Variant("noise on weights, vit-first") { config in
      config.schedule = .preset("vit-first")
      config.weightNoise = 0.1
    },
    Variant("weights and inputs quantised, with noise") { config in
      config.schedule = .preset("cnn-first")
      config.quantisation = Quantisation(weightBits: 4, inputBits: 6)
      config.weightNoise = 0.05
    },
    Variant("progressive-shrinking: a frozen teacher") { config in
      config.schedule = .preset("progressive-shrinking")
    },
    Variant("attentive sampling, best up") { config in
      config.schedule = .phases(
        PhaseSchedule(
          name: "best",
          phases: [Phase("best", sampler: .attentive(AttentiveOptions(samples: 200)))]))
    },
    Variant("banks that remember losses") { config in
      let options = BankOptions(
        networks: 3, memory: 4, memoryProbability: 0.9, samples: 200)
      config.schedule = .phases(
        PhaseSchedule(name: "banks", phases: [Phase("banks", sampler: .banks(options))]))
    },
  ]

  /// A folder with the data and the space, where runs of one config can start.
  private struct Place {
    let folder: TemporaryFolder
    var config: TrainingConfig

    init(_ variant: Variant) throws {
      folder = try TemporaryFolder()
      config = .tiny(steps: 12)
      config.data = DatasetSource(try TinyImages.write(in: folder))
      config.space = folder.file("space.yaml")
      try variant.space.yaml().write(toFile: config.space, atomically: true, encoding: .utf8)
      variant.change(&config)
    }

    /// Trains a run (on) at a number of threads; stops behind a step.
    func train(_ name: String, threads: Int, stopAfter: Int? = nil, resume: Bool = false) throws {
      Threads.count = threads
      let directory = try RunDirectory(
        RunPaths(folder.file(name)), mode: resume ? .resume : .create)
      var options = TrainingRun.Options()
      options.stopAfter = stopAfter
      options.progress = .quiet
      _ = try TrainingRun(config, directory: directory, resume: resume, options: options).run()
    }

    /// All tensors of a run's last checkpoint: weights, optimiser, average, teacher.
    func tensors(_ name: String) throws -> [String: [UInt32]] {
      let checkpoints = folder.file("\(name)/checkpoints")
      let last = try #require(
        FileManager.default.contentsOfDirectory(atPath: checkpoints)
          .filter { $0.hasPrefix("step-") && !$0.hasSuffix(".damaged") }.max())
      let file = try SafetensorsFile(path: "\(checkpoints)/\(last)/tensors.safetensors")
      return try Dictionary(
        uniqueKeysWithValues: file.tensors.map {
          ($0.name, try file.floats($0.name).map(\.bitPattern))
        })
    }

    /// The metrics of a run without what a clock has touched.
    func metrics(_ name: String) throws -> [String] {
      try String(contentsOfFile: folder.file("\(name)/metrics.jsonl"), encoding: .utf8)
        .split(separator: "\n").map { line in
          var record =
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
          record["time"] = nil
          let data = try JSONSerialization.data(withJSONObject: record, options: .sortedKeys)
          return String(decoding: data, as: UTF8.self)
        }
    }
  }

  private func expectEqual(_ place: Place, _ first: String, _ second: String) throws {
    let (a, b) = (try place.tensors(first), try place.tensors(second))
    #expect(a.count > 20 && Set(a.keys) == Set(b.keys))
    // Names, not values: a failure is not to print every weight.
    let different = a.keys.filter { a[$0] != b[$0] }.sorted()
    #expect(different == [])
    let lines = try zip(place.metrics(first), place.metrics(second))
    #expect(lines.first { $0 != $1 } == nil)
    #expect(try place.metrics(first).count == place.metrics(second).count)
  }

  @Test("Stopped twice and resumed equals unbroken", arguments: variants)
  func resume(_ variant: Variant) throws {
    let threads = Threads.count
    defer { Threads.count = threads }
    let place = try Place(variant)
    try place.train("whole", threads: 1)
    // In the middle of a phase, and at the end of one.
    try place.train("parts", threads: 2, stopAfter: 5)
    try place.train("parts", threads: 3, stopAfter: 6, resume: true)
    try place.train("parts", threads: 2, resume: true)
    try expectEqual(place, "whole", "parts")
  }

  @Test("A damaged last checkpoint costs only the steps behind the one before")
  func damage() throws {
    let threads = Threads.count
    defer { Threads.count = threads }
    var place = try Place(Self.variants[1])
    place.config.checkpointEvery = 3
    try place.train("whole", threads: 2)
    try place.train("parts", threads: 2, stopAfter: 9)
    let path = place.folder.file("parts/checkpoints/step-00000009/tensors.safetensors")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    try place.train("parts", threads: 2, resume: true)
    try expectEqual(place, "whole", "parts")
  }

  @Test("A run goes on after the file of its space was removed")
  func spaceRemoved() throws {
    let place = try Place(Self.variants[1])
    try place.train("whole", threads: 1)
    try place.train("parts", threads: 1, stopAfter: 5)
    try FileManager.default.removeItem(atPath: place.config.space)
    try place.train("parts", threads: 1, resume: true)
    try expectEqual(place, "whole", "parts")
    #expect(try TrainedSupernet(RunPaths(place.folder.file("parts"))).step == 12)
  }

  @Test("A checkpoint of another space is refused")
  func otherSpace() throws {
    let place = try Place(Self.variants[1])
    try place.train("run", threads: 1, stopAfter: 2)
    var other = TinySpaces.hybrid
    other.stages[1].widths = [16]
    try other.yaml().write(
      toFile: place.folder.file("run/space.yaml"), atomically: true, encoding: .utf8)
    let error = #expect(throws: KirchhoffError.self) {
      try place.train("run", threads: 1, resume: true)
    }
    #expect(String(describing: error).contains("another space"))
  }
}
