/// A kind of memory device: what becomes of the conductance that it is asked for.
///
/// Three conductances are kept apart: the *target* that a mapping asks for, the *programmed* one that
/// a device has at a time after programming, and the one that a *read* sees. A model is a function
/// from target, time and the device's own Gaussian draws to the programmed one; the draws belong to
/// the device, so that two times lie on one trajectory. Reads deviate around it.
public protocol DeviceModel: Sendable {
  /// What it is called in configs and on the command line.
  var name: String { get }
  /// What it is and where its constants come from.
  var summary: String { get }
  /// The conductances that it can be asked for, siemens.
  var conductanceSiemens: ClosedRange<Float> { get }
  /// The times at which it was characterised, seconds after programming; nil for any time.
  var characterisedSeconds: [Float]? { get }
  /// The conductances that it distinguishes, evenly over its range; nil for any.
  var stateCount: Int? { get }

  /// The programmed conductance, siemens.
  ///
  /// - Parameters:
  ///   - target: What it was asked for, siemens, in range.
  ///   - seconds: Time since programming; one of `characterisedSeconds` or, where it has none, 0 or
  ///     more.
  ///   - draws: The device's own.
  func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float

  /// The standard deviation of a read, siemens.
  ///
  /// - Parameters:
  ///   - target: What the device was asked for, siemens.
  ///   - initial: Its conductance right after programming, siemens.
  ///   - conductance: Its conductance now, siemens.
  ///   - seconds: Time since programming.
  func readDeviation(target: Float, initial: Float, conductance: Float, seconds: Float) -> Float
}

extension DeviceModel {
  /// Any time.
  public var characterisedSeconds: [Float]? { nil }

  /// Any conductance.
  public var stateCount: Int? { nil }

  /// Reads are exact.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float { 0 }
}

/// The standard Gaussian draws that make one device different from the next.
public struct DeviceDraws: Hashable, Sendable {
  /// Decides how far off programming is.
  public var programming: Float
  /// Decides how the device changes with time.
  public var evolution: Float

  /// Given draws.
  public init(programming: Float, evolution: Float) {
    self.programming = programming
    self.evolution = evolution
  }

  /// A device that is average in all.
  public static let none = DeviceDraws(programming: 0, evolution: 0)
}
