import Tensor

/// Labelled images for one step of training or evaluation.
///
/// Holding a batch keeps its memory from being used for a later one; let it go when the step is
/// done, so that loading allocates nothing.
public struct Batch {
  /// The epoch that it belongs to, from 0.
  public let epoch: Int
  /// Its number in the epoch, from 0.
  public let index: Int
  private let lease: BatchLease
  private var buffer: BatchBuffer { lease.buffer }

  init(epoch: Int, index: Int, lease: BatchLease) {
    self.epoch = epoch
    self.index = index
    self.lease = lease
  }

  /// Normalised images, `[batch, height, width, channels]`.
  public var images: Tensor { buffer.images }
  /// Labels, one an image, as they are before any mixing.
  public var labels: [Int32] { buffer.labels }
  /// Label distribution `[batch, classes]` where the augmentation mixes images, else nil.
  public var softLabels: Tensor? { buffer.softLabels }
  /// The number of each image in the stored data set.
  public var sampleIndices: [Int32] { buffer.sampleIndices }
  /// Number of images.
  public var count: Int { buffer.labels.count }
}

/// The right to a buffer: with its last reference the buffer goes back to be used again.
final class BatchLease: @unchecked Sendable {
  let buffer: BatchBuffer
  private let free: Locked<[BatchBuffer]>

  init(_ buffer: BatchBuffer, from free: Locked<[BatchBuffer]>) {
    self.buffer = buffer
    self.free = free
  }

  deinit { free.withLock { $0.append(buffer) } }
}

/// Memory of a batch; written only between being taken from the free ones and being given out.
final class BatchBuffer: @unchecked Sendable {
  var images: Tensor
  var softLabels: Tensor?
  var labels: [Int32]
  var sampleIndices: [Int32]

  init(count: Int, shape: ImageShape, classCount: Int?) {
    images = Tensor(shape: [count, shape.height, shape.width, shape.channels])
    softLabels = classCount.map { Tensor(shape: [count, $0]) }
    labels = [Int32](repeating: 0, count: count)
    sampleIndices = labels
  }
}
