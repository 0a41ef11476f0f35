import Runtime
import Tensor

/// Batches of a data set, prepared beside training.
///
/// Batch k of epoch e is a function of (data set, options, e, k) alone: threads, prefetching and
/// where a run was resumed change nothing. `next()` walks through the epochs without end while
/// background threads prepare the batches to come; `batch(epoch:index:)` makes any one at once.
public final class BatchLoader: Sendable {
  /// How a loader works.
  public struct Options: Sendable {
    /// Images a batch.
    public var batchSize: Int
    /// What happens to the images.
    public var augmentation: Augmentation
    /// Mean and deviation; nil: measured on the data set.
    public var normalisation: Normalisation?
    /// Decides the order and the augmentation.
    public var seed: UInt64
    /// Whether each epoch has an order of its own; otherwise it is that of the data set.
    public var shuffles: Bool
    /// Whether an incomplete last batch is left out.
    public var dropsLast: Bool
    /// Batches that may be ready ahead of training.
    public var prefetch = 3
    /// Background threads; 0 makes every batch in the thread that asks for it.
    public var workers = 1

    /// For training: shuffled, incomplete batches left out.
    public init(
      batchSize: Int, augmentation: Augmentation = .none, normalisation: Normalisation? = nil,
      seed: UInt64 = 0, shuffles: Bool = true, dropsLast: Bool = true
    ) {
      self.batchSize = batchSize
      self.augmentation = augmentation
      self.normalisation = normalisation
      self.seed = seed
      self.shuffles = shuffles
      self.dropsLast = dropsLast
    }

    /// For evaluation: every sample once, in order, without augmentation.
    public static func evaluation(batchSize: Int, normalisation: Normalisation) -> Options {
      Options(
        batchSize: batchSize, normalisation: normalisation, shuffles: false, dropsLast: false)
    }
  }

  /// Where a loader stands; enough to resume it exactly.
  public struct State: Codable, Hashable, Sendable {
    /// The epoch of the next batch, from 0.
    public var epoch: Int
    /// Its number in the epoch.
    public var batch: Int

    /// A place; the default is the beginning.
    public init(epoch: Int = 0, batch: Int = 0) {
      self.epoch = epoch
      self.batch = batch
    }
  }

  /// The data.
  public let dataset: ImageDataset
  /// What the images are normalised with.
  public let normalisation: Normalisation
  /// Batches in an epoch.
  public let batchesPerEpoch: Int

  private let maker: BatchMaker
  private let prefetcher: Prefetcher

  /// Makes a loader; background threads start with the first `next()`.
  ///
  /// - Throws: `KirchhoffError` for options that do not fit the data.
  public init(_ dataset: ImageDataset, options: Options) throws {
    let count = dataset.count
    guard options.batchSize > 0, !options.dropsLast || options.batchSize <= count, count > 0 else {
      throw KirchhoffError(
        .config, subject: "batch size", found: "\(options.batchSize)",
        expected: "1…\(count): the \(dataset.split) set of \(dataset.name) has \(count) samples")
    }
    try options.augmentation.validate(for: dataset)
    self.dataset = dataset
    normalisation = try options.normalisation ?? Normalisation(measuredOn: dataset)
    guard normalisation.mean.count == dataset.shape.channels else {
      throw KirchhoffError(
        .config, subject: "normalisation", found: "\(normalisation.mean.count) channels",
        expected: "\(dataset.shape.channels) for images of \(dataset.shape)")
    }
    maker = BatchMaker(dataset: dataset, options: options, normalisation: normalisation)
    batchesPerEpoch = maker.batchesPerEpoch
    prefetcher = Prefetcher(maker: maker, depth: options.prefetch, workers: options.workers)
  }

  deinit { prefetcher.stop() }

  /// The place of the batch that `next()` gives next.
  ///
  /// Setting it, to resume or to repeat, discards what is prepared. A batch number beyond the epoch
  /// continues in the following ones.
  public var state: State {
    get {
      let position = prefetcher.position
      return State(epoch: position / batchesPerEpoch, batch: position % batchesPerEpoch)
    }
    set {
      precondition(newValue.epoch >= 0 && newValue.batch >= 0, "BatchLoader.state: \(newValue)")
      prefetcher.seek(newValue.epoch * batchesPerEpoch + newValue.batch)
    }
  }

  /// How many batches' memory the loader has made: constant once it runs.
  package var bufferCount: Int { maker.bufferCount }

  /// The next batch; waits until it is ready.
  ///
  /// - Throws: `KirchhoffError` where an image file cannot be decoded.
  public func next() throws -> Batch { try prefetcher.next() }

  /// Any batch, made in the calling thread and its pool.
  ///
  /// - Throws: `KirchhoffError` where an image file cannot be decoded.
  public func batch(epoch: Int = 0, index: Int) throws -> Batch {
    precondition(
      epoch >= 0 && (0..<batchesPerEpoch).contains(index),
      "BatchLoader.batch(epoch: \(epoch), index: \(index)) of \(batchesPerEpoch) batches")
    return try maker.make(sequence: epoch * batchesPerEpoch + index, inParallel: true)
  }
}
