import Foundation
import RunLog
import Runtime
import Testing

/// A config with everything that configs have: groups, lists of groups, optionals, enums.
struct TestConfig: ValidatedConfig, Equatable, Sendable {
  struct Train: ValidatedConfig, Equatable, Sendable {
    var steps = 100
    var learningRate = 0.1
    var gradientClip: Double?
    var labels = "smooth"
    func validate() throws {
      try require("steps", steps, in: 1...1_000_000)
      try require("learningRate", learningRate, "a rate above 0", learningRate > 0)
    }
  }
  struct Phase: ValidatedConfig, Equatable, Sendable {
    var name: String
    var share: Float = 1
    func validate() throws { try require("share", share, in: 0...1) }
  }
  struct Defaulted: DefaultedConfig, Equatable, Sendable {
    var size = 3
    var name: String? = "x"
    func validate() throws {}
  }
  enum Sampler: String, Codable, CaseIterable, Sendable { case uniform, bestUp, worstUp }
  enum Schedule: Codable, Equatable, Sendable {
    case cosine(warmup: Int)
    case step(every: Int, factor: Double)
  }

  var train = Train()
  var phases = [Phase(name: "one"), Phase(name: "two", share: 0.5)]
  var sampler = Sampler.uniform
  var schedule = Schedule.cosine(warmup: 5)
  var widths = [[8, 16], [24]]
  var freeze = false
  var seed: UInt64 = 1
  var defaulted: [Defaulted] = []
  var single = Defaulted()
  var weights: [String: Double] = ["max": 1]

  func validate() throws {
    try require("phases", phases.count, "1 to 9 phases", 1...9 ~= phases.count)
  }

  static var large: TestConfig {
    var config = TestConfig()
    config.train.steps = 9000
    config.train.gradientClip = 1
    return config
  }
}

@Suite struct ConfigLoaderTests {
  let loader = ConfigLoader(presets: [
    ConfigPreset(name: "mini", summary: "small", config: TestConfig()),
    ConfigPreset(name: "large", summary: "large", config: TestConfig.large),
  ])

  private func parse(_ yaml: String, _ overrides: [String] = []) throws -> TestConfig {
    try loader.parse(yaml, subject: "a.yaml", overrides: overrides)
  }

  @Test func presetsLoadByName() throws {
    #expect(try loader.load(nil) == TestConfig())
    #expect(try loader.load("large") == TestConfig.large)
    let error = kirchhoffError { _ = try loader.load("mni") }
    #expect(error?.kind == .usage)
    #expect(error?.hint == "did you mean mini?")
  }

  @Test func aFileLiesOverItsBase() throws {
    let yaml = """
      base: large
      train:
        learningRate: 5e-2
      sampler: bestUp
      widths: [[1], [2, 3]]
      """
    var expected = TestConfig.large
    expected.train.learningRate = 0.05
    expected.sampler = .bestUp
    expected.widths = [[1], [2, 3]]
    #expect(try parse(yaml) == expected)
    #expect(try parse("") == TestConfig())
    #expect(try parse("base: large") == TestConfig.large)
  }

