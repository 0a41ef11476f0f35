import Datasets
import Foundation
import RunLog
import Runtime
import SearchSpace

extension TrainingConfig {
  /// The search space, fitted to the images and classes of the data.
  ///
  /// - Parameters:
  ///   - data: Where images and classes come from.
  ///   - run: A run that was begun; its copy of a space's file is read where it has one, so that the
  ///     file may be changed or moved.
  /// - Throws: `KirchhoffError` for an unknown space, a wrong file, or images too small for it.
  public func resolvedSpace(
    for data: DatasetPair, of run: RunPaths? = nil
  ) throws -> SupernetSpace {
    let copy = run.map(\.space).flatMap { namesSpaceFile && Folder.exists($0) ? $0 : nil }
    let space = try SupernetSpace.named(copy ?? self.space)
    let shape = data.training.shape
    guard shape.height == shape.width else {
      throw KirchhoffError(
        .data, subject: data.training.name, place: "image size", found: shape.description,
        expected: "square images", hint: "give data.size to resize a folder of images")
    }
    let fits = space.resolutions.contains(shape.height)
    return try space.adapted(
      resolutions: fits ? space.resolutions : [shape.height], inputChannels: shape.channels,
      classes: data.training.classCount)
  }

  /// Whether the space is that of a file, not a preset.
  var namesSpaceFile: Bool { PathParts.namesYAML(space) }
}

extension SupernetSpace {
  /// A preset by its name, or the space of a YAML file.
  ///
  /// - Throws: `KirchhoffError` with the nearest preset's name, or with what is wrong in the file.
  public static func named(_ name: String) throws -> SupernetSpace {
    PathParts.namesYAML(name)
      ? try SupernetSpace(contentsOf: URL(fileURLWithPath: name)) : try SupernetSpace.preset(name)
  }

  /// What a checkpoint must fit: the name of the space, and a hash of all of it.
  public var fingerprint: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let bytes = (try? encoder.encode(self)) ?? Data()
    let hash = bytes.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return "\(name)-\(String(hash, radix: 16))"
  }
}

extension Phase {
  /// The phase in a few words.
  var summary: String {
    var parts: [String] = []
    if restriction.vit != .allowed { parts.append("no transformer blocks") }
    if restriction.mbconv != .allowed { parts.append("no MBConv where a slot allows others") }
    if !frozen.isEmpty {
      parts.append("frozen: " + frozen.map(\.rawValue).joined(separator: ", "))
    }
    if projection != nil { parts.append("gradient projection") }
    if let insertionScale { parts.append("transformers inserted at \(insertionScale)") }
    return parts.isEmpty ? "all blocks" : parts.joined(separator: "; ")
  }
}
