import ArgumentParser
import Kirchhoff

/// `kirchhoff evaluate`: the accuracy of subnets of a trained supernet.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Calibrate and test subnets of a trained supernet.",
    discussion: """
      The weights are those of the run's last checkpoint. Batch norms are calibrated for each subnet, \
      as the run's config says.

      Examples:
        kirchhoff evaluate runs/mini
        kirchhoff evaluate runs/mini --subnet largest --subnet smallest
        kirchhoff evaluate runs/mini --subnet random:20 --seed 5 --json
        kirchhoff evaluate runs/mini --subnet r28_s16_c24-k3e4_c32-k3e4_c64-k5e4
      """)

  @Argument(help: "The run directory.", completion: .directory)
  var run: String

  @Option(
    help: ArgumentHelp(
      """
      largest, smallest, cnn, vit, random:N or an id; may be given several times (default: the \
      subnets of the table at the end of the training).
      """, valueName: "subnet"),
    completion: .list(SubnetSelection.words + ["random:10"]))
  var subnet: [SubnetSelection] = []

  @Option(help: "Test images; 0 for all (default: as the run's config says).")
  var images: Int?

  @Option(help: "The seed of random subnets (default: the run's).")
  var seed: UInt64?

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let images, images < 0 { throw ValidationError("--images is \(images); 0 stands for all.") }
  }

  func run() throws {
    compute.apply()
    let trained = try TrainedRun(run)
    let rows = try subnets(of: trained)
    let evaluator = try trained.evaluator(images: images)
    SignalGuard.install()
    let bar = ProgressBar(
      total: rows.count, unit: .items("subnets"), style: .automatic(quiet: quiet))
    var results: [EvaluatedSubnet] = []
    for (label, subnet) in rows {
      results.append(
        try EvaluatedSubnet(label, subnet, evaluator.score(subnet), of: trained.space))
      bar.update(step: results.count)
      try SignalGuard.check()
    }
    bar.finish()
    if output.json { return try printJSON(results) }
    print(
      "\(trained.space.name) at step \(grouped(trained.step)), "
        + "\(grouped(results.first?.images ?? 0)) test images of \(trained.data.test.name)\n")
    print(EvaluatedSubnet.table(results))
  }

  private func subnets(of trained: TrainedRun) throws -> [(label: String, subnet: Subnet)] {
    let seed = seed ?? trained.config.seed
    guard subnet.isEmpty else {
      return try subnet.flatMap { try $0.subnets(of: trained.space, seed: seed) }
    }
    return trained.space.representativeSubnets(
      sampled: trained.config.evaluation.sampled, seed: seed
    ).map { ($0.group.rawValue, $0.subnet) }
  }
}
