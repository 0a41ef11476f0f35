import Crossbar
import Foundation

/// Mapping tables: how many devices and arrays a network takes, and what an image costs.
///
/// Wu et al., *Bulk-switching memristor-based compute-in-memory module for deep neural network
/// training*, Adv. Mater. 2023, arXiv 2305.14547.
public enum BulkSwitchingMapping {
  /// A read of an array: 9 cycles of 100 MHz for each of the 8 columns that share a converter.
  public static let operationSeconds = 72.0 / 100e6
  /// A read of a 64 × 64 array (measured), and of a 256 × 64 one (assumed in the paper).
  public static let smallTileJoules = 2.66e-9, largeTileJoules = 2.93e-9

  /// All three networks.
  public static func tables() throws -> [StudyTable] {
    let lenet = try MappedNetwork(BulkSwitchingNetworks.lenet, rows: 64, columns: 64)
    let vgg8 = try MappedNetwork(BulkSwitchingNetworks.vgg8, rows: 256, columns: 64)
    let resnet18 = try MappedNetwork(BulkSwitchingNetworks.resnet18, rows: 256, columns: 64)
    return [
      table(
        "LeNet on 64 × 64 arrays", lenet, smallTileJoules,
        Paper(
          devices: "6,440", arrays: "6", tileOperations: "707", latency: "0.46",
          interval: "0.42", energy: "1.9")),
      table(
        "VGG-8 on 256 × 64 arrays", vgg8, largeTileJoules, Paper(devices: "1.10 M")),
      table(
        "ResNet-18 on 256 × 64 arrays", resnet18, largeTileJoules,
        Paper(
          devices: "22.3 M", arrays: "1,480", tileOperations: "81,922", latency: "4.90",
          interval: "0.75", energy: "240")),
    ]
  }

  /// What the paper leaves open.
  public static let notes = [
    "An image's interval in the paper lies a little above the slowest layer's time, by an overhead that "
      + "it does not define; ours is the slowest layer's time."
  ]

  private struct Paper {
    var devices: String
    var arrays: String?
    var tileOperations: String?
    var latency: String?
    var interval: String?
    var energy: String?
  }

  private static func table(
    _ title: String, _ network: MappedNetwork, _ tileJoules: Double, _ paper: Paper
  ) -> StudyTable {
    func count(_ name: String, _ value: Int, _ paper: String?) -> StudyTable.Row {
      StudyTable.Row(name: name, paper: paper, ours: Double(value), text: "\(value)")
    }
    func number(_ name: String, _ value: Double, _ paper: String?) -> StudyTable.Row {
      StudyTable.Row(
        name: name, paper: paper, ours: value, text: String(format: "%.6g", value))
    }
    let latency = network.latencySeconds(operationSeconds: operationSeconds)
    let interval = network.intervalSeconds(operationSeconds: operationSeconds)
    return StudyTable(
      title: title,
      rows: [
        count("devices", network.devices, paper.devices),
        count("FLOPs", network.operationsOfImage, nil),
        count("arrays", network.arrays, paper.arrays),
        count("operations", network.operations, nil),
        count("tile operations", network.tileOperations, paper.tileOperations),
        number("latency, ms", 1e3 * latency, paper.latency),
        number("interval when pipelined, ms", 1e3 * interval, paper.interval),
        number(
          "energy, µJ", 1e6 * network.energyJoules(tileOperationJoules: tileJoules), paper.energy),
      ])
  }
}
