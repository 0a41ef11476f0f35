import ArgumentParser
import Foundation
import Kirchhoff

/// `kirchhoff evaluate`: the accuracy of subnets of a run, or of an extracted network.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract:
      "Score subnets of a trained supernet, a network extracted from one, or one trained on arrays.",
    discussion: """
      The weights are those of the run's last sound checkpoint, averaged where the run averages them. \
      Before a subnet is scored its batch norms are calibrated on training images; an extracted \
      network brings its statistics with it.

      Subnets are largest, smallest, cnn, vit (the largest without transformer blocks, and the one \
      with most), random:N, or an id such as the tables show.

      Examples:
        kirchhoff evaluate runs/one
        kirchhoff evaluate runs/one largest smallest random:8 --images 2000
        kirchhoff evaluate runs/one largest --convention sample-weighted-biased --batches 20
        kirchhoff evaluate runs/one largest --no-calibration        accuracy collapses
        kirchhoff evaluate runs/one random:100 --seed 5 --json > scores.json
        kirchhoff evaluate best.safetensors --on training
        kirchhoff evaluate runs/one largest --crossbar pcm --time 1h,1d,1y
        kirchhoff evaluate runs/one --crossbar rram --sweep read-noise=0:0.2:9 --sweep adc-bits=4:8
        kirchhoff evaluate best.safetensors --crossbar plan.yaml
        kirchhoff evaluate runs/lenet --crossbar bulk-switching-2bit     on other chips, as trained
      """)

  /// Which images are classified.
  enum Images: String, CaseIterable, ExpressibleByArgument {
    case test
    case training
  }

  @Argument(
    help: "A run directory, or the .safetensors file of an extracted network.",
    completion: .file())
  var source: String

  @Argument(
    help: "Subnets (default: largest, smallest, cnn, vit and four random ones).",
    completion: .list(SubnetSelection.words))
  var subnets: [SubnetSelection] = []

  @Option(help: "Classify so many images, each class by its share (default: all).")
  var images: Int?

  @Option(help: "Which images are classified.")
  var on = Images.test

  @OptionGroup var calibration: CalibrationOptions
  @OptionGroup var crossbar: CrossbarOptions

  @Flag(help: "Leave batch norms as they begin: the negative control.")
  var noCalibration = false

  @Option(help: "Other data than the run's: a name or path.")
  var data: String?

  @Option(help: "Decides random subnets (default: the run's seed).")
  var seed: UInt64?

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let images, images < 1 {
      throw ValidationError("--images is \(images); it has to be at least 1.")
    }
    if noCalibration, !calibration.isEmpty {
      throw ValidationError("--no-calibration goes with no option of the calibration.")
    }
    if crossbar.hardware != nil, noCalibration {
      throw ValidationError("--crossbar runs calibrated networks: leave --no-calibration out.")
    }
    guard isFile else { return }
    if crossbar.resume { throw ValidationError("--resume takes a run directory.") }
    if noCalibration || !calibration.isEmpty {
      throw ValidationError("An extracted network brings its batch-norm statistics with it.")
    }
    if !subnets.isEmpty { throw ValidationError("A file holds one network: name no subnets.") }
  }

  func run() throws {
    compute.apply()
    if !isFile, NetworkConfig.recognises(RunPaths(source).config) { return try evaluateNetwork() }
    if crossbar.hardware != nil { return try evaluateOnArrays() }
    let report = try isFile ? evaluateFile() : evaluateRun()
    output.json ? try printJSON(report) : print(report.text)
  }

  private var isFile: Bool { source.hasSuffix(".safetensors") }

  /// A run with what of it is to be scored.
  private struct Opened {
    let trained: TrainedSupernet
    let chosen: [(label: String, subnet: Subnet)]
    let images: ImageDataset
    let calibration: TrainingConfig.Calibration
    let evaluator: SubnetEvaluator

    var space: SupernetSpace { trained.supernet.space }
  }

  private func open() throws -> Opened {
    let trained = try TrainedSupernet(RunPaths(source), data: data.map { DatasetSource($0) })
    let chosen = try choice(of: trained.supernet.space, trained.config)
    let images = selected(trained.data)
    let calibration = calibration.applied(to: trained.config.calibration)
    return Opened(
      trained: trained, chosen: chosen, images: images, calibration: calibration,
      evaluator: try trained.evaluator(calibration: calibration, on: images))
  }

  private func evaluateRun() throws -> EvaluationReport {
    let run = try open()
    let bar = ProgressBar(
      total: run.chosen.count, unit: .items("subnets"), style: .automatic(quiet: quiet))
    let rows = try run.chosen.enumerated().map { index, chosen in
      let score = try run.evaluator.score(chosen.subnet, calibrated: !noCalibration)
      bar.update(step: index + 1, phase: "evaluating")
      return try EvaluatedSubnet(chosen.label, chosen.subnet, of: run.space, score: score)
    }
    bar.finish()
    return EvaluationReport(
      source: source, space: run.space.name, data: run.images.name, images: on.rawValue,
      step: run.trained.step, isAveraged: run.trained.isAveraged,
      calibration: noCalibration ? nil : run.calibration, subnets: rows)
  }

  /// What is put on arrays.
  private struct OnArrays {
    var networks:
      [(label: String, subnet: Subnet, classifier: any Classifier, digital: SubnetScore)]
    let space: SupernetSpace
    let images: ImageDataset
    /// Where ranges of converters come from.
    let calibration: ImageDataset
    let seed: UInt64
    let step: Int
    /// What else decides a score.
    let remark: String
    /// Where chips are kept; nil for a file, which has no run directory.
    let log: ChipLog?
  }

  private func subnetsOnArrays() throws -> OnArrays {
    let run = try open()
    let trained = run.trained
    return OnArrays(
      networks: try run.chosen.map { label, subnet in
        let classifier = try SubnetClassifier(
          subnet, of: trained.supernet, norms: run.evaluator.statistics(subnet),
          normalisation: trained.normalisation)
        return (label, subnet, classifier, try run.evaluator.score(subnet))
      },
      space: run.space, images: run.images, calibration: trained.data.training,
      seed: seed ?? trained.config.seed, step: trained.step, remark: "\(run.calibration)",
      log: try ChipLog(path: trained.paths.chips, resume: crossbar.resume))
  }

  private func fileOnArrays() throws -> OnArrays {
    let (network, pair) = try openFile()
    let images = selected(pair)
    return OnArrays(
      networks: [("network", network.subnet, network, try network.score(images))],
      space: network.card.space, images: images, calibration: pair.training, seed: seed ?? 1,
      step: network.card.step, remark: "", log: nil)
  }

  private func evaluateOnArrays() throws {
    let points = try crossbar.points()
    let run = try isFile ? fileOnArrays() : subnetsOnArrays()
    let total = points.count * run.networks.count * crossbar.chips
    let bar = ProgressBar(total: total, unit: .items("chips"), style: .automatic(quiet: quiet))
    var rows: [AnalogReport.Row] = []
    SignalGuard.install()
    for point in points {
      for network in run.networks {
        let done = rows.count * crossbar.chips
        func key(_ chip: Int) -> ChipLog.Key {
          ChipLog.Key(
            plan: point.plan, subnet: network.subnet.id, step: run.step,
            images: "\(run.images.count) \(on.rawValue) images of \(run.images.name) \(run.remark)",
            seed: run.seed, chip: chip)
        }
        let score = try analog(
          network.classifier, on: point.plan, seed: run.seed, calibration: run.calibration
        ).score(
          run.images, chips: crossbar.chips, digital: network.digital,
          known: { run.log?.score(key($0)) }
        ) { chip, score in
          try run.log?.add(score, key(chip))
          bar.update(step: done + chip + 1, phase: network.label)
          try SignalGuard.check(
            saved: run.log == nil
              ? "nothing of a file's chips is saved"
              : "\(done + chip + 1) of \(total) chips are saved; go on with --resume")
        }
        rows.append(
          AnalogReport.Row(
            settings: point.settings.map { AnalogReport.Setting(name: $0.name, value: $0.value) },
            network: try EvaluatedSubnet(
              network.label, network.subnet, of: run.space, score: score.digital),
            analog: score))
      }
    }
    bar.finish()
    let report = AnalogReport(
      source: source, hardware: crossbar.hardware ?? "", data: run.images.name, images: on.rawValue,
      isAllDigitalElsewhere: points.allSatisfy { $0.plan.isUniform }, rows: rows)
    output.json ? try printJSON(report) : print(report.text)
    for warning in report.warnings { note("warning: \(warning)") }
  }

  /// A network that was trained on arrays: on its own chip, and on others.
  private func evaluateNetwork() throws {
    if !subnets.isEmpty || noCalibration || !calibration.isEmpty || data != nil {
      throw ValidationError(
        "The run is of a network: it has no subnets, and keeps its data and calibration.")
    }
    let trained = try TrainedNetwork(RunPaths(source))
    let images = selected(trained.data)
    let points = try crossbar.points()
    let bar = ProgressBar(
      total: points.count * crossbar.chips, unit: .items("chips"), style: .automatic(quiet: quiet))
    SignalGuard.install()
    var rows: [TransferReport.Row] = []
    for point in points {
      let transfer = try trained.transfer(
        to: point.plan, chips: crossbar.chips, seed: seed ?? trained.config.seed, on: images
      ) { chip in
        bar.update(step: rows.count * crossbar.chips + chip, phase: "chips")
        try SignalGuard.check(saved: "nothing is saved before the table")
      }
      rows.append(
        TransferReport.Row(
          settings: point.settings.map { AnalogReport.Setting(name: $0.name, value: $0.value) },
          transfer: transfer))
    }
    bar.finish()
    let report = TransferReport(
      source: source, network: trained.config.network.name, data: images.name,
      images: on.rawValue, step: trained.step,
      accuracy: try rows.first?.transfer.own ?? trained.accuracy(on: images),
      hardware: crossbar.hardware, rows: rows)
    output.json ? try printJSON(report) : print(report.text)
  }

  private func openFile() throws -> (network: StandaloneNetwork, data: DatasetPair) {
    let network = try StandaloneNetwork(contentsOf: source)
    let source = data.map { DatasetSource($0) } ?? network.card.data
    return (network, try DatasetRegistry.standard().load(source))
  }

  private func evaluateFile() throws -> EvaluationReport {
    let (network, pair) = try openFile()
    let card = network.card
    let images = selected(pair)
    let row = try EvaluatedSubnet(
      "network", network.subnet, of: card.space, score: network.score(images))
    return EvaluationReport(
      source: source, space: card.space.name, data: images.name, images: on.rawValue,
      step: card.step, isAveraged: nil, calibration: card.calibration, subnets: [row])
  }

  private func choice(
    of space: SupernetSpace, _ config: TrainingConfig
  ) throws -> [(label: String, subnet: Subnet)] {
    let seed = seed ?? config.seed
    if subnets.isEmpty {
      return space.representativeSubnets(sampled: 4, seed: seed)
        .map { ($0.group.rawValue, $0.subnet) }
    }
    return try subnets.flatMap { try $0.subnets(of: space, seed: seed) }
  }

  private func selected(_ data: DatasetPair) -> ImageDataset {
    let all = on == .test ? data.test : data.training
    return images.map { all.subset(limit: $0) } ?? all
  }
}
