import ArgumentParser
import Foundation
import Kirchhoff

/// `kirchhoff data fetch`.
struct DataFetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Download the published files of a data set and check their sums.",
    discussion: """
      Files that are there and right are kept. Ctrl-C keeps what has arrived; the same command \
      continues from there.

      Examples:
        kirchhoff data fetch fashion-mnist
        kirchhoff data fetch cifar10 --to data       into ./data/cifar10, which is found by itself
      """)

  @Argument(
    help: "The name of a data set, as kirchhoff data list shows it.",
    completion: .list(DatasetRegistry.standard().entries.map(\.name)))
  var name: String

  @Option(
    help: "The folder in which the data set's own folder is made (default: the cache).",
    completion: .directory)
  var to: String?

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var output: OutputOptions

  /// What the command reports.
  private struct Result: Encodable {
    var name: String
    var folder: String
    var bytes: Int
  }

  func run() throws {
    var registry = DatasetRegistry.standard()
    if let to {
      registry.cache = to
      registry.roots = [to]
    }
    // An unknown name is said before anything else happens.
    let entry = try registry.entry(name)
    let folder = try Interruptible.run(grace: 2) { [registry, name, quiet] in
      let display = FetchDisplay(style: .automatic(quiet: quiet))
      defer { display.finish() }
      return try registry.fetch(
        name, progress: { display.update($0) }, isCancelled: { SignalGuard.shouldStop })
    }
    let bytes = entry.files.reduce(0) { sum, file in
      let values = try? URL(fileURLWithPath: folder).appendingPathComponent(file.name)
        .resourceValues(forKeys: [.fileSizeKey])
      return sum + (values?.fileSize ?? 0)
    }
    if output.json {
      try printJSON(Result(name: name, folder: folder, bytes: bytes))
    } else {
      print("\(name): \(folder) (\(megabytes(bytes)))")
    }
  }
}

/// One progress bar a file.
private final class FetchDisplay: @unchecked Sendable {
  private let style: ProgressBar.Style
  private let lock = NSLock()
  private var bar: ProgressBar?
  private var file = ""

  init(style: ProgressBar.Style) { self.style = style }

  func update(_ progress: FetchProgress) {
    lock.withLock {
      if progress.file != file {
        bar?.finish()
        bar = ProgressBar(total: progress.totalBytes ?? 0, unit: .bytes, style: style)
        file = progress.file
      }
      bar?.update(
        step: progress.receivedBytes,
        phase: "\(progress.file) (\(progress.fileNumber) of \(progress.fileCount))")
    }
  }

  func finish() { lock.withLock { bar?.finish() } }
}
