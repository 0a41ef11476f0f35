import Foundation
import Runtime
import Tensor

/// Tiki-Taka with a digital buffer between the fast array A and the weights W: v2, chopped v2, and AGAD (Rasch et
/// al., Nature Communications 15:7133, 2024, whose forms of the rules these are).
///
/// A ⊕ pulsed(λ_A·d·(c∘x)ᵀ) at every pair. After every `period` pairs one input k is read, h_k += c_k·λ_H·(A − R)·v_k
/// is added to the buffer, and where |h| ≥ 1, trunc(h) pulses go to W and h is reset. With a chopper c, signs of
/// inputs flip now and then, so that what does not follow them (an offset of A) averages out.
public struct BufferedTransfer: InMemoryUpdate {
  /// What tells the gradient that A has collected from where A rests.
  public enum Method: Codable, Hashable, Sendable {
    /// Tiki-Taka v2: R is the symmetry point of each device, as far as it is known.
    case tikiTaka2
    /// c-TTv2: the same, and the chopper of an input flips with this probability after it is read.
    case chopped(flips: Float)
    /// AGAD: no R, but a mean of A·v_k that forgets with rate β and is taken over when the chopper flips.
    case dynamicReference(flips: Float, forgetting: Float)

    var flips: Float {
      switch self {
      case .tikiTaka2: 0
      case .chopped(let flips), .dynamicReference(let flips, _): flips
      }
    }
  }

  /// Constants of the transfer; the defaults are those of the toy task of the paper.
  public struct Constants: Codable, Hashable, Sendable {
    /// λ.
    public var rate: Float = 0.1
    /// n_s: pairs between two transfers.
    public var period = 5
    /// γ₀.
    public var transferScale: Float = 200
    /// η₀.
    public var fastScale: Float = 1
    /// l_max.
    public var longestTrain = 5

    /// The paper's.
    public init() {}
  }

  /// The method.
  public let method: Method
  /// Constants.
  public let constants: Constants
  private var fast: PulsedArray
  private var slow: PulsedArray
  private let reference: [Float]
  private var buffer: [Float]
  private var choppers: [Float]
  private var meanReads: [Float]
  private var referenceReads: [Float]
  private var largestError: Float = 0
  private var largestInput: Float = 0
  private var pairs = 0
  /// The learning rate over that of the beginning; it counts in the transfer.
  public var schedule: Float = 1
  private let stream: RandomStream

  /// - Parameters:
  ///   - fast: A.
  ///   - slow: W, of the same size.
  ///   - reference: R, `[outputs, inputs]`; zeros for AGAD.
  ///   - stream: Decides when choppers flip.
  public init(
    _ method: Method, fast: PulsedArray, slow: PulsedArray, reference: [Float],
    constants: Constants = Constants(), stream: RandomStream
  ) {
    require(
      reference.count == fast.weights.count,
      "BufferedTransfer: \(reference.count) of \(fast.weights.count) references")
    self.method = method
    self.constants = constants
    self.fast = fast
    self.slow = slow
    self.reference = reference
    self.stream = stream
    buffer = [Float](repeating: 0, count: fast.weights.count)
    meanReads = buffer
    referenceReads = buffer
    choppers = [Float](repeating: 1, count: fast.inputs)
  }

  /// W.
  public var weights: [Float] { slow.weights }
  /// A and W.
  public var arrays: [PulsedArray] { [fast, slow] }

  /// Those of both arrays, the buffer, the choppers and the running means.
  public var state: InMemoryState {
    get {
      InMemoryState(
        arrays: [fast.state, slow.state],
        memory: buffer + meanReads + referenceReads + choppers + [largestError, largestInput],
        pairs: pairs)
    }
    set {
      let (devices, memory) = (buffer.count, newValue.memory)
      require(
        memory.count == 3 * devices + choppers.count + 2,
        "BufferedTransfer: a memory of \(memory.count) values")
      (fast.state, slow.state) = (newValue.arrays[0], newValue.arrays[1])
      buffer = Array(memory[..<devices])
      meanReads = Array(memory[devices..<2 * devices])
      referenceReads = Array(memory[2 * devices..<3 * devices])
      choppers = Array(memory[(3 * devices)...].prefix(choppers.count))
      (largestError, largestInput) = (memory[memory.count - 2], memory[memory.count - 1])
      pairs = newValue.pairs
    }
  }

  /// λ_H = λ·n_s·n/(γ₀·δ_W), where n are the inputs.
  private var transferRate: Float {
    schedule * constants.rate * Float(constants.period) * Float(fast.inputs)
      / (constants.transferScale * slow.device.step)
  }

  /// Moves A, and the buffer and W when a period is over.
  public mutating func update(_ d: [Float], _ x: [Float]) {
    follow(d, x)
    if largestError > 0, largestInput > 0 {
      // λ_A = η₀·l_max·δ_A/(μ_x·μ_d): trains are as long as allowed, on average.
      let rate =
        constants.fastScale * Float(constants.longestTrain) * fast.device.step
        / (largestInput * largestError)
      fast.update(
        d, zip(choppers, x).map { $0 * $1 }, rate: rate,
        StochasticUpdate(step: fast.device.step, longestTrain: constants.longestTrain))
    }
    pairs += 1
    if pairs.isMultiple(of: constants.period) {
      let read = pairs / constants.period
      transfer(read % fast.inputs, read: UInt64(read))
    }
  }

  /// Running means of the largest errors and inputs.
  private mutating func follow(_ d: [Float], _ x: [Float]) {
    let (error, input) = (
      d.reduce(0) { max($0, abs($1)) }, x.reduce(0) { max($0, abs($1)) }
    )
    // A hundredth: long against the noise of single pairs, short against the training.
    largestError += (error - largestError) * (pairs == 0 ? 1 : 0.01)
    largestInput += (input - largestInput) * (pairs == 0 ? 1 : 0.01)
  }

  private mutating func transfer(_ column: Int, read: UInt64) {
    let values = fast.column(column)
    var counts = [Int32](repeating: 0, count: values.count)
    for (output, value) in values.enumerated() {
      let index = output * fast.inputs + column
      var known = reference[index]
      if case .dynamicReference(_, let forgetting) = method {
        known = referenceReads[index]
        meanReads[index] += forgetting * (value - meanReads[index])
      }
      buffer[index] += choppers[column] * transferRate * (value - known)
      guard abs(buffer[index]) >= 1 else { continue }
      counts[output] = Int32(buffer[index].rounded(.towardZero))
      buffer[index] = 0
    }
    if counts.contains(where: { $0 != 0 }) { slow.pulse(column: column, counts) }
    guard method.flips > 0, stream.uniform(at: read) < method.flips else { return }
    choppers[column] *= -1
    if case .dynamicReference = method {
      for output in values.indices {
        let index = output * fast.inputs + column
        referenceReads[index] = meanReads[index]
      }
    }
  }
}
