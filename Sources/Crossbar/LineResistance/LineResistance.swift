import Configuration
import Foundation
import Runtime

/// The resistances between the drivers, the devices and the sense amplifiers of an array.
///
/// Drivers are at column 0 and sense amplifiers below the last row, each column at virtual ground.
/// Row i's driver feeds word line i through `driverOhms`; column j's bit line ends in `senseOhms`;
/// between neighbouring cells lies one segment of each line. Every value may be 0.
public struct LineResistance: Codable, Hashable, Sendable {
  /// How the lines of an array are taken into account.
  public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
    /// Kirchhoff's laws, exactly (`EffectiveConductance`).
    case exact
    /// CrossSim's iteration (`FixedPointLines`), to compare with; refuses where it does not settle.
    case fixedPoint = "fixed-point"
    /// aihwkit's closed form for the bit lines, with every vector.
    case closedForm = "closed-form"
    /// A learned surrogate, of lines and non-linear cells (`LearnedLines`).
    case surrogate
  }

  /// A segment of a word line, ohms.
  public var wordLineOhms: Double
  /// A segment of a bit line, ohms.
  public var bitLineOhms: Double
  /// From a driver to the first cell of its word line, ohms.
  public var driverOhms: Double
  /// From the last cell of a bit line to virtual ground, ohms.
  public var senseOhms: Double

  /// How they are taken into account.
  public var method = Method.exact

  /// The file of a surrogate, whose lines take the place of the resistances.
  public var surrogate: String?

  /// The source/sink convention: driver and sense amplifier sit at the first and the last cell, behind
  /// resistances of their own.
  public init(
    wordLineOhms: Double, bitLineOhms: Double, driverOhms: Double, senseOhms: Double
  ) {
    self.wordLineOhms = wordLineOhms
    self.bitLineOhms = bitLineOhms
    self.driverOhms = driverOhms
    self.senseOhms = senseOhms
  }

  /// The segment convention (badcrossbar): one more segment at both ends.
  public init(wordLineOhms: Double, bitLineOhms: Double) {
    self.init(
      wordLineOhms: wordLineOhms, bitLineOhms: bitLineOhms, driverOhms: wordLineOhms,
      senseOhms: bitLineOhms)
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case wordLineOhms, bitLineOhms, driverOhms, senseOhms, method, surrogate
  }

  /// Reads resistances; ends that are not given are a segment of their lines.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let allowed = 0...1e12
    wordLineOhms = try fields.number(.wordLineOhms, or: 0, in: allowed)
    bitLineOhms = try fields.number(.bitLineOhms, or: 0, in: allowed)
    driverOhms = try fields.number(.driverOhms, or: wordLineOhms, in: allowed)
    senseOhms = try fields.number(.senseOhms, or: bitLineOhms, in: allowed)
    surrogate = try fields.optional(.surrogate)
    method = try fields.word(.method, or: surrogate == nil ? .exact : .surrogate)
    if (method == .surrogate) != (surrogate != nil) {
      throw FieldError(
        fields.path + [CodingKeys.method], found: method.rawValue,
        expected: surrogate == nil
          ? "surrogate: FILE beside it" : "surrogate, or no file of a surrogate")
    }
    if surrogate != nil, let given = self.fields.first(where: { $0.ohms != 0 }) {
      throw FieldError(
        fields.path + [CodingKeys(stringValue: given.name) ?? .method], found: "\(given.ohms) Ω",
        expected: "nothing: a surrogate has the lines that it was taught by")
    }
    if let path = surrogate, let file = decoder.userInfo[.configurationFile] as? String {
      let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
      surrogate = URL(fileURLWithPath: path, relativeTo: folder).path
    }
    if let issue = closedFormIssue {
      throw FieldError(
        fields.path + [issue.key], found: "\(issue.ohms) Ω", expected: issue.expected)
    }
  }

  /// Lines without resistance.
  public static let none = LineResistance(wordLineOhms: 0, bitLineOhms: 0)

  /// Whether no line has a resistance.
  public var isNone: Bool { surrogate == nil && fields.allSatisfy { $0.ohms == 0 } }

  /// The lines of the array that is this one looked at from its sense amplifiers.
  var reversed: LineResistance {
    var lines = LineResistance(
      wordLineOhms: bitLineOhms, bitLineOhms: wordLineOhms, driverOhms: senseOhms,
      senseOhms: driverOhms)
    lines.method = method
    return lines
  }

  /// What the closed form cannot take into account: it knows segments of bit lines, all alike, and nothing else.
  private var closedFormIssue: (key: CodingKeys, ohms: Double, expected: String)? {
    guard method == .closedForm else { return nil }
    if wordLineOhms > 0 {
      return (.wordLineOhms, wordLineOhms, "0 Ω with the closed form, which knows bit lines only")
    }
    if driverOhms > 0 {
      return (.driverOhms, driverOhms, "0 Ω with the closed form, which knows bit lines only")
    }
    if senseOhms != bitLineOhms {
      return (
        .senseOhms, senseOhms, "\(bitLineOhms) Ω, a segment of a bit line, with the closed form"
      )
    }
    return nil
  }

  /// Throws for lines that their method cannot take into account.
  func check() throws {
    guard let issue = closedFormIssue else { return }
    throw KirchhoffError(
      .config, subject: "lines", place: issue.key.rawValue, found: "\(issue.ohms) Ω",
      expected: issue.expected)
  }

  /// The fields with their names, for checks.
  var fields: [(name: String, ohms: Double)] {
    [
      ("wordLineOhms", wordLineOhms), ("bitLineOhms", bitLineOhms), ("driverOhms", driverOhms),
      ("senseOhms", senseOhms),
    ]
  }
}
