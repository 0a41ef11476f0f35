import Configuration
import Foundation

/// Loss of the programmed conductance in time, faster when hot.
///
/// What a device differs from the end by shrinks as exp(−(t/τ)^β), or as (1 + t/τ)^−β. By Arrhenius, τ at a
/// temperature T is τ·exp(E/k·(1/T − 1/T₀)) with T₀ = 300 K.
public struct Retention: Codable, Hashable, Sendable {
  /// The law of decay.
  public enum Law: String, Codable, Hashable, Sendable, CaseIterable {
    /// exp(−(t/τ)^β).
    case exponential
    /// (1 + t/τ)^−β.
    case power
  }

  /// The law of decay.
  public var law: Law
  /// τ at 300 K, seconds.
  public var seconds: Float
  /// β.
  public var exponent: Float
  /// Where conductances end: 0 is the smallest, 1 the largest.
  public var end: Float
  /// E, electronvolts.
  public var activationElectronvolts: Float

  /// A loss of conductance.
  public init(
    _ law: Law, seconds: Float, exponent: Float = 1, end: Float = 0,
    activationElectronvolts: Float = 0
  ) {
    self.law = law
    self.seconds = seconds
    self.exponent = exponent
    self.end = end
    self.activationElectronvolts = activationElectronvolts
  }

  /// What is left of the difference from the end after a time at a temperature.
  public func left(after time: Float, kelvin: Float) -> Float {
    let boltzmann: Float = 8.617_333_262e-5
    let arrhenius = exp(
      activationElectronvolts / boltzmann * (1 / kelvin - 1 / Temperature.reference))
    let age = time / (seconds * arrhenius)
    return switch law {
    case .exponential: exp(-pow(age, exponent))
    case .power: pow(1 + age, -exponent)
    }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case law, seconds, exponent, end, activationElectronvolts
  }

  /// Reads a law with its constants: τ 1e-9 to 1e15 s, β 0.001 to 10, the end 0 to 1, E 0 to 5 eV.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      try fields.word(.law, or: .exponential),
      seconds: try fields.requiredNumber(.seconds, in: 1e-9...1e15),
      exponent: Float(try fields.number(.exponent, or: 1, in: 0.001...10)),
      end: Float(try fields.number(.end, or: 0, in: 0...1)),
      activationElectronvolts: Float(
        try fields.number(.activationElectronvolts, or: 0, in: 0...5)))
  }
}
