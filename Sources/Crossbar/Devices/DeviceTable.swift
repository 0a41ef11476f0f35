import Configuration
import Foundation
import Runtime

/// A device that was measured: mean and spread of some states, at one time or several.
///
/// Between states, values are interpolated along a line; a `discrete` table has only its own states. As with
/// `ResistiveDevice`, all times after the first share a draw of their own.
public struct DeviceTable: DeviceModel, ConfigurationValue, Hashable {
  /// One state.
  public struct State: Codable, Hashable, Sendable {
    /// What devices were asked for, siemens.
    public var targetSiemens: Float
    /// Mean over devices, siemens: one a time.
    public var meanSiemens: [Float]
    /// Standard deviation over devices, siemens: one a time.
    public var deviationSiemens: [Float]
    /// Standard deviation of a read, siemens.
    public var readDeviationSiemens: Float
  }

  /// What it is called.
  public let name: String
  /// Where its numbers come from.
  public let source: String
  /// Whether only its own states can be had.
  public let isDiscrete: Bool
  /// Times since programming, seconds, rising; the first is right after it.
  public let seconds: [Float]
  /// States of rising target, two at least.
  public let states: [State]

  /// What it is, and whose.
  public var summary: String { "\(states.count) states, \(source)" }

  /// What it can be asked for, siemens.
  public var conductanceSiemens: ClosedRange<Float> {
    states[0].targetSiemens...states[states.count - 1].targetSiemens
  }

  /// The times of the table; nil where there is only one, which then holds for any time.
  public var characterisedSeconds: [Float]? { seconds.count == 1 ? nil : seconds }

  /// States that lie evenly over the range; nil for others.
  public var stateCount: Int? {
    let range = conductanceSiemens
    let step = (range.upperBound - range.lowerBound) / Float(states.count - 1)
    let isEven = states.indices.allSatisfy {
      abs(states[$0].targetSiemens - range.lowerBound - Float($0) * step) <= 0.01 * step
    }
    return isDiscrete && isEven ? states.count : nil
  }

  /// Spread around the mean as at the last time of the table.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    let time = self.seconds.lastIndex { $0 <= seconds } ?? 0
    let draw = time == 0 ? draws.programming : draws.evolution
    let mean = value(at: target) { $0.meanSiemens[time] }
    return max(mean + value(at: target) { $0.deviationSiemens[time] } * draw, 0)
  }

  /// As measured in the state.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float { value(at: target, \.readDeviationSiemens) }

  private func value(at target: Float, _ field: (State) -> Float) -> Float {
    let above = states.firstIndex { $0.targetSiemens >= target } ?? states.count - 1
    guard above > 0 else { return field(states[0]) }
    let (low, high) = (states[above - 1], states[above])
    let place = (target - low.targetSiemens) / (high.targetSiemens - low.targetSiemens)
    if isDiscrete { return field(place < 0.5 ? low : high) }
    return field(low) + min(place, 1) * (field(high) - field(low))
  }
}

extension DeviceTable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, source, discrete, seconds, states
  }

  /// Reads a table; a table with holes, out of order or with negative values is refused.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    name = try fields.required(.name)
    source = try fields.value(.source, or: "from a table")
    isDiscrete = try fields.value(.discrete, or: false)
    seconds = try fields.value(.seconds, or: [0])
    guard let first = seconds.first, first >= 0, seconds.allSatisfy(\.isFinite),
      zip(seconds, seconds.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw FieldError(
        fields.path + [CodingKeys.seconds], found: "\(seconds)",
        expected: "rising times of 0 s or more")
    }
    let lists: [StateFields] = try fields.required(.states)
    guard lists.count >= 2 else {
      throw FieldError(
        fields.path + [CodingKeys.states], found: "\(lists.count) states", expected: "2 or more")
    }
    let times = seconds.count
    states = try lists.enumerated().map { index, list in
      try list.state(times: times, at: fields.path + [CodingKeys.states, IndexKey(index)])
    }
    for (index, (low, high)) in zip(states, states.dropFirst()).enumerated()
    where low.targetSiemens >= high.targetSiemens {
      throw FieldError(
        fields.path + [CodingKeys.states, IndexKey(index + 1), StateFields.Keys.targetSiemens],
        found: "\(high.targetSiemens) S after \(low.targetSiemens) S",
        expected: "targets that rise from state to state")
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(source, forKey: .source)
    try container.encode(isDiscrete, forKey: .discrete)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(states, forKey: .states)
  }
}

/// A state as a file has it: one number where there is one time, else a list.
private struct StateFields: Decodable {
  enum Keys: String, CodingKey, CaseIterable {
    case targetSiemens, meanSiemens, deviationSiemens, readDeviationSiemens
  }

  var target: Float?
  var mean: [Float?]?
  var deviation: [Float?]?
  var read: Float?

  init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Keys>(decoder)
    func list(_ key: Keys) throws -> [Float?]? {
      if let one = try? fields.optional(key) as Float? { return [one] }
      return try fields.optional(key)
    }
    target = try fields.optional(.targetSiemens)
    mean = try list(.meanSiemens)
    deviation = try list(.deviationSiemens)
    read = try fields.optional(.readDeviationSiemens)
  }

  func state(times: Int, at path: [any CodingKey]) throws -> DeviceTable.State {
    func checked(_ key: Keys, _ value: Float?) throws -> Float {
      guard let value, value >= 0, value.isFinite else {
        throw FieldError(
          path + [key], found: value.map { "\($0) S" } ?? "nothing",
          expected: "0 S or more, and finite")
      }
      return value
    }
    func checked(_ key: Keys, _ values: [Float?]?) throws -> [Float] {
      guard let values, values.count == times else {
        throw FieldError(
          path + [key], found: values.map { "\($0.count) values" } ?? "nothing",
          expected: times == 1 ? "a value" : "\(times) values, one a time")
      }
      return try values.map { try checked(key, $0) }
    }
    return DeviceTable.State(
      targetSiemens: try checked(.targetSiemens, target),
      meanSiemens: try checked(
        .meanSiemens, mean ?? target.map { [Float?](repeating: $0, count: times) }),
      deviationSiemens: try checked(.deviationSiemens, deviation),
      readDeviationSiemens: try checked(.readDeviationSiemens, read ?? 0))
  }
}
