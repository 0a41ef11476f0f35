import RunLog

/// Quantisation-aware training of a supernet: what arrays and converters will round is rounded in training, and
/// gradients pass straight through.
public struct Quantisation: Codable, Hashable, Sendable {
  /// Bits of weights: 2^bits − 1 levels between ± each tensor's largest; absent for none.
  public var weightBits: Int?
  /// Bits of the inputs of every layer with weights, within a range that is trained; absent for none.
  public var inputBits: Int?

  /// Bits of weights and inputs.
  public init(weightBits: Int? = nil, inputBits: Int? = nil) {
    self.weightBits = weightBits
    self.inputBits = inputBits
  }
}

extension Quantisation: ValidatedConfig {
  /// Checks bits.
  public func validate() throws {
    if let weightBits { try require("weightBits", weightBits, in: 2...16) }
    if let inputBits { try require("inputBits", inputBits, in: 2...16) }
  }
}
