import Foundation
import Testing

/// A run of a few steps that several tests look at and none changes.
enum TrainedRun {
  /// The folder of everything; a static object never goes, so it is removed when the process ends.
  private static let folder: Result<Folder, any Error> = Result {
    atexit { try? FileManager.default.removeItem(at: TrainedRun.folder.get().url) }
    return try Folder()
  }

  /// The path of the run.
  static let path: Result<String, any Error> = Result {
    let root = try folder.get()
    let data = try SmallImages.write(to: root)
    let path = root.path("run")
    let output = try Tool.run(TrainCommandTests.arguments(data: data, run: path))
    #expect(output.exitCode == 0, "\(output.standardError)")
    return path
  }

  /// A copy of the run, to be changed.
  static func copy(to folder: Folder) throws -> String {
    let target = folder.path("run")
    try FileManager.default.copyItem(atPath: path.get(), toPath: target)
    return target
  }

  /// The tensor files of its checkpoints, the oldest first.
  static func checkpoints(of run: String) throws -> [URL] {
    let folder = URL(fileURLWithPath: run + "/checkpoints")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .map { folder.appendingPathComponent($0).appendingPathComponent("tensors.safetensors") }
  }
}
