import Foundation
import RunLog
import Runtime

/// The scores of chips, a line each, so that a long evaluation goes on where it was stopped.
///
/// A chip's score is a function of its key, so a line that is there needs not be computed again. A line half
/// written by a process that was killed is cut off.
public final class ChipLog {
  /// What a chip's score follows from.
  public struct Key: Codable, Hashable, Sendable {
    /// Which layers run on which arrays.
    public var plan: ArrayPlan
    /// The subnet.
    public var subnet: String
    /// The training step of the weights.
    public var step: Int
    /// The images, in words.
    public var images: String
    /// The seed of the chips.
    public var seed: UInt64
    /// Which chip.
    public var chip: Int

    /// All of it.
    public init(
      plan: ArrayPlan, subnet: String, step: Int, images: String, seed: UInt64, chip: Int
    ) {
      self.plan = plan
      self.subnet = subnet
      self.step = step
      self.images = images
      self.seed = seed
      self.chip = chip
    }
  }

  private struct Line: Codable {
    var key: Key
    var score: ChipScore
  }

  /// Where it is.
  public let path: String
  private let file: OpenFile
  private var known: [Key: ChipScore] = [:]

  /// Opens the log, or creates it.
  ///
  /// - Parameter resume: Whether lines that are there are kept.
  /// - Throws: `KirchhoffError` when it cannot be written.
  public init(path: String, resume: Bool) throws {
    self.path = path
    file = try OpenFile(path: path, flags: O_RDWR | O_CREAT | O_APPEND)
    try file.truncate(to: resume ? read() : 0)
  }

  /// Takes in whole lines; returns how many bytes they are.
  private func read() throws -> Int {
    let data = try Folder.read(path)
    var size = 0
    for part in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      // The last part has no end of line: it is empty, or half a line.
      let isWhole = size + part.count < data.count
      let line = try? JSON.decode(Line.self, from: Data(part), kind: .data, subject: path)
      guard isWhole, let line else { break }
      known[line.key] = line.score
      size += part.count + 1
    }
    return size
  }

  /// What is known of a chip.
  public func score(_ key: Key) -> ChipScore? { known[key] }

  /// Adds a chip that is not known yet.
  public func add(_ score: ChipScore, _ key: Key) throws {
    guard known[key] == nil else { return }
    known[key] = score
    var line = try JSON.encode(Line(key: key, score: score), subject: path)
    line.append(UInt8(ascii: "\n"))
    try file.write(line)
  }
}
