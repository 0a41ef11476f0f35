import Autodiff
import CKernels
import Runtime
import Tensor

/// What is done with gradients before a step.
public struct GradientClip: Sendable, Codable, Hashable {
  /// Largest absolute value of an element; nil for no limit.
  public var value: Float?
  /// Largest Euclidean norm of all gradients together; nil for no limit.
  public var norm: Float?

  /// A clip by value, by norm, by both (norm first) or by none.
  public init(value: Float? = nil, norm: Float? = nil) {
    self.value = value
    self.norm = norm
  }
}

/// How one step treats the groups of parameters.
public struct StepOptions: Sendable {
  /// The learning rate of groups that are not named in `rateScales`.
  public var learningRate: Float
  /// Factors on the learning rate by group name.
  public var rateScales: [String: Float] = [:]
  /// Groups that stay as they are.
  public var frozenGroups: Set<String> = []
  /// Clipping, over all groups.
  public var clip = GradientClip()
  /// Whether gradients are zero after the step, which saves a pass over memory.
  public var clearsGradients = true

  /// Options with this learning rate.
  public init(learningRate: Float) { self.learningRate = learningRate }
}

/// An update rule over all parameters of a store.
///
/// State lives in flat tensors of the store's layout, so that a checkpoint saves it as it is.
public protocol Optimizer {
  /// The number of steps taken.
  var stepCount: Int { get }
  /// The state by name, for a checkpoint.
  var state: [(name: String, values: Tensor)] { get }
  /// Takes one step.
  mutating func step(_ store: ParameterStore, _ gradients: Gradients, _ options: StepOptions)
  /// Restores what `state` gave; `values` have the store's flat length.
  mutating func restore(stepCount: Int, state: [String: Tensor]) throws
}

/// A run of neighbouring parameters that a step treats alike.
struct StepSegment {
  var range: Range<Int>
  let decays: Bool
  let rateScale: Float

  /// The store cut into as few segments as the options allow, frozen ones left out.
  static func all(of store: ParameterStore, _ options: StepOptions) -> [StepSegment] {
    var segments: [StepSegment] = []
    for (index, entry) in store.entries.enumerated() {
      if options.frozenGroups.contains(entry.group) { continue }
      let next = index + 1
      let end = next < store.entries.count ? store.entries[next].parameter.offset : store.floatCount
      let scale = options.rateScales[entry.group] ?? 1
      if let last = segments.last, last.range.upperBound == entry.parameter.offset,
        last.decays == entry.decays, last.rateScale == scale
      {
        segments[segments.count - 1].range = last.range.lowerBound..<end
      } else {
        segments.append(
          StepSegment(
            range: entry.parameter.offset..<end, decays: entry.decays, rateScale: scale))
      }
    }
    return segments
  }

  /// Floats of one task: fixed, so that cuts do not depend on threads.
  static let chunk = 1 << 15

  /// Runs `body` over all chunks of all segments in parallel.
  static func forEachChunk(
    _ segments: [StepSegment], _ body: (StepSegment, _ begin: Int, _ count: Int) -> Void
  ) {
    var chunks: [(segment: Int, begin: Int, count: Int)] = []
    for (index, segment) in segments.enumerated() {
      for begin in stride(from: segment.range.lowerBound, to: segment.range.upperBound, by: chunk) {
        chunks.append((index, begin, min(chunk, segment.range.upperBound - begin)))
      }
    }
    parallelFor(chunks.count) { i in
      body(segments[chunks[i].segment], chunks[i].begin, chunks[i].count)
    }
  }
}

extension GradientClip {
  /// The factor and the limit for a step: clipping by norm needs one pass over the gradients.
  func kernelUse(_ gradients: Gradients, clears: Bool) -> kk_gradient_use {
    var scale: Float = 1
    if let norm {
      let total = gradients.norm
      if total > norm { scale = norm / (total + 1e-6) }
    }
    return kk_gradient_use(gradient_scale: scale, clip: value ?? 0, zero_gradient: clears ? 1 : 0)
  }
}

extension Gradients {
  /// The Euclidean norm of all gradients.
  public var norm: Float {
    let chunk = StepSegment.chunk
    var sums = [Double](repeating: 0, count: (count + chunk - 1) / chunk)
    sums.withUnsafeMutableBufferPointer { sums in
      parallelChunks(count, of: chunk) { range in
        kk_sum_squares(
          sums.baseAddress! + range.lowerBound / chunk, values + range.lowerBound, range.count)
      }
    }
    return Float(sums.reduce(0, +).squareRoot())
  }

  /// Scales all gradients so that their norm is at most `limit`; returns the norm before.
  @discardableResult
  public func clip(norm limit: Float) -> Float {
    let total = norm
    if total > limit {
      parallelChunks(count, of: StepSegment.chunk) { range in
        kk_scale(
          values + range.lowerBound, values + range.lowerBound, range.count, limit / (total + 1e-6))
      }
    }
    return total
  }
}