  @Test func optionsLieOverTheFile() throws {
    let config = try parse(
      "train: {steps: 7}",
      [
        "train.steps=1e3", "phases.1.share=0.25", "freeze=true", "train.gradientClip=2",
        "schedule={step: {every: 30, factor: 0.1}}", "weights.min=0.5", "train.labels=7",
        "seed=0x10",
      ])
    #expect(config.train.steps == 1000)
    #expect(config.phases.map(\.share) == [1, 0.25])
    #expect(config.freeze)
    #expect(config.train.gradientClip == 2)
    #expect(config.schedule == .step(every: 30, factor: 0.1))
    #expect(config.weights == ["max": 1, "min": 0.5])
    #expect(config.train.labels == "7")
    #expect(config.seed == 16)
    #expect(
      try loader.load("large", overrides: ["train.gradientClip=null"]).train.gradientClip == nil)
  }

  @Test func whatIsSavedLoadsEqual() throws {
    var config = TestConfig.large
    config.train.gradientClip = nil
    config.train.learningRate = 1.0 / 3
    config.train.labels = "yes: \"no\" # é\n"
    config.phases[0].name = "12"
    config.phases[1].share = 0.1
    config.schedule = .step(every: 2, factor: 1e-12)
    config.seed = .max
    config.weights = ["a b": .infinity, "on": -0.0]
    let text = try ConfigYAML.text(config)
    #expect(try parse(text) == config)
    #expect(text.contains("widths: [[8, 16], [24]]"))
    #expect(text.contains("phases:\n  - name: \"12\"\n    share: 1.0\n"))
  }

  @Test func defaultsFillListsButNotSavedConfigs() throws {
    let config = try parse("defaulted: [{size: 4}, {name: y}]")
    let expected = [TestConfig.Defaulted(size: 4), TestConfig.Defaulted(size: 3, name: "y")]
    #expect(config.defaulted == expected)
    // A preset's nil is a nil, also below a file that changes the group.
    var nameless = TestConfig()
    nameless.single = TestConfig.Defaulted(size: 9, name: nil)
    let loader = ConfigLoader(presets: [ConfigPreset(name: "a", summary: "", config: nameless)])
    #expect(try loader.parse("single: {size: 2}", subject: "a.yaml").single.name == nil)
    var saved = TestConfig()
    saved.defaulted = [TestConfig.Defaulted(size: 1, name: nil)]
    #expect(try parse(try ConfigYAML.text(saved)) == saved)
  }

  @Test func aFileThatIsNotThereIsNamed() {
    let error = kirchhoffError { _ = try loader.load("absent.yaml") }
    #expect(error?.kind == .io)
    #expect(error?.subject == "absent.yaml")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var yaml: String
    var options: [String] = []
    var subject = "a.yaml"
    var place: String?
    var found: String
    var expected: String?
    var hint: String?
    var testDescription: String { yaml + options.joined(separator: " ") }
  }

  @Test(arguments: [
    Case(
      yaml: "seed: 1\ntrain:\n  stepz: 5", place: "line 3, key train.stepz",
      found: "the unknown key stepz", expected: "steps, learningRate, gradientClip, labels",
      hint: "did you mean steps?"),
    Case(
      yaml: "trian: {steps: 5}", place: "line 1, key trian", found: "the unknown key trian",
      hint: "did you mean train?"),
    Case(
      yaml: "train:\n  gradientClp: 1", place: "line 2, key train.gradientClp",
      found: "the unknown key gradientClp", hint: "did you mean gradientClip?"),
    Case(
      yaml: "phases:\n- name: a\n  share: 1\n  shar: 1", place: "line 4, key phases.0.shar",
      found: "the unknown key shar", expected: "one of name, share",
      hint: "did you mean share?"),
    Case(
      yaml: "phases:\n- name: a\n  shar: 1", place: "line 2, key phases.0.share",
      found: "no such key", hint: "is shar meant for share?"),
    Case(
      yaml: "", options: ["train.step=5"], subject: "--set train.step=5", place: "key train.step",
      found: "the unknown key step", hint: "did you mean steps?"),
    Case(
      yaml: "train:\n  steps: many", place: "line 2, key train.steps", found: "many",
      expected: "a whole number"),
    Case(
      yaml: "train: {steps: 1.5}", place: "line 1, key train.steps", found: "1.5",
      expected: "a whole number"),
    Case(
      yaml: "train: {steps: \"5\"}", place: "line 1, key train.steps", found: "\"5\"",
      expected: "a whole number"),
    Case(yaml: "train: {steps: [5]}", place: "line 1, key train.steps", found: "a list of 1"),
    Case(
      yaml: "seed: -1", place: "line 1, key seed", found: "-1",
      expected: "0 to 18446744073709551615"),
    Case(yaml: "freeze: yes", place: "line 1, key freeze", found: "yes", expected: "true or false"),
    Case(
      yaml: "sampler: bestup", place: "line 1, key sampler", found: "bestup",
      expected: "one of uniform, bestUp, worstUp", hint: "did you mean bestUp?"),
    Case(
      yaml: "train: 5", place: "line 1, key train", found: "5", expected: "a group of keys"),
    Case(yaml: "widths: 5", place: "line 1, key widths", found: "5", expected: "a list"),
    Case(
      yaml: "train:\n  steps: 0", place: "line 2, key train.steps", found: "0",
      expected: "1 to 1000000"),
    Case(
      yaml: "phases: [{name: a, share: 2}]", place: "line 1, key phases.0.share", found: "2.0",
      expected: "0.0 to 1.0"),
    Case(
      yaml: "", options: ["train.learningRate=-1"], subject: "--set train.learningRate=-1",
      place: "key train.learningRate", found: "-1.0", expected: "a rate above 0"),
    Case(yaml: "phases: []", place: "line 1, key phases", found: "0", expected: "1 to 9 phases"),
    Case(
      yaml: "phases: [{share: 1}]", place: "line 1, key phases.0.name", found: "no such key",
      expected: "a value"),
    Case(
      yaml: "phases: [{nam: x}]", place: "line 1, key phases.0.name", found: "no such key",
      hint: "is nam meant for name?"),
    Case(
      yaml: "schedule: {linear: {}}", place: "line 1, key schedule.linear",
      found: "the unknown key linear"),
    Case(
      yaml: "schedule:\n  cosine:\n    warmup: 1\n    wormup: 2",
      place: "line 4, key schedule.cosine.wormup", found: "the unknown key wormup",
      hint: "did you mean warmup?"),
    Case(
      yaml: "schedule: {step: {every: 3}}", place: "key schedule.step.factor",
      found: "no such key"),
    Case(
      yaml: "defaulted: [{sise: 3}]", place: "key defaulted.0.sise", found: "the unknown key sise"),
    Case(
      yaml: "base: minj", place: "line 1, key base", found: "no preset", hint: "did you mean mini?"),
    Case(yaml: "train: {steps: 5", place: "line 2, column 1", found: "did not find expected"),
    Case(yaml: "seed: 1\nseed: 2", place: "line 1", found: "the key seed more than once"),
    Case(yaml: "- 5", place: "line 1", found: "a list of 1", expected: "a group of keys"),
    Case(
      yaml: "", options: ["train.steps"], subject: "--set train.steps", found: "train.steps",
      expected: "key.path=value"),
    Case(
      yaml: "", options: ["phases.7.share=1"], subject: "--set phases.7.share=1", place: "key 7",
      found: "7", expected: "an index 0 to 1"),
    Case(
      yaml: "", options: ["seed.a=1"], subject: "--set seed.a=1", place: "key a",
      found: "a value (1) above it"),
  ])
  func mistakesAreExplained(_ test: Case) throws {
    let error = try #require(kirchhoffError { _ = try parse(test.yaml, test.options) })
    #expect(error.subject == test.subject)
    if let place = test.place { #expect(error.place?.contains(place) == true, "\(error)") }
    #expect(error.found?.contains(test.found) == true, "\(error)")
    if let expected = test.expected {
      #expect(error.expected?.contains(expected) == true, "\(error)")
    }
    if let hint = test.hint { #expect(error.hint == hint, "\(error)") }
  }
}
