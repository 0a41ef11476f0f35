import Datasets
import Foundation
import Runtime
import Tensor
import Testing

@Suite(.serialized) struct BatchLoaderTests {
  private func loader(
    _ count: Int = 50, batch: Int = 8, workers: Int = 1, prefetch: Int = 3, seed: UInt64 = 7,
    preset: String = "strong"
  ) throws -> BatchLoader {
    var options = BatchLoader.Options(
      batchSize: batch, augmentation: try .preset(preset), seed: seed)
    options.workers = workers
    options.prefetch = prefetch
    return try BatchLoader(
      Sample.dataset(count: count, shape: .init(height: 12, width: 12, channels: 1)),
      options: options)
  }

  private struct Content: Equatable {
    var place: [Int]
    var images: [Float]
    var labels: [Int32]
    var samples: [Int32]
    var soft: [Float]?

    init(_ batch: Batch) {
      place = [batch.epoch, batch.index]
      images = batch.images.floats
      labels = batch.labels
      samples = batch.sampleIndices
      soft = batch.softLabels?.floats
    }
  }

  @Test func everySampleOnceAnEpochInANewOrder() throws {
    let loader = try loader(48)
    #expect(loader.batchesPerEpoch == 6)
    var orders: [[Int32]] = []
    for epoch in 0..<3 {
      var order: [Int32] = []
      for index in 0..<6 {
        let batch = try loader.next()
        #expect(batch.epoch == epoch && batch.index == index)
        #expect(batch.labels == batch.sampleIndices.map { $0 % 4 })
        order += batch.sampleIndices
      }
      #expect(order.sorted() == Array(0..<48))
      orders.append(order)
    }
    #expect(Set(orders).count == 3)
  }

  @Test func theSameForAllThreadsWorkersAndRandomAccess() throws {
    let reference = try loader(workers: 0)
    let saved = Threads.count
    defer { Threads.count = saved }
    Threads.count = 1
    let expected = try (0..<15).map { _ in Content(try reference.next()) }
    for (threads, workers, prefetch) in [(1, 1, 1), (2, 1, 3), (3, 3, 5), (2, 0, 1)] {
      Threads.count = threads
      let other = try loader(workers: workers, prefetch: prefetch)
      for step in 0..<15 { #expect(Content(try other.next()) == expected[step]) }
      // Random access, backwards, while the background threads run.
      for step in (0..<15).reversed() {
        let batch = try other.batch(epoch: step / 6, index: step % 6)
        #expect(Content(batch) == expected[step])
      }
    }
    #expect(Content(try loader(seed: 8).next()) != expected[0])
  }

  @Test func resumesExactly() throws {
    let whole = try loader()
    let expected = try (0..<20).map { _ in Content(try whole.next()) }
    let first = try loader()
    for _ in 0..<9 { _ = try first.next() }
    let state = first.state
    #expect(state == .init(epoch: 1, batch: 3))
    let saved = try JSONEncoder().encode(state)
    let resumed = try loader()
    resumed.state = try JSONDecoder().decode(BatchLoader.State.self, from: saved)
    for step in 9..<20 { #expect(Content(try resumed.next()) == expected[step]) }
    // And back again, with batches already prepared.
    resumed.state = .init()
    #expect(Content(try resumed.next()) == expected[0])
    #expect(resumed.state == .init(epoch: 0, batch: 1))
  }

  @Test func recyclesMemoryOnlyOfBatchesThatAreGone() throws {
    let loader = try loader(200, batch: 16, preset: "standard")
    let held = try loader.next()
    let before = Content(held)
    let heldImages = try loader.next().images
    let imagesBefore = heldImages.floats
    for _ in 0..<230 { _ = try loader.next() }
    // The one held, three prepared, one being prepared and one in the caller's hands.
    #expect(loader.bufferCount <= 6)
    #expect(Content(held) == before)
    #expect(heldImages.floats == imagesBefore)
  }

  @Test func evaluationIsInOrderAndComplete() throws {
    let data = Sample.dataset(count: 21)
    let normalisation = try Normalisation(measuredOn: data)
    let loader = try BatchLoader(
      data, options: .evaluation(batchSize: 8, normalisation: normalisation))
    #expect(loader.batchesPerEpoch == 3)
    var (samples, values): ([Int32], [Float]) = ([], [])
    for index in 0..<3 {
      let batch = try loader.batch(index: index)
      #expect(batch.count == (index < 2 ? 8 : 5))
      #expect(batch.images.shape == [batch.count, 6, 6, 1])
      samples += batch.sampleIndices
      values += batch.images.floats
    }
    #expect(samples == Array(0..<21))
    let first = try #require(try data.imageBytes(at: 20))[35]
    let expected = (Float(first) / 255 - normalisation.mean[0]) / normalisation.deviation[0]
    #expect(abs(values.last! - expected) < 1e-5)
    // Measured on the same data: mean 0 and variance 1 up to Float32 sums of 756 values.
    let mean = values.reduce(0, +) / Float(values.count)
    let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
    #expect(abs(mean) < 1e-5)
    #expect(abs(variance - 1) < 1e-4)
  }

  @Test func errors() throws {
    let data = Sample.dataset(count: 10)
    for size in [0, -1, 11] {
      expectError(.config, "batch size", "found \(size)", "1…10") {
        _ = try BatchLoader(data, options: .init(batchSize: size))
      }
    }
    expectError(.config, "normalisation", "3 channels", "1 for images of 6×6×1") {
      _ = try BatchLoader(
        data, options: .init(batchSize: 2, normalisation: .identity(channels: 3)))
    }
  }

  @Test func loadersEndWithTheirThreads() throws {
    // A loader that is dropped while its threads prepare must neither crash nor block.
    for _ in 0..<30 {
      let loader = try loader(workers: 2)
      _ = try loader.next()
    }
  }
}
