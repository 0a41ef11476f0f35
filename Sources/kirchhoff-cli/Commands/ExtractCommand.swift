import ArgumentParser
import Foundation
import Kirchhoff

/// `kirchhoff extract`: a subnet as a network of its own.
struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Cut a subnet out of a trained supernet into a file of its own.",
    discussion: """
      The file is a safetensors file with the subnet's weights and calibrated batch-norm statistics; \
      its metadata names the space, the subnet, the data and how images are normalised. Before it \
      takes its name it is read back, and its logits are compared with those of the supernet's slice.

      Examples:
        kirchhoff extract runs/one largest --output largest.safetensors
        kirchhoff extract runs/one r28_s8_c16-k3e2_c24-k3e2_c48-k3e2 --output small.safetensors
        kirchhoff extract runs/one vit --output vit.safetensors --batches 32 --force
        kirchhoff evaluate largest.safetensors
      """)

  @Argument(help: ArgumentHelp("A run directory.", valueName: "run"), completion: .directory)
  var runFolder: String

  @Argument(
    help: "The subnet: largest, smallest, cnn, vit or an id.",
    completion: .list(SubnetSelection.words))
  var subnet: SubnetSelection

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("The file to write, which ends in .safetensors.", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var path: String

  @Flag(help: "Replace the file if it is there.")
  var force = false

  @Flag(inversion: .prefixedNo, help: "Compare the file with the supernet's slice.")
  var verify = true

  @OptionGroup var calibration: CalibrationOptions

  @Option(help: "Other data than the run's: a name or path.")
  var data: String?

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if case .random = subnet { throw ValidationError("Extract takes one subnet, not random ones.") }
    if !path.hasSuffix(".safetensors") {
      throw ValidationError("--output is \(path); it has to end in .safetensors.")
    }
  }

  func run() throws {
    compute.apply()
    if !force, FileManager.default.fileExists(atPath: path) {
      throw KirchhoffError(
        .usage, subject: path, found: "a file", expected: "nothing",
        hint: "--force replaces it, another --output leaves it alone")
    }
    let trained = try TrainedSupernet(RunPaths(runFolder), data: data.map { DatasetSource($0) })
    let chosen = try subnet.subnets(of: trained.supernet.space, seed: 0)[0].subnet
    let (network, proof) = try trained.extract(
      chosen, to: path, calibration: calibration.applied(to: trained.config.calibration),
      verifies: verify)
    let report = try ExtractionReport(network, proof: proof, file: path)
    output.json ? try printJSON(report) : print(report.text)
  }
}

/// What `kirchhoff extract` prints.
struct ExtractionReport: Encodable {
  var file: String
  var bytes: Int
  var space: String
  var subnet: String
  var step: Int
  var parameters: Int
  var macs: Int
  /// Absent where the file was not compared.
  var proof: ExtractionProof?

  init(_ network: StandaloneNetwork, proof: ExtractionProof?, file: String) throws {
    let cost = network.plan.cost
    self.file = file
    bytes =
      (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int).flatMap { $0 } ?? 0
    space = network.card.space.name
    subnet = network.subnet.id
    step = network.card.step
    parameters = cost.parameters
    macs = cost.macs
    self.proof = proof
  }

  /// A few lines: what, how large, proved how.
  var text: String {
    var table = Table(("", .left), ("", .left))
    table.add("subnet", subnet)
    table.add("of", "\(space), step \(grouped(step))")
    table.add("size", "\(grouped(parameters)) parameters, \(grouped(macs)) MACs")
    if let proof {
      table.add(
        "verified",
        "largest difference of a logit \(proof.largestDifference), at most \(proof.tolerance) "
          + "allowed; same class for \(grouped(proof.sameClass)) of \(grouped(proof.images)) images"
      )
    } else {
      table.add("verified", "no")
    }
    table.add("file", "\(file), \(megabytes(bytes))")
    return table.text()
  }
}
