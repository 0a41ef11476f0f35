import Foundation
import RunLog
import Runtime
import Tensor

/// What the file of a surrogate says beside its numbers.
package struct SurrogateCard: Codable {
  /// What it was taught by.
  package var arrays: SurrogateArrays
  /// The lowest share of the ideal current over the real one that it has seen.
  package var lowestShare: Double
  /// The highest.
  package var highestShare: Double

  /// Where it is among the metadata.
  package static let key = "kirchhoff.surrogate"

  /// A card.
  package init(arrays: SurrogateArrays, lowestShare: Double, highestShare: Double) {
    self.arrays = arrays
    self.lowestShare = lowestShare
    self.highestShare = highestShare
  }

  /// Reads the card of a file.
  ///
  /// - Throws: `KirchhoffError` when the file is something else, or its card is damaged.
  package init(_ file: SafetensorsFile) throws {
    guard let text = file.metadata[Self.key] else {
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: "header, __metadata__", found: "no \(Self.key)",
        expected: "a surrogate written by kirchhoff crossbar surrogate")
    }
    self = try JSON.decode(
      Self.self, from: Data(text.utf8), kind: .checkpoint, subject: file.path, place: Self.key)
    guard lowestShare < highestShare, (1...1024).contains(arrays.side) else {
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: Self.key,
        found: "shares \(lowestShare) to \(highestShare), side \(arrays.side)",
        expected: "rising shares and a side of 1 to 1024")
    }
  }

  /// One tensor of a file.
  ///
  /// - Throws: `KirchhoffError` when it is not there or of another size.
  package static func tensor(
    _ name: String, _ shape: Shape, _ file: SafetensorsFile
  ) throws -> Tensor {
    let values = try file.floats(name)
    guard values.count == shape.count else {
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: name, found: "\(values.count) values",
        expected: "\(shape.count)")
    }
    return Tensor(values, shape: shape)
  }
}
