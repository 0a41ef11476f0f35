import Kirchhoff
import Testing

/// Steps of the trainer: what they may not depend on, and what they may not cost.
@Suite struct TrainingTests {
  @Test("The bits of a training do not depend on the number of threads")
  func threads() throws {
    let threads = Threads.count
    defer { Threads.count = threads }
    // Large enough that every layer is cut into several pieces.
    let space = SupernetSpace.mini
    let images = ImageDataset(
      name: "noise", split: "train",
      shape: ImageShape(height: 28, width: 28, channels: 1),
      classNames: (0..<10).map(String.init),
      images: (0..<32 * 784).map {
        UInt8(RandomStream(seed: 4).integer(at: UInt64($0), below: 256))
      }, labels: (0..<32).map { Int32($0 % 10) })
    var options = BatchLoader.Options(batchSize: 32, seed: 1)
    options.workers = 0
    let batch = try BatchLoader(images, options: options).batch(index: 0)
    var config = TrainingConfig.tiny(.preset("joint+projection"), steps: 2)
    config.regularization = Regularization(dropout: 0.2, dropPath: 0.2)
    config.optimizer.clipNorm = 1
    let results = try [1, 2, 3].map { count in
      Threads.count = count
      let trainer = try SupernetTrainer(config, space: space)
      let losses = (0..<2).map { _ in trainer.train(on: batch).losses }
      return (losses, trainer.supernet.store.snapshot().map(\.bitPattern), trainer.meter.tallies)
    }
    for result in results.dropFirst() {
      #expect(result.0 == results[0].0)
      // Comparisons by themselves: a failure is not to print every weight.
      let (sameWeights, sameConflicts) = (result.1 == results[0].1, result.2 == results[0].2)
      #expect(sameWeights && sameConflicts)
    }
  }

  @Test(
    "After the first step training takes no memory from the system",
    arguments: [0, 1], TinySpaces.all)
  func memory(conflictEvery: Int, space: SupernetSpace) throws {
    // No random draws: each step has the shapes of the first.
    var config = TrainingConfig.tiny(
      .phases(
        PhaseSchedule(
          name: "fixed",
          phases: [Phase("fixed", sampler: .sandwich(random: 0), projection: Projection())])),
      steps: 100)
    config.conflict.every = conflictEvery
    config.averageDecay = 0.99
    let trainer = try SupernetTrainer(config, space: space)
    let batch = try BatchLoader.tiny().batch(index: 0)
    _ = trainer.train(on: batch)
    let before = MemoryPool.statistics
    for _ in 0..<20 { _ = trainer.train(on: batch) }
    let after = MemoryPool.statistics
    #expect(after.systemAllocations == before.systemAllocations)
    #expect(after.usedBytes == before.usedBytes, "blocks that do not come back")
  }

  @Test("A training learns: the loss of every role falls", arguments: TinySpaces.all)
  func learns(_ space: SupernetSpace) throws {
    var config = TrainingConfig.tiny(steps: 60)
    config.conflict.every = 0
    let trainer = try SupernetTrainer(config, space: space)
    let loader = try BatchLoader.tiny(batchSize: 16)
    var losses: [Double] = []
    try trainer.train(60, loader) { losses.append($0.losses["max"]!) }
    // The floor of cross-entropy with a smoothing of 0.1 over four classes is 0.35, chance 1.39.
    #expect(losses.suffix(5).reduce(0, +) / 5 < 0.8)
  }

  @Test("Both rules of momentum are offered", arguments: [true, false])
  func momentum(nesterov: Bool) throws {
    var config = TrainingConfig.tiny(steps: 2)
    config.optimizer.kind = .sgd
    config.optimizer.nesterov = nesterov
    let trainer = try SupernetTrainer(config, space: TinySpaces.hybrid)
    #expect((trainer.optimizer as? SGD)?.nesterov == nesterov)
  }
}
