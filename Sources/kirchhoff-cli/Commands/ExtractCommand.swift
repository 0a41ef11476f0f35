import ArgumentParser
import Kirchhoff

/// `kirchhoff extract`: a subnet as a file of its own.
struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Write a subnet of a trained supernet to a file.",
    discussion: """
      The file is in the safetensors format. It holds the weights that the subnet uses, under the \
      names of the checkpoint, mean and variance of its calibrated batch norms, and as metadata the \
      subnet, the space, the classes and how images are normalised.

      Examples:
        kirchhoff extract runs/mini --subnet smallest --to small.safetensors
        kirchhoff extract runs/mini --subnet r28_s16_c24-k3e4_c32-k3e4_c64-k5e4 --to a.safetensors \
      --verify
      """)

  @Argument(help: "The run directory.", completion: .directory)
  var run: String

  @Option(
    help: ArgumentHelp("largest, smallest, cnn, vit or an id.", valueName: "subnet"),
    completion: .list(SubnetSelection.words))
  var subnet: SubnetSelection

  @Option(
    help: ArgumentHelp("The file to write.", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var to: String

  @Flag(help: "Read the file back and compare with the supernet, bit for bit.")
  var verify = false

  @Flag(help: "Replace a file that is there.")
  var force = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  /// What the command reports.
  private struct Result: Encodable {
    var id: String
    var file: String
    var bytes: Int
    var parameters: Int
    var macs: Int
    /// Nil where it was not asked for.
    var verified: SubnetScore?
  }

  func validate() throws {
    if case .random = subnet { throw ValidationError("--subnet takes one subnet here.") }
  }

  func run() throws {
    if !force, Folder.exists(to) {
      throw KirchhoffError(
        .usage, subject: to, found: "a file", expected: "a new one",
        hint: "--force replaces it")
    }
    compute.apply()
    let trained = try TrainedRun(run)
    let subnet = try self.subnet.subnets(of: trained.space, seed: 0)[0].subnet
    let extraction = try Extraction(subnet, of: trained)
    try extraction.write(to: to)
    let score = verify ? try extraction.verify(to) : nil
    let result = Result(
      id: subnet.id, file: to, bytes: try Folder.read(to).count,
      parameters: extraction.parameters, macs: try trained.space.cost(of: subnet).macs,
      verified: score)
    if output.json { return try printJSON(result) }
    print("\(result.id)")
    print(
      "\(to): \(grouped(result.parameters)) parameters, \(grouped(result.macs)) MACs, "
        + megabytes(result.bytes))
    if let score {
      print(
        "verified: accuracy \(percent(score.accuracy)), the same as in the supernet, bit for bit")
    }
  }
}
