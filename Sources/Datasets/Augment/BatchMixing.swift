import Foundation
import Runtime

/// Mixup and cutmix in place: image i of a batch with image (batch − 1 − i).
///
/// The order of an epoch is random, so the pairs are; the middle image of an odd batch stays pure.
struct BatchMixing: Sendable {
  let mixing: Augmentation.Mixing
  let shape: ImageShape
  let classCount: Int

  /// Mixes `images` `[count, h, w, c]` and writes `softLabels` `[count, classes]`.
  func apply(
    images: UnsafeMutablePointer<Float>, softLabels: UnsafeMutablePointer<Float>,
    labels: [Int32], stream: RandomStream
  ) {
    let count = labels.count
    softLabels.update(repeating: 0, count: count * classCount)
    for i in 0..<(count + 1) / 2 {
      let j = count - 1 - i
      let kept =
        i == j
        ? 1
        : mixPair(
          images + i * shape.count, images + j * shape.count,
          stream.derived(UInt64(i)))
      softLabels[i * classCount + Int(labels[i])] += kept
      softLabels[i * classCount + Int(labels[j])] += 1 - kept
      if i != j {
        softLabels[j * classCount + Int(labels[j])] += kept
        softLabels[j * classCount + Int(labels[i])] += 1 - kept
      }
    }
  }

  /// Mixes two images symmetrically; returns the share that each keeps of itself.
  private func mixPair(
    _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>, _ stream: RandomStream
  ) -> Float {
    guard stream.uniform(at: 0) < mixing.probability else { return 1 }
    let both = mixing.mixup > 0 && mixing.cutmix > 0
    let cuts = both ? stream.uniform(at: 1) < mixing.cutmixShare : mixing.cutmix > 0
    if cuts {
      let share = BetaDraw.symmetric(mixing.cutmix, stream.derived(5))
      return swapBox(a, b, keeping: share, stream)
    }
    guard mixing.mixup > 0 else { return 1 }
    let share = BetaDraw.symmetric(mixing.mixup, stream.derived(6))
    for p in 0..<shape.count {
      let (x, y) = (a[p], b[p])
      a[p] = share * x + (1 - share) * y
      b[p] = share * y + (1 - share) * x
    }
    return share
  }

  /// Swaps a box of 1 − share of the area (less where it is cut by the border).
  private func swapBox(
    _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>, keeping share: Float,
    _ stream: RandomStream
  ) -> Float {
    let side = max(1 - share, 0).squareRoot()
    let (height, width) = (shape.height, shape.width)
    let (halfHeight, halfWidth) = (side * Float(height) / 2, side * Float(width) / 2)
    let centreY = stream.uniform(at: 2) * Float(height)
    let centreX = stream.uniform(at: 3) * Float(width)
    func clip(_ value: Float, _ size: Int) -> Int { min(max(Int(value.rounded()), 0), size) }
    let (top, bottom) = (clip(centreY - halfHeight, height), clip(centreY + halfHeight, height))
    let (left, right) = (clip(centreX - halfWidth, width), clip(centreX + halfWidth, width))
    let channels = shape.channels
    for y in top..<bottom {
      for p in (y * width + left) * channels..<(y * width + right) * channels {
        let held = a[p]
        a[p] = b[p]
        b[p] = held
      }
    }
    return 1 - Float((bottom - top) * (right - left)) / Float(height * width)
  }
}
