import Foundation
import Kirchhoff
import Testing

/// A training of a few steps on a few images, in a folder that goes with the object.
final class SmallRun {
  let folder: URL
  let paths: RunPaths
  let config: TrainingConfig

  init(averageDecay: Float? = nil) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("kirchhoff-rank-\(UUID().uuidString)")
    let data = folder.appendingPathComponent("bands")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    for (part, split, count) in [("train", "train", 48), ("t10k", "test", 24)] {
      let images = ExtractSpaces.images(ExtractSpaces.hybrid, split: split, count: count)
      let pixels = try (0..<count).flatMap { try images.imageBytes(at: $0) ?? [] }
      let size: [UInt8] = [0, 0, 0, UInt8(count)]
      try Data([0, 0, 8, 3] + size + [0, 0, 0, 8, 0, 0, 0, 8] + pixels)
        .write(to: data.appendingPathComponent("\(part)-images-idx3-ubyte"))
      try Data([0, 0, 8, 1] + size + images.labels.map { UInt8($0) })
        .write(to: data.appendingPathComponent("\(part)-labels-idx1-ubyte"))
    }
    let space = folder.appendingPathComponent("space.yaml")
    try ExtractSpaces.hybrid.write(to: space)
    var config = TrainingConfig()
    config.space = space.path
    config.data = DatasetSource(data.path)
    config.schedule = .preset("joint")
    (config.batchSize, config.steps, config.checkpointEvery) = (8, 6, 2)
    (config.calibration.batches, config.calibration.batchSize) = (2, 16)
    config.conflict.every = 0
    config.evaluation.sampled = 0
    config.averageDecay = averageDecay
    self.config = config
    paths = RunPaths(folder.appendingPathComponent("run").path)
    var options = TrainingRun.Options()
    options.progress = .quiet
    let run = try TrainingRun(config, directory: RunDirectory(paths), options: options)
    _ = try run.run()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func rank(_ name: String, mode: RunDirectory.Mode = .create) throws -> RankRun {
    try RankRun(
      TrainedSupernet(paths), paths: RankPaths(folder.appendingPathComponent(name).path),
      mode: mode, style: .quiet
    ) { settings in
      settings.subnets = 4
      settings.steps = 4
    }
  }
}

@Suite("Ranking and loading of runs")
struct RankRunTests {
  @Test("A ranking is a function of its settings, and goes on where it was")
  func resume() throws {
    let run = try SmallRun()
    let whole = try run.rank("whole")
    let result = try whole.run()
    #expect(result.subnets.count == 4)
    #expect(result.subnets.allSatisfy { $0.alone?.images == 24 && $0.supernet.images == 24 })
    #expect(try run.rank("again").run() == result)
    #expect(FileManager.default.fileExists(atPath: whole.paths.report))

    // As a signal leaves it: one network ready, one in the middle, the others not begun.
    let parts = try run.rank("parts")
    for (position, index) in parts.plan.order.prefix(2).enumerated() {
      try train(parts, index, stopAfter: position == 0 ? nil : 3)
    }
    let ready = parts.paths.network(parts.plan.order[0], parts.plan.subnets[parts.plan.order[0]])
    let before = try identity(ready + "/result.json")
    #expect(try run.rank("parts", mode: .resume).run() == result)
    #expect(try identity(ready + "/result.json") == before)

    // A finished one is read, not made again.
    let finished = try identity(ready + "/result.json")
    #expect(try run.rank("parts", mode: .resume).run() == result)
    #expect(try identity(ready + "/result.json") == finished)
  }

  /// Trains one network of a ranking, perhaps not to the end.
  private func train(_ rank: RankRun, _ index: Int, stopAfter: Int?) throws {
    let subnet = rank.plan.subnets[index]
    let paths = RunPaths(rank.paths.network(index, subnet))
    let directory = try RunDirectory(paths)
    var config = rank.plan.config
    config.space = paths.root + "/space.yaml"
    try ExtractSpaces.hybrid.only(subnet).write(to: URL(fileURLWithPath: config.space))
    var options = TrainingRun.Options()
    options.progress = .quiet
    options.stopAfter = stopAfter
    _ = try TrainingRun(config, directory: directory, options: options).run()
    directory.close()
  }

