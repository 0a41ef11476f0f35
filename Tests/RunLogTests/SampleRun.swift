import Foundation
import RunLog

/// A made-up but plausible run: two phases, three losses, 26 subnets, conflict of 14 layers.
enum SampleRun {
  /// A small generator with a fixed seed, so that the sample is the same everywhere.
  struct Noise {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    mutating func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
    mutating func centred() -> Double { uniform() + uniform() + uniform() - 1.5 }
  }

  static let phases = [
    PhaseRecord(
      step: 0, phase: "cnn", steps: 600, summary: "convolution blocks only, ViT slots held open"),
    PhaseRecord(
      step: 600, phase: "all blocks", steps: 600, summary: "ViT blocks inserted at scale 0.0001"),
  ]

  static func records() -> [MetricRecord] {
    var noise = Noise()
    var records: [MetricRecord] = []
    for phase in phases {
      records.append(.phase(phase))
      for offset in 1...phase.steps / 2 {
        let step = phase.step + offset * 2
        let decay = 1.9 * exp(-Double(step) / 180) + 0.32
        let bump = phase.step > 0 ? 0.2 * exp(-Double(offset) / 25) : 0
        let rate = 0.05 * (1 + cos(.pi * Double(step) / 1200)) * min(1, Double(step) / 60)
        records.append(
          .step(
            StepRecord(
              step: step, phase: phase.phase,
              losses: [
                "max": decay + bump + 0.09 * noise.centred(),
                "min": decay * 1.5 + 0.1 + bump + 0.14 * noise.centred(),
                "random": decay * 1.2 + bump + 0.11 * noise.centred(),
              ], learningRate: rate, gradientNorm: 1.5 + 2 * decay + noise.uniform(),
              time: MetricTime(
                seconds: Double(step) * 0.13,
                imagesPerSecond: (phase.step > 0 ? 1080 : 1420) + 60 * noise.centred()))))
        if step % 200 == 0 { records += evaluations(step, phase.phase, &noise) }
      }
      records += conflicts(phase, &noise)
    }
    return records
  }

  private static func evaluations(
    _ step: Int, _ phase: String, _ noise: inout Noise
  ) -> [MetricRecord] {
    let ripe = 1 - exp(-Double(step) / 350)
    func record(
      _ group: SubnetGroup, _ family: SubnetFamily, _ size: Double, _ name: String
    ) -> MetricRecord {
      let macs = 1_150_000 * pow(11.5, size)
      let bonus = family == .hybrid ? 0.006 : family == .vitHeavy ? -0.003 : 0
      let accuracy = 0.6 + 0.28 * ripe + 0.035 * size * ripe + bonus + 0.004 * noise.centred()
      return .evaluation(
        EvaluationRecord(
          step: step, phase: phase, subnet: name, group: group, family: family, accuracy: accuracy,
          loss: (1 - accuracy) * 3, parameters: Int(28_000 * pow(9, size)), macs: Int(macs),
          calibrated: true, images: 10_000))
    }
    var list = [
      record(.largest, .hybrid, 1, "r28-c16.24.32.64-d2.3.4-k5-e4"),
      record(.smallest, .cnnOnly, 0, "r28-c8.16.24.48-d1.1.1-k3-e2"),
    ]
    for index in 0..<(step == 1200 ? 16 : 4) {
      let family: SubnetFamily = index % 3 == 0 ? .cnnOnly : index % 3 == 1 ? .hybrid : .vitHeavy
      list.append(record(.sampled, family, 0.08 + 0.84 * noise.uniform(), "sample-\(index)"))
    }
    if step == 1200 {
      for index in 0..<4 {
        list.append(record(.cnnOnly, .cnnOnly, 0.2 + 0.6 * noise.uniform(), "cnn-\(index)"))
        list.append(record(.vitHeavy, .vitHeavy, 0.3 + 0.6 * noise.uniform(), "vit-\(index)"))
      }
    }
    return list
  }

  private static func conflicts(_ phase: PhaseRecord, _ noise: inout Noise) -> [MetricRecord] {
    var layers = [("stem", "stem")]
    for stage in 1...3 {
      for block in 1...(stage + 1) {
        layers.append(("stage\(stage).block\(block)", stage == 3 && block > 1 ? "vit" : "mbconv"))
      }
    }
    layers += [("head.expand", "head"), ("classifier", "head")]
    var records: [MetricRecord] = []
    for (depth, layer) in layers.enumerated() {
      for tensor in ["weight", "norm.scale"] {
        for pair in phase.step == 0 ? ["max|min"] : ["max|min", "cnn|vit"] {
          let base = 0.75 - 0.045 * Double(depth) - (pair == "cnn|vit" ? 0.25 : 0)
          let vit = layer.1 == "vit" ? -0.15 : 0
          let cosine = base + vit + 0.08 * noise.centred()
          records.append(
            .conflict(
              ConflictRecord(
                step: phase.step + phase.steps, phase: phase.phase, tensor: "\(layer.0).\(tensor)",
                layer: layer.0, blockKind: layer.1, pair: pair, cosine: cosine,
                negativeShare: min(max(0.45 - cosine * 0.6, 0), 1), samples: 50)))
        }
      }
    }
    return records
  }

  /// Writes the run to `folder` through the public API.
  static func write(to folder: String, finished: Bool = true) throws {
    struct Config: Codable {
      struct Train: Codable {
        var steps = 1200
        var batchSize = 128
        var learningRate = 0.1
      }
      var preset = "mini"
      var seed = 1
      var widths = [[8, 16], [16, 24], [24, 32]]
      var train = Train()
    }
    let run = try RunDirectory(RunPaths(folder), mode: .overwrite)
    try run.write(config: Config())
    try run.writeMachine(adding: ["instructionSet": "AVX-512", "threads": "2"])
    let metrics = try run.metrics()
    for record in records() { try metrics.append(record) }
    if finished { try run.write(result: ["accuracy": 0.92]) }
    try run.writeReport()
    run.close()
  }
}
