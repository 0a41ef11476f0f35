import Foundation
import Logging
import Runtime

/// The growing file of metrics of a run, one JSON object a line.
///
/// A line goes to the system in one write, unbuffered: `kill -9` loses at most a line half written,
/// which opening the file again removes. May be used from several threads.
public final class MetricsLog: @unchecked Sendable {
  /// Which of the lines already there belong to the run that goes on.
  public enum Keeping: Equatable, Sendable {
    /// None: the run starts anew.
    case nothing
    /// The first so many, as the checkpoint counted them.
    case lines(Int)
    /// Those of steps up to this one; the first later one and all behind it go.
    case steps(through: Int)
  }

  /// Where the file is.
  public let path: String
  private let file: OpenFile
  private let lock = NSLock()
  private var size: Int
  private var count: Int

  /// Opens the file at `path`, or creates it, and cuts off what is not kept.
  ///
  /// Fewer lines than were to be kept are reported to `logger`, not thrown: the run can go on.
  /// Throws `.io` errors, and `.data` when a line that should be kept cannot be read.
  public init(
    path: String, keeping: Keeping, logger: Logger = Logger(label: "kirchhoff.run")
  ) throws {
    self.path = path
    file = try OpenFile(path: path, flags: O_RDWR | O_CREAT | O_APPEND)
    (size, count) = (0, 0)
    if keeping != .nothing {
      let data = try Folder.read(path)
      (size, count) = try Self.extent(of: data, keeping: keeping, path: path)
    }
    if case .lines(let wanted) = keeping, count < wanted {
      logger.warning("\(path) has \(count) whole lines where the checkpoint counted \(wanted)")
    }
    try file.truncate(to: size)
  }

  /// How many lines the file has; a checkpoint keeps this figure to resume exactly here.
  public var lines: Int { lock.withLock { count } }

  /// Appends one record.
  ///
  /// After an error (full disk) the file is as it was before.
  public func append(_ record: MetricRecord) throws {
    var line = try JSON.encode(record, subject: path)
    line.append(UInt8(ascii: "\n"))
    try lock.withLock {
      do {
        try file.write(line)
      } catch {
        try? file.truncate(to: size)
        throw error
      }
      size += line.count
      count += 1
    }
  }

  /// Forces the lines to the disk.
  public func sync() throws {
    try lock.withLock { try file.sync() }
  }

  /// All records of the file at `path`; a half-written last line is passed over.
  ///
  /// Throws `.data`, naming the line, when any other line is no record.
  public static func read(_ path: String) throws -> [MetricRecord] {
    var records: [MetricRecord] = []
    try forEachLine(of: Folder.read(path)) { line, number, _ in
      records.append(try Self.record(line, number: number, path: path))
      return true
    }
    return records
  }

  private static func record(_ line: Data, number: Int, path: String) throws -> MetricRecord {
    try JSON.decode(
      MetricRecord.self, from: line, kind: .data, subject: path, place: "line \(number)")
  }

  private static func extent(
    of data: Data, keeping: Keeping, path: String
  ) throws -> (size: Int, lines: Int) {
    var (size, lines) = (0, 0)
    try forEachLine(of: data) { line, number, end in
      switch keeping {
      case .nothing: return false
      case .lines(let wanted): if number > wanted { return false }
      case .steps(let last):
        if try record(line, number: number, path: path).step > last { return false }
      }
      (size, lines) = (end, number)
      return true
    }
    return (size, lines)
  }

  /// Calls `body` with each line that has its newline, its number from 1 and the offset behind it.
  private static func forEachLine(
    of data: Data, _ body: (_ line: Data, _ number: Int, _ end: Int) throws -> Bool
  ) rethrows {
    var (start, number) = (data.startIndex, 0)
    while let newline = data[start...].firstIndex(of: UInt8(ascii: "\n")) {
      number += 1
      let end = newline + 1 - data.startIndex
      if try !body(data[start..<newline], number, end) { return }
      start = newline + 1
    }
  }
}
