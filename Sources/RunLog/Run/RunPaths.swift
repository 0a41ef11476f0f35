import Foundation
import Runtime

/// Where the files of a run are; for those who only look (evaluate, extract, report).
public struct RunPaths: Equatable, Sendable {
  /// The run directory.
  public let root: String

  /// The files of the run in `root`.
  public init(_ root: String) {
    self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
  }

  /// The config as resolved: every key, no preset needed to read it.
  public var config: String { "\(root)/config.yaml" }
  /// The search space, where the config took it from a file.
  ///
  /// A run that is replaced leaves it, for the new one may be made from it.
  public var space: String { "\(root)/space.yaml" }
  /// The arrays that a network is trained on, as resolved; left like the search space.
  public var crossbar: String { "\(root)/crossbar.yaml" }
  /// The scores of chips that the network was put on, one a line.
  public var chips: String { "\(root)/chips.jsonl" }
  /// Processor, memory, system, instruction set, BLAS core, threads.
  public var machine: String { "\(root)/machine.json" }
  /// The metrics, one `MetricRecord` a line.
  public var metrics: String { "\(root)/metrics.jsonl" }
  /// The folder of checkpoints.
  public var checkpoints: String { "\(root)/checkpoints" }
  /// The report to open in a browser.
  public var report: String { "\(root)/report.html" }
  /// The final figures; its presence marks a finished run.
  public var result: String { "\(root)/result.json" }
  /// The file that a running process holds locked.
  public var lock: String { "\(root)/.lock" }

  /// Whether a run was begun here.
  public var hasRun: Bool { [config, metrics, checkpoints, result].contains(where: Folder.exists) }
  /// Whether the run here came to its end.
  public var isFinished: Bool { Folder.exists(result) }

  var all: [String] { [config, machine, metrics, checkpoints, report, result] }

  /// `parent/preset-20250131-235959`, with a number behind when that is taken.
  public static func fresh(
    preset: String, in parent: String = "runs", now: Date = Date()
  ) -> RunPaths {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let name = preset.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "-" }
    let base = "\(parent)/\(String(name))-\(formatter.string(from: now))"
    var path = base
    var number = 2
    while Folder.exists(path) {
      path = "\(base)-\(number)"
      number += 1
    }
    return RunPaths(path)
  }
}
