import CKernels
import Foundation
import Runtime

/// One image from stored values to normalised floats, as an `Augmentation` says.
struct SamplePipeline: Sendable {
  let shape: ImageShape
  let augmentation: Augmentation
  /// value · scale + shift, for each value of a row of pixels.
  private let scale: [Float]
  private let shift: [Float]

  init(shape: ImageShape, augmentation: Augmentation, normalisation: Normalisation, bytes: Bool) {
    precondition(
      normalisation.mean.count == shape.channels,
      "normalisation of \(normalisation.mean.count) channels for images of \(shape)")
    self.shape = shape
    self.augmentation = augmentation
    let unit: Float = bytes ? 1 / 255 : 1
    let row = 0..<shape.width * shape.channels
    scale = row.map { unit / normalisation.deviation[$0 % shape.channels] }
    shift = row.map {
      let channel = $0 % shape.channels
      return -normalisation.mean[channel] / normalisation.deviation[channel]
    }
  }

  /// Writes the image with these bytes, augmented with draws from `stream`, to `target` `[h, w, c]`.
  func write(
    bytes: UnsafePointer<UInt8>, stream: RandomStream, scratch: SampleScratch,
    into target: UnsafeMutablePointer<Float>
  ) {
    var image = ByteImage(bytes: scratch.first, shape: shape)
    var spare = ByteImage(bytes: scratch.second, shape: shape)
    var current = bytes
    if move(bytes, into: image, stream) { current = UnsafePointer(image.bytes) }
    if let plan = augmentation.randAugment, plan.operations > 0, plan.magnitude > 0 {
      if current == bytes { image.bytes.update(from: bytes, count: shape.count) }
      for operation in 0..<UInt64(plan.operations) {
        let index = SampleDraw.randAugment + 2 * operation
        let kind = plan.kinds[stream.integer(at: index, below: plan.kinds.count)]
        let sign: Float = stream.uniform(at: index + 1) < 0.5 ? -1 : 1
        RandAugment.apply(
          kind, magnitude: plan.magnitude, sign: sign, to: &image, spare: &spare)
      }
      current = UnsafePointer(image.bytes)
    }
    normalise(target) { Float(current[$0]) }
    blank(target, stream: stream, scratch: scratch)
  }

  /// Writes the row of features at `values`; only cutout and erasing apply to it.
  func write(
    floats values: UnsafePointer<Float>, stream: RandomStream, scratch: SampleScratch,
    into target: UnsafeMutablePointer<Float>
  ) {
    normalise(target) { values[$0] }
    blank(target, stream: stream, scratch: scratch)
  }

  @inline(__always)
  private func normalise(_ target: UnsafeMutablePointer<Float>, _ value: (Int) -> Float) {
    let row = shape.width * shape.channels
    scale.withUnsafeBufferPointer { scale in
      shift.withUnsafeBufferPointer { shift in
        for y in 0..<shape.height {
          let base = y * row
          for i in 0..<row { target[base + i] = value(base + i) * scale[i] + shift[i] }
        }
      }
    }
  }

  /// Crops and mirrors; false where the image stays as it is (and `image` unwritten).
  private func move(
    _ bytes: UnsafePointer<UInt8>, into image: ByteImage, _ stream: RandomStream
  ) -> Bool {
    let reach = augmentation.cropPadding
    var (dx, dy) = (0, 0)
    if reach > 0 {
      dx = stream.integer(at: SampleDraw.shiftX, below: 2 * reach + 1) - reach
      dy = stream.integer(at: SampleDraw.shiftY, below: 2 * reach + 1) - reach
    }
    let mirror =
      augmentation.mirror > 0 && stream.uniform(at: SampleDraw.mirror) < augmentation.mirror
    guard dx != 0 || dy != 0 || mirror else { return false }
    image.copy(from: bytes, dx: dx, dy: dy, mirror: mirror, padding: augmentation.padding)
    return true
  }

  /// Cutout and random erasing, after normalisation: 0 is the mean colour.
  private func blank(
    _ target: UnsafeMutablePointer<Float>, stream: RandomStream, scratch: SampleScratch
  ) {
    if let cutout = augmentation.cutout {
      for square in 0..<UInt64(cutout.count) {
        let x = stream.integer(at: SampleDraw.cutout + 2 * square, below: shape.width)
        let y = stream.integer(at: SampleDraw.cutout + 2 * square + 1, below: shape.height)
        let (left, top) = (x - cutout.side / 2, y - cutout.side / 2)
        fill(
          target, columns: max(left, 0)..<min(left + cutout.side, shape.width),
          rows: max(top, 0)..<min(top + cutout.side, shape.height), from: nil)
      }
    }
    guard let erasing = augmentation.erasing,
      stream.uniform(at: SampleDraw.erases) < erasing.probability,
      let (columns, rows) = rectangle(erasing, stream)
    else { return }
    if erasing.noise {
      let source = stream.derived(SampleDraw.noiseTag)
      kk_random_gaussian(
        scratch.noise, 0, 1, source.seed, source.stream, 0,
        columns.count * rows.count * shape.channels)
      fill(target, columns: columns, rows: rows, from: scratch.noise)
    } else {
      fill(target, columns: columns, rows: rows, from: nil)
    }
  }

  /// The rectangle to erase: the first of ten that fits, as in the paper.
  private func rectangle(
    _ erasing: Augmentation.RandomErasing, _ stream: RandomStream
  ) -> (columns: Range<Int>, rows: Range<Int>)? {
    for attempt in 0..<10 as Range<UInt64> {
      let index = SampleDraw.erasing + 4 * attempt
      let span = erasing.largestArea - erasing.smallestArea
      let area =
        (erasing.smallestArea + span * stream.uniform(at: index))
        * Float(shape.height * shape.width)
      let aspect = exp(log(erasing.largestAspect) * (2 * stream.uniform(at: index + 1) - 1))
      let height = Int((area * aspect).squareRoot().rounded())
      let width = Int((area / aspect).squareRoot().rounded())
      guard height > 0, width > 0, height <= shape.height, width <= shape.width else { continue }
      let top = stream.integer(at: index + 2, below: shape.height - height + 1)
      let left = stream.integer(at: index + 3, below: shape.width - width + 1)
      return (left..<left + width, top..<top + height)
    }
    return nil
  }

  /// Fills a rectangle with zeros, or with `values` in row-major order.
  private func fill(
    _ target: UnsafeMutablePointer<Float>, columns: Range<Int>, rows: Range<Int>,
    from values: UnsafePointer<Float>?
  ) {
    let length = columns.count * shape.channels
    for (i, y) in rows.enumerated() {
      let line = target + (y * shape.width + columns.lowerBound) * shape.channels
      if let values {
        line.update(from: values + i * length, count: length)
      } else {
        line.update(repeating: 0, count: length)
      }
    }
  }
}
