import Foundation
import Logging
import Runtime

/// One checkpoint that was found sound.
public struct Checkpoint<State> {
  /// The training step it was taken at.
  public let step: Int
  /// Its folder.
  public let path: String
  /// What the caller gave as state.
  public let state: State
  /// The tensors; their checksums have been checked.
  public let tensors: SafetensorsFile
  /// How many lines `metrics.jsonl` had.
  public let metricLines: Int
}

/// The checkpoints of a run: the last few and the best.
///
/// A checkpoint is a folder `step-00001234` with `tensors.safetensors` and `state.json`. It is
/// written under a temporary name, synced, and renamed; older ones are removed only afterwards. So a
/// kill at any moment leaves the newer one or the older one whole. The tensors' header holds step,
/// fingerprint, metric lines and the checksum of the state, and is covered by a checksum itself:
/// any changed byte is noticed.
public struct CheckpointStore {
  /// The folder of all checkpoints.
  public let folder: String
  /// What a checkpoint must fit, such as the name and size of the search space.
  public let fingerprint: String
  /// How many of the newest are kept beside the best.
  public let keep: Int
  private let logger: Logger

  private static let tensorFile = "tensors.safetensors"
  private static let stateFile = "state.json"

  /// The checkpoints in `folder`, which `save` creates when it is absent.
  ///
  /// `keep` below 2 would leave nothing to fall back to, so it is at least 2.
  public init(
    folder: String, fingerprint: String, keep: Int = 2,
    logger: Logger = Logger(label: "kirchhoff.run")
  ) {
    self.folder = folder
    self.fingerprint = fingerprint
    self.keep = max(2, keep)
    self.logger = logger
  }

  /// The steps of the checkpoints there, ascending, whether sound or not.
  public var steps: [Int] {
    Set(Folder.names(folder).compactMap { Self.step(ofName: Self.plain($0, without: ".old")) })
      .sorted()
  }

  /// The step of the best checkpoint, when one was marked.
  public var bestStep: Int? {
    guard let data = try? Folder.read(bestPath) else { return nil }
    return (try? JSONDecoder().decode([String: Int].self, from: data))?["step"]
  }

