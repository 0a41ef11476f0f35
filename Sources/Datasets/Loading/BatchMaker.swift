import Runtime
import Tensor

/// Makes batch `sequence` (epoch · batches + index) into recycled memory.
final class BatchMaker: Sendable {
  let batchesPerEpoch: Int
  private let dataset: ImageDataset
  private let batchSize: Int
  private let shuffles: Bool
  private let seed: UInt64
  private let pipeline: SamplePipeline
  private let mixing: BatchMixing?
  private let scratches: ScratchPool
  private let freeBuffers = Locked<[BatchBuffer]>([])
  private let buffersMade = Locked(0)
  /// Orders of the epochs in use: the current one, and the next one that is being prepared.
  private let orders = Locked<[(epoch: Int, order: [Int])]>([])

  init(dataset: ImageDataset, options: BatchLoader.Options, normalisation: Normalisation) {
    self.dataset = dataset
    batchSize = options.batchSize
    shuffles = options.shuffles
    seed = options.seed
    batchesPerEpoch =
      options.dropsLast
      ? dataset.count / batchSize : (dataset.count + batchSize - 1) / batchSize
    pipeline = SamplePipeline(
      shape: dataset.shape, augmentation: options.augmentation, normalisation: normalisation,
      bytes: dataset.pixels.areBytes)
    mixing =
      options.augmentation.mixesLabels
      ? BatchMixing(
        mixing: options.augmentation.mixing!, shape: dataset.shape,
        classCount: dataset.classCount)
      : nil
    scratches = ScratchPool(shape: dataset.shape)
  }

  func make(sequence: Int, inParallel: Bool) throws -> Batch {
    let (epoch, index) = sequence.quotientAndRemainder(dividingBy: batchesPerEpoch)
    let order = shuffles ? order(of: epoch) : nil
    let first = index * batchSize
    let count = min(batchSize, dataset.count - first)
    let lease = BatchLease(takeBuffer(count), from: freeBuffers)
    let buffer = lease.buffer
    for i in 0..<count {
      let position = order?[first + i] ?? first + i
      buffer.labels[i] = dataset.labels[position]
      buffer.sampleIndices[i] = dataset.sampleIndices[position]
    }
    try writeImages(buffer, epoch: epoch, inParallel: inParallel)
    if let mixing {
      let stream = RandomStream(seed: seed, stream: StreamTag.mixing)
        .derived(UInt64(epoch), UInt64(index))
      buffer.images.withMutableFloats { images in
        buffer.softLabels!.withMutableFloats { soft in
          mixing.apply(
            images: images.baseAddress!, softLabels: soft.baseAddress!, labels: buffer.labels,
            stream: stream)
        }
      }
    }
    return Batch(epoch: epoch, index: index, lease: lease)
  }

  private func writeImages(_ buffer: BatchBuffer, epoch: Int, inParallel: Bool) throws {
    let indices = buffer.sampleIndices
    let size = dataset.shape.count
    let root = RandomStream(seed: seed, stream: StreamTag.sample).derived(UInt64(epoch))
    let failure = Locked<(sample: Int, error: any Error)?>(nil)
    buffer.images.withMutableFloats { images in
      nonisolated(unsafe) let base = images.baseAddress!
      func writeRange(_ range: Range<Int>) {
        scratches.with { scratch in
          for i in range {
            let sample = Int(indices[i])
            let stream = root.derived(UInt64(sample))
            do {
              try write(sample, stream, scratch, into: base + i * size)
            } catch {
              // The first in the batch's order, whichever thread was faster.
              failure.withLock { if $0 == nil || i < $0!.sample { $0 = (i, error) } }
              return
            }
          }
        }
      }
      if inParallel {
        parallelChunks(indices.count, of: 8, writeRange)
      } else {
        writeRange(0..<indices.count)
      }
    }
    if let (_, error) = failure.withLock({ $0 }) { throw error }
  }

  private func write(
    _ sample: Int, _ stream: RandomStream, _ scratch: SampleScratch,
    into target: UnsafeMutablePointer<Float>
  ) throws {
    if case .floats(let values) = dataset.pixels {
      values.withUnsafeBufferPointer {
        pipeline.write(
          floats: $0.baseAddress! + sample * dataset.shape.count, stream: stream,
          scratch: scratch, into: target)
      }
    } else {
      try dataset.pixels.withBytes(of: sample, shape: dataset.shape, scratch: scratch.source) {
        pipeline.write(bytes: $0, stream: stream, scratch: scratch, into: target)
      }
    }
  }

  private func order(of epoch: Int) -> [Int] {
    orders.withLock { kept in
      if let known = kept.first(where: { $0.epoch == epoch }) { return known.order }
      let stream = RandomStream(seed: seed, stream: StreamTag.order).derived(UInt64(epoch))
      let order = stream.permutation(of: dataset.count)
      if kept.count == 2 { kept.removeFirst() }
      kept.append((epoch, order))
      return order
    }
  }

  /// Batches' worth of memory made so far.
  var bufferCount: Int { buffersMade.withLock { $0 } }

  /// Memory that no batch refers to any more, or new memory.
  private func takeBuffer(_ count: Int) -> BatchBuffer {
    let recycled = freeBuffers.withLock { free in
      free.lastIndex { $0.labels.count == count }.map { free.remove(at: $0) }
    }
    if let recycled { return recycled }
    buffersMade.withLock { $0 += 1 }
    return BatchBuffer(
      count: count, shape: dataset.shape, classCount: mixing.map { $0.classCount })
  }
}