  private func identity(_ path: String) throws -> [FileAttributeKey: Int] {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return [.systemFileNumber: attributes[.systemFileNumber] as? Int ?? 0]
  }

  @Test("A ranking that is there is kept; one of other settings is not gone on with")
  func refusals() throws {
    let run = try SmallRun()
    #expect(throws: KirchhoffError.self) { try run.rank("none", mode: .resume) }
    let paths = try run.rank("one").paths
    #expect(throws: KirchhoffError.self) { try run.rank("one") }
    let error = #expect(throws: KirchhoffError.self) {
      try RankRun(TrainedSupernet(run.paths), paths: paths, mode: .resume, style: .quiet) {
        $0.steps = 5
      }
    }
    #expect(error?.description.contains("\"steps\" : 4") ?? false, "\(String(describing: error))")
    // Without a change the settings are those of the ranking that is there.
    let resumed = try RankRun(
      TrainedSupernet(run.paths), paths: paths, mode: .resume, style: .quiet)
    #expect(resumed.plan.settings.steps == 4)
  }

  @Test("A loaded run has the weights that the training ended with", arguments: [nil, Float(0.5)])
  func weights(averageDecay: Float?) throws {
    let run = try SmallRun(averageDecay: averageDecay)
    let trained = try TrainedSupernet(run.paths)
    #expect(trained.step == 6 && trained.isAveraged == (averageDecay != nil))
    let result = try JSONDecoder().decode(
      TrainingResult.self, from: Data(contentsOf: URL(fileURLWithPath: run.paths.result)))
    let evaluator = try trained.evaluator()
    for row in result.subnets { #expect(try evaluator.score(row.subnet) == row.score) }
  }

  @Test("An extracted network reads back bit for bit, and knows its data")
  func file() throws {
    let run = try SmallRun()
    let trained = try TrainedSupernet(run.paths)
    let path = run.folder.appendingPathComponent("network.safetensors").path
    let subnet = trained.supernet.space.mostTransformers
    let (network, proof) = try trained.extract(subnet, to: path)
    #expect(proof?.holds == true && proof?.images == 24 && proof?.sameClass == 24)
    let read = try StandaloneNetwork(contentsOf: path)
    #expect(read.card == network.card && read.subnet == subnet)
    #expect(read.network.store.snapshot() == network.network.store.snapshot())
    #expect(read.norms.means == network.norms.means)
    #expect(try read.score(trained.data.test) == trained.evaluator().score(subnet))
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: KirchhoffError.self) { try StandaloneNetwork(contentsOf: path) }
    #expect(error?.kind == .checkpoint)
  }

  @Test("An extracted network with a weight that is no number is refused, by its name")
  func notANumber() throws {
    let run = try SmallRun()
    let trained = try TrainedSupernet(run.paths)
    let path = run.folder.appendingPathComponent("network.safetensors").path
    let (network, _) = try trained.extract(trained.supernet.space.largest, to: path)
    let store = network.network.store
    let entry = try #require(store.entries.first { $0.name.hasSuffix("depthwise.weight") })
    var floats = store.value(entry.parameter).floats
    floats[1] = .nan
    store.set(entry.parameter, to: Tensor(floats, shape: entry.parameter.shape))
    try network.write(to: path)
    let error = #expect(throws: KirchhoffError.self) { try StandaloneNetwork(contentsOf: path) }
    #expect(error?.kind == .numerical && error?.subject == path && error?.found == "nan")
    #expect(error?.place == "tensor \(entry.name) [0, 0, 1]")
    let same = #expect(throws: KirchhoffError.self) { try store.checkFinite("network") }
    #expect(same?.place == "\(entry.name) [0, 0, 1]")
  }
}