  /// Writes a checkpoint, then removes those no longer kept.
  ///
  /// `state` is everything an exact resume needs beside tensors. Call `MetricsLog.sync` first and
  /// give its `lines`. Throws `.io` errors; then the older checkpoints are untouched.
  public func save(
    step: Int, state: some Encodable, tensors: [TensorSource], metricLines: Int = 0,
    isBest: Bool = false
  ) throws {
    try Folder.create(folder)
    Folder.removeLeftovers(folder)
    let target = path(step)
    let temporary = AtomicFile.temporaryName(for: target)
    do {
      try Folder.create(temporary)
      let stateData = try JSON.encode(state, pretty: true, subject: "\(target)/\(Self.stateFile)")
      try AtomicFile.write(stateData, to: "\(temporary)/\(Self.stateFile)")
      let header = CheckpointHeader(
        step: step, fingerprint: fingerprint, metricLines: metricLines,
        stateHash: stateData.withUnsafeBytes { XXHash64.hash($0) }.hexadecimal)
      try SafetensorsWriter.write(
        tensors, metadata: header.metadata, to: "\(temporary)/\(Self.tensorFile)")
      try replace(target, by: temporary)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
    if isBest { try AtomicFile.writeJSON(["step": step], to: bestPath) }
    try prune()
  }

  /// The newest sound checkpoint, or nil when there is none at all.
  ///
  /// A damaged one is reported to the logger and the one before it is tried. Throws `.checkpoint`
  /// when all are damaged, or when one belongs to another space.
  public func latest<State: Decodable>(_ type: State.Type) throws -> Checkpoint<State>? {
    var firstError: (any Error)?
    for step in steps.reversed() {
      do {
        let checkpoint = try load(type, step: step)
        if firstError != nil { logger.warning("falling back to \(checkpoint.path)") }
        return checkpoint
      } catch let error as WrongFingerprint {
        throw error.underlying
      } catch {
        logger.warning("checkpoint passed over: \(error)")
        firstError = firstError ?? error
      }
    }
    if let firstError { throw firstError }
    return nil
  }

  /// The checkpoint marked as best, or nil when none is.
  public func best<State: Decodable>(_ type: State.Type) throws -> Checkpoint<State>? {
    guard let step = bestStep else { return nil }
    return try checkpoint(type, step: step)
  }

  /// The checkpoint of one step; throws when it is absent, damaged or of another space.
  public func checkpoint<State: Decodable>(
    _ type: State.Type, step: Int
  ) throws -> Checkpoint<State> {
    do {
      return try load(type, step: step)
    } catch let error as WrongFingerprint {
      throw error.underlying
    }
  }

  /// Puts damaged checkpoints newer than `step` out of the way, as `step-….damaged`, so that they
  /// are neither counted nor tried again; for a run that goes on from `step`.
  package func setAside(after step: Int) throws {
    for newer in steps where newer > step && Folder.exists(path(newer)) {
      try Folder.remove("\(path(newer)).damaged")
      if rename(path(newer), "\(path(newer)).damaged") != 0 {
        throw KirchhoffError.system(path(newer), "rename", errno)
      }
    }
  }

  /// A folder cannot be renamed onto a full one, so an old one of the same step steps aside for the
  /// moment; as long as it is alone, it counts.
  private func replace(_ target: String, by temporary: String) throws {
    let aside = "\(target).old"
    if Folder.exists(target) {
      try Folder.remove(aside)
      if rename(target, aside) != 0 { throw KirchhoffError.system(target, "rename", errno) }
    }
    if rename(temporary, target) != 0 { throw KirchhoffError.system(target, "rename", errno) }
    try Folder.sync(folder)
    try Folder.remove(aside)
  }

  private func load<State: Decodable>(_ type: State.Type, step: Int) throws -> Checkpoint<State> {
    let plain = path(step)
    let path = Folder.exists(plain) ? plain : "\(plain).old"
    let file = try SafetensorsFile(path: "\(path)/\(Self.tensorFile)")
    let header = try CheckpointHeader(file, step: step)
    guard header.fingerprint == fingerprint else {
      throw WrongFingerprint(
        underlying: KirchhoffError(
          .checkpoint, subject: path, place: "search space", found: header.fingerprint,
          expected: fingerprint, hint: "this checkpoint belongs to another space"))
    }
    try file.verify()
    let statePath = "\(path)/\(Self.stateFile)"
    let data = try Folder.read(statePath)
    let hash = data.withUnsafeBytes { XXHash64.hash($0) }.hexadecimal
    guard hash == header.stateHash else {
      throw KirchhoffError(
        .checkpoint, subject: statePath, place: "its \(data.count) bytes",
        found: "xxHash64 \(hash)",
        expected: "xxHash64 \(header.stateHash)", hint: "the file is damaged")
    }
    let state = try JSON.decode(type, from: data, kind: .checkpoint, subject: statePath)
    return Checkpoint(
      step: step, path: path, state: state, tensors: file, metricLines: header.metricLines)
  }

  private func prune() throws {
    var kept = Set(steps.suffix(keep))
    if let best = bestStep { kept.insert(best) }
    let newest = steps.last ?? 0
    for name in Folder.names(folder) {
      let damaged = name.hasSuffix(".damaged")
      guard let step = Self.step(ofName: Self.plain(name, without: ".damaged")) else { continue }
      if damaged ? step <= newest : !kept.contains(step) {
        try Folder.remove("\(folder)/\(name)")
      }
    }
  }

  private var bestPath: String { "\(folder)/best.json" }

  private func path(_ step: Int) -> String {
    let digits = String(step)
    return "\(folder)/step-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
  }

  private static func plain(_ name: String, without suffix: String) -> String {
    name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
  }

  private static func step(ofName name: String) -> Int? {
    name.hasPrefix("step-") && name.count >= 13 ? Int(name.dropFirst(5)) : nil
  }
}

/// A sound checkpoint of something else: no reason to try an older one.
private struct WrongFingerprint: Error {
  let underlying: KirchhoffError
}

/// What the safetensors header says of its checkpoint.
private struct CheckpointHeader {
  let step: Int
  let fingerprint: String
  let metricLines: Int
  let stateHash: String

  init(step: Int, fingerprint: String, metricLines: Int, stateHash: String) {
    self.step = step
    self.fingerprint = fingerprint
    self.metricLines = metricLines
    self.stateHash = stateHash
  }

  init(_ file: SafetensorsFile, step: Int) throws {
    func value(_ key: String) throws -> String {
      if let value = file.metadata["kirchhoff.\(key)"] { return value }
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: "header, __metadata__",
        found: "no kirchhoff.\(key)",
        expected: "a checkpoint written by Kirchhoff")
    }
    self.step = Int(try value("step")) ?? -1
    fingerprint = try value("fingerprint")
    metricLines = Int(try value("metricLines")) ?? 0
    stateHash = try value("stateHash")
    guard self.step == step else {
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: "header, kirchhoff.step", found: "\(self.step)",
        expected: "\(step), as its folder is named")
    }
  }

  var metadata: [String: String] {
    [
      "kirchhoff.step": "\(step)", "kirchhoff.fingerprint": fingerprint,
      "kirchhoff.metricLines": "\(metricLines)", "kirchhoff.stateHash": stateHash,
    ]
  }
}
