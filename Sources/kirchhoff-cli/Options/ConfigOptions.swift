import ArgumentParser
import Kirchhoff

/// A training config from a preset or file with changes on top.
struct ConfigOptions: ParsableArguments {
  @Argument(
    help: """
      A preset (\(Self.presets.joined(separator: ", "))) or a YAML file; the first preset where \
      nothing is named.
      """,
    completion: .custom(Self.completions))
  var config: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a value of the config; may be given several times.", valueName: "key=value"))
  var changes: [String] = []

  @Option(help: "Training steps; the same as --set steps=N.")
  var steps: Int?

  @Option(help: "The seed of everything; the same as --set seed=N.")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "Arrays that a network is trained on; the same as --set crossbar=….", valueName: "hardware"),
    completion: .list(CrossbarHardware.presets.map(\.name)))
  var crossbar: String?

  @Option(
    help:
      "How devices follow the training of a network (\(WriteRule.allCases.map(\.rawValue).joined(separator: ", "))).",
    completion: .list(WriteRule.allCases.map(\.rawValue)))
  var rule: String?

  /// The presets of all kinds of trainings.
  private static let presets =
    TrainingConfig.presets.map(\.name) + NetworkConfig.presets.map(\.name)

  /// Whether nothing but defaults was asked for.
  var isEmpty: Bool { config == nil && overrides.isEmpty }

  /// A short name for the run directory.
  var name: String {
    guard let config else { return TrainingConfig.presets[0].name }
    let last = config.split(separator: "/").last.map(String.init) ?? config
    return last.split(separator: ".").first.map(String.init) ?? last
  }

  /// Whether a network is asked for, not a supernet.
  var namesNetwork: Bool { config.map(NetworkConfig.recognises) ?? false }

  /// The config.
  ///
  /// - Throws: `KirchhoffError` for whatever is wrong with it.
  func load<Config>(_ loader: ConfigLoader<Config>) throws -> Config {
    try loader.load(config, overrides: overrides)
  }

  private var overrides: [String] {
    changes
      + [
        steps.map { "steps=\($0)" }, seed.map { "seed=\($0)" },
        crossbar.map { "crossbar=\($0)" }, rule.map { "rule=\($0)" },
      ].compactMap { $0 }
  }

  @Sendable
  private static func completions(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    presets.filter { $0.hasPrefix(prefix) }
      + Completions.yamlFiles(beginning: prefix)
  }
}
