import Foundation
import Kirchhoff

/// A subnet as a file of its own: the weights it uses, with calibrated batch norms.
struct Extraction {
  private let trained: TrainedRun
  private let subnet: Subnet
  private let windows: [TensorWindow]
  private let evaluator: SubnetEvaluator
  private let statistics: NormStatistics

  init(_ subnet: Subnet, of trained: TrainedRun) throws {
    self.trained = trained
    self.subnet = subnet
    windows = SubnetWindows(try trained.space.plan(for: subnet), of: trained.supernet).windows
    evaluator = try trained.evaluator()
    statistics = try evaluator.statistics(subnet)
  }

  /// Values in the file, batch-norm statistics not counted.
  var parameters: Int { windows.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// Writes the file in one step.
  func write(to path: String) throws {
    let store = trained.supernet.store
    let slots = normSlots
    var sources: [TensorSource] = []
    for window in windows {
      guard let entry = store.entry(named: window.name) else { throw absent(window.name, path) }
      sources.append(
        TensorSource(
          name: window.name, shape: window.shape,
          floats: window.gather(store.value(entry.parameter))))
      guard window.name.hasSuffix(".gamma"), let offset = slots[window.name] else { continue }
      let range = offset..<offset + window.shape[0]
      let norm = window.name.dropLast("gamma".count)
      sources.append(
        TensorSource(
          name: norm + "mean", shape: window.shape, floats: Array(statistics.means[range])))
      sources.append(
        TensorSource(
          name: norm + "variance", shape: window.shape,
          floats: Array(statistics.variances[range])))
    }
    try SafetensorsWriter.write(sources, metadata: metadata, to: path)
  }

  /// Reads the file back into an empty network and compares: weights outside the subnet are no
  /// numbers there, so whatever the file lacks spoils the result.
  ///
  /// - Returns: The score, the same from the file and from the supernet.
  /// - Throws: `KirchhoffError` when the two differ in a single bit.
  func verify(_ path: String) throws -> SubnetScore {
    let file = try SafetensorsFile(path: path)
    let copy = Supernet(space: trained.space, seed: 0)
    for entry in copy.store.entries {
      copy.store.set(entry.parameter, to: Tensor(repeating: .nan, shape: entry.parameter.shape))
    }
    for window in windows {
      guard let entry = copy.store.entry(named: window.name), let read = file[window.name],
        read.shape == window.shape
      else { throw absent(window.name, path) }
      var values = copy.store.value(entry.parameter)
      window.scatter(try file.floats(window.name), into: &values)
      copy.store.set(entry.parameter, to: values)
    }
    let other = try trained.evaluator(of: copy)
    let found = try other.score(subnet)
    let expected = try evaluator.score(subnet)
    try compareNorms(try other.statistics(subnet), file)
    guard found == expected else {
      throw KirchhoffError(
        .internalError, subject: path,
        found: "accuracy \(found.accuracy), loss \(found.loss)",
        expected: "accuracy \(expected.accuracy), loss \(expected.loss), as in the supernet")
    }
    return found
  }

  /// The statistics in the file are those that the copy calibrates to.
  private func compareNorms(_ calibrated: NormStatistics, _ file: SafetensorsFile) throws {
    for (gamma, offset) in normSlots {
      let norm = gamma.dropLast("gamma".count)
      for (part, all) in [("mean", calibrated.means), ("variance", calibrated.variances)] {
        guard let entry = file[norm + part] else { continue }
        let range = offset..<offset + entry.shape[0]
        guard try file.floats(norm + part) == Array(all[range]) else {
          throw KirchhoffError(
            .internalError, subject: file.path, place: norm + part, found: "other values",
            expected: "those of the supernet")
        }
      }
    }
  }

  /// Where the channels of each batch norm begin, by the name of its scale: batch norms have their
  /// places in the order in which they are declared.
  private var normSlots: [String: Int] {
    var slots: [String: Int] = [:]
    var offset = 0
    for entry in trained.supernet.store.entries
    where entry.name.hasSuffix(".gamma") && !Self.isLayerNorm(entry.name) {
      slots[entry.name] = offset
      offset += entry.parameter.shape.count
    }
    precondition(
      offset == trained.supernet.normChannels,
      "\(offset) channels of batch norms, \(trained.supernet.normChannels) expected")
    return slots
  }

  private static func isLayerNorm(_ name: String) -> Bool {
    name.contains(".vit.") || name.hasPrefix("head.norm.")
  }

  private var metadata: [String: String] {
    func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: " ") }
    return [
      "kirchhoff.subnet": subnet.id, "kirchhoff.space": (try? trained.space.yaml()) ?? "",
      "kirchhoff.step": "\(trained.step)", "kirchhoff.data": trained.data.test.name,
      "kirchhoff.mean": list(trained.normalisation.mean),
      "kirchhoff.deviation": list(trained.normalisation.deviation),
      "kirchhoff.classes": trained.data.training.classNames.joined(separator: "\n"),
    ]
  }

  private func absent(_ name: String, _ path: String) -> KirchhoffError {
    KirchhoffError(
      .internalError, subject: path, place: name, found: "nothing",
      expected: "a weight of \(subnet.id)")
  }
}
