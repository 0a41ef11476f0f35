import Foundation
import Kirchhoff

/// What `kirchhoff evaluate` prints for a network that was trained on arrays.
struct TransferReport: Encodable {
  /// The network on one kind of other chips.
  struct Row: Encodable {
    var settings: [AnalogReport.Setting]
    var transfer: TrainedNetwork.Transfer
  }

  var source: String
  var network: String
  var data: String
  /// Which images were classified: test or training.
  var images: String
  var step: Int
  /// Accuracy on the chip that the network was trained on.
  var accuracy: Double
  /// The arrays that it was moved to, where it was.
  var hardware: String?
  var rows: [Row]

  var text: String {
    let own =
      "\(source), step \(grouped(step)): \(percent(accuracy)) of the \(images) images of \(data)"
    guard let hardware, let first = rows.first else { return own }
    var table = Table(
      first.settings.map { ($0.name, .right) } + [
        ("on arrays", .right), ("", .left), ("change", .right), ("", .left),
      ])
    for row in rows {
      table.add(
        row.settings.map(\.text) + [
          percent(row.transfer.accuracy.mean), AnalogReport.half(row.transfer.accuracy),
          String(format: "%+.2f", 100 * row.transfer.change.mean),
          AnalogReport.half(row.transfer.change),
        ])
    }
    let chips = first.transfer.chips.count
    return """
      \(own)
      moved to \(hardware), \(chips) chip\(chips == 1 ? "" : "s"), without training there; ± is a 95 % \
      interval over chips

      \(table.text(indent: 2))
      """
  }
}
