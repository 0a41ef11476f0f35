import Foundation
import Kirchhoff

/// What `kirchhoff evaluate --crossbar` prints.
struct AnalogReport: Encodable {
  /// A swept parameter at one of its values.
  struct Setting: Encodable {
    var name: String
    var value: Double

    var text: String { name == "seconds" ? Durations.text(Float(value)) : short(value) }
  }

  /// One network on one kind of hardware.
  struct Row: Encodable {
    var settings: [Setting]
    var network: EvaluatedSubnet
    var analog: AnalogScore
  }

  var source: String
  var hardware: String
  var data: String
  /// Which images were classified: test or training.
  var images: String
  /// Whether all but linear layers and dense convolutions is digital.
  var isAllDigitalElsewhere: Bool
  var rows: [Row]

  private enum CodingKeys: String, CodingKey { case source, hardware, data, images, rows }

  var text: String {
    let names = rows.first?.settings.map(\.name) ?? []
    var table = Table(
      names.map { ($0, .right) } + [
        ("subnet", .left), ("digital", .right), ("on arrays", .right), ("", .left),
        ("change", .right), ("", .left), ("arrays", .right), ("devices", .right),
      ])
    for row in rows {
      let layers = row.analog.layers
      table.add(
        row.settings.map(\.text) + [
          row.network.label, percent(row.analog.digital.accuracy),
          percent(row.analog.accuracy.mean), Self.half(row.analog.accuracy),
          String(format: "%+.2f", 100 * row.analog.change.mean), Self.half(row.analog.change),
          grouped(layers.reduce(0) { $0 + $1.arrays }),
          grouped(layers.reduce(0) { $0 + $1.devices }),
        ])
    }
    let chips = rows.first?.analog.chips.count ?? 0
    let count = grouped(rows.first?.analog.digital.images ?? 0)
    return """
      \(source) on \(hardware): \(chips) chip\(chips == 1 ? "" : "s"), \(count) \(images) images of \
      \(data)
      \(isAllDigitalElsewhere ? "depthwise convolutions, Q·Kᵀ, A·V, norms and activations are" : "what the plan leaves out is") \
      digital; ± is a 95 % interval over chips

      \(table.text(indent: 2))
      """
  }

  /// Layers whose converters are too small, once each.
  var warnings: [String] {
    var seen = Set<String>()
    return rows.flatMap(\.analog.saturatedLayers).filter { seen.insert($0.layer).inserted }.map {
      "\($0.layer): \(percent($0.saturatedShare)) of the ADC's samples saturate"
    }
  }

  static func half(_ interval: Interval) -> String {
    interval.halfWidth.map { "± " + String(format: "%.2f", 100 * $0) } ?? ""
  }
}
