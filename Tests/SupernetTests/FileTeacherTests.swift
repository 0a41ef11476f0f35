import Foundation
import Kirchhoff
import Testing

@Suite("A teacher from a file")
struct FileTeacherTests {
  /// A phase in which all learn from the file alone.
  private func config(_ path: String, steps: Int) -> TrainingConfig {
    let phase = Phase(
      "all", sampler: .largest,
      distillation: Distillation(loss: .softCrossEntropy, teacher: .file(path)))
    return .tiny(.phases(PhaseSchedule(name: "taught", phases: [phase])), steps: steps)
  }

  /// A trained network in a file, and the data it learned.
  private func trained(in folder: TemporaryFolder) throws -> (path: String, data: DatasetPair) {
    var config = TrainingConfig.tiny(.preset("alone"), steps: 40)
    config.data = DatasetSource(try TinyImages.write(in: folder))
    config.space = folder.file("space.yaml")
    try TinySpaces.hybrid.yaml().write(
      toFile: config.space, atomically: true, encoding: .utf8)
    let directory = try RunDirectory(RunPaths(folder.file("run")))
    var options = TrainingRun.Options()
    options.progress = .quiet
    _ = try TrainingRun(config, directory: directory, options: options).run()
    let run = try TrainedSupernet(directory.paths)
    let path = folder.file("teacher.safetensors")
    _ = try run.extract(run.supernet.space.largest, to: path)
    return (path, run.data)
  }

  @Test("Students come to agree with it, however their own images are normalised")
  func teaches() throws {
    let folder = try TemporaryFolder()
    let (path, data) = try trained(in: folder)
    let teacher = try StandaloneNetwork(contentsOf: path)
    let identity = Normalisation.identity(channels: data.training.shape.channels)
    for normalisation in [teacher.card.normalisation, identity] {
      var options = BatchLoader.Options(batchSize: 8, normalisation: normalisation, seed: 1)
      options.workers = 0
      let loader = try BatchLoader(data.training, options: options)
      let trainer = try SupernetTrainer(
        config(path, steps: 60), space: teacher.card.space, normalisation: normalisation)
      var losses: [Double] = []
      try trainer.train(60, loader) { losses.append($0.losses["max"] ?? .nan) }
      // A cross-entropy to the teacher never falls below the teacher's entropy.
      let (early, late) = (losses.prefix(8).reduce(0, +) / 8, losses.suffix(8).reduce(0, +) / 8)
      #expect(late < 0.7 * early, "from \(early) to \(late)")
    }
  }

  @Test("The loss is the cross-entropy to its softmax, not to the labels")
  func loss() throws {
    let folder = try TemporaryFolder()
    let (path, data) = try trained(in: folder)
    let space = try StandaloneNetwork(contentsOf: path).card.space
    var options = BatchLoader.Options(batchSize: 8, seed: 1)
    options.workers = 0
    let loader = try BatchLoader(data.training, options: options)
    let batch = try loader.batch(index: 0)
    let trainer = try SupernetTrainer(
      config(path, steps: 2), space: space, normalisation: loader.normalisation)
    let context = Context(
      store: trainer.supernet.store, norms: trainer.supernet.makeNormStatistics(), mode: .training)
    let logits = context.materialized(
      trainer.supernet.logits(
        Variable(constant: batch.images), plan: try space.plan(for: space.largest), in: context))
    let teacher = try FileTeacher(path, of: space, normalisation: loader.normalisation)
      .logits(batch.images)
    let target = context.softmax(Variable(constant: teacher)).tensor
    let expected = Double(context.softCrossEntropy(logits, target: target).tensor.scalar)
    let labels = Double(context.crossEntropy(logits, labels: batch.labels).tensor.scalar)
    let found = try #require(trainer.train(on: batch).losses["max"])
    #expect(abs(found - expected) < 1e-5 * expected)
    #expect(abs(labels - expected) > 1e-3)
  }

  @Test("What it says does not depend on how the students' images are normalised")
  func renormalises() throws {
    let folder = try TemporaryFolder()
    let (path, data) = try trained(in: folder)
    let network = try StandaloneNetwork(contentsOf: path)
    func logits(_ normalisation: Normalisation) throws -> [Float] {
      let loader = try BatchLoader(
        data.test, options: .evaluation(batchSize: 16, normalisation: normalisation))
      let teacher = try FileTeacher(
        path, of: network.card.space, normalisation: normalisation)
      return teacher.logits(try loader.batch(index: 0).images).floats
    }
    let own = try logits(network.card.normalisation)
    let other = try logits(.identity(channels: data.training.shape.channels))
    // Rounding of the pixels only.
    for (a, b) in zip(own, other) { #expect(abs(a - b) < 1e-4, "\(a) and \(b)") }
  }

  @Test("One that is missing, damaged or of other classes is refused with its path")
  func refused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("teacher.safetensors")
    func refusal(_ space: SupernetSpace = TinySpaces.hybrid) throws -> String {
      let error = #expect(throws: KirchhoffError.self) {
        try SupernetTrainer(config(path, steps: 2), space: space)
      }
      return String(describing: error)
    }
    #expect(try refusal().contains(path))
    try Data("no network".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try refusal().contains(path))
    _ = try trained(in: folder)
    var other = TinySpaces.hybrid
    other.classes += 1
    let text = try refusal(other)
    #expect(text.contains(path) && text.contains("\(other.classes) classes"), "\(text)")
  }
}
