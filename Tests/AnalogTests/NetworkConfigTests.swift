import Kirchhoff
import Testing

@Suite("Configs of networks on arrays")
struct NetworkConfigTests {
  private func config(_ text: String) throws -> NetworkConfig {
    try NetworkConfig.loader.parse(text, subject: "net.yaml")
  }

  @Test("Layers are read as they are written")
  func layers() throws {
    let config = try config(
      """
      base: lenet
      network:
        - {convolution: {kernel: 3, channels: 8, padding: 1}}
        - batchNorm
        - relu
        - {maxPool: 2}
        - {linear: 10}
      """)
    #expect(
      config.network
        == .layers([
          .convolution(.init(kernel: 3, channels: 8, padding: 1)), .batchNorm, .relu, .maxPool(2),
          .linear(10),
        ]))
    let again = try NetworkConfig.loader.parse(ConfigYAML.text(config), subject: "again.yaml")
    #expect(again == config)
  }

  @Test(
    "What is wrong is named with its place",
    arguments: [
      ("network: [{convolution: {kernel: 99, channels: 8}}]", "network.0.convolution.kernel"),
      ("network: [{convolution: {kernel: 3, chanels: 8}}]", "chanels"),
      ("network: [{linear: 0}]", "network.0.linear"),
      ("network: [{pool: 2}]", "network.0"),
      ("threshold: 5", "threshold"),
      ("rule: mixed", "rule"),
      ("thresold: 0.1", "did you mean threshold?"),
    ])
  func wrong(_ text: String, _ part: String) {
    let error = #expect(throws: KirchhoffError.self) { _ = try config(text) }
    #expect(error?.description.contains(part) ?? false, "\(error.map(\.description) ?? "nothing")")
  }

  @Test("Unknown networks and arrays are refused with the nearest name")
  func unknown() {
    let network = #expect(throws: KirchhoffError.self) {
      _ = try NetworkChoice.preset("lenett").resolved()
    }
    #expect(network?.hint == "did you mean \"lenet\"?")
    let arrays = #expect(throws: KirchhoffError.self) {
      _ = try config("crossbar: bulk-swiching").hardware()
    }
    #expect(arrays?.hint == "did you mean \"bulk-switching\"?")
  }

  @Test(
    "Layers that do not fit the images or classes are refused",
    arguments: [
      ([LayerDescription.linear(9)], "linear: 10"),
      ([.convolution(.init(kernel: 15, channels: 1)), .linear(10)], "no larger than the image"),
      ([.linear(5), .convolution(.init(kernel: 1, channels: 1)), .linear(10)], "before linear"),
      ([.maxPool(16), .linear(10)], "an image of at least 16 × 16"),
    ])
  func misfits(_ layers: [LayerDescription], _ part: String) throws {
    let settings = TrainedArraySettings(
      rule: .mixedPrecision, hardware: try .preset("bulk-switching-2bit"))
    let error = #expect(throws: KirchhoffError.self) {
      _ = try ArrayNetwork(
        layers, shape: ImageShape(height: 12, width: 12, channels: 1), classes: 10,
        settings: settings, seed: 1)
    }
    #expect(error?.description.contains(part) ?? false, "\(error.map(\.description) ?? "nothing")")
  }

  @Test("Hardware that training cannot simulate is refused with its field")
  func hardware() throws {
    let changes: [(String, (inout CrossbarHardware) -> Void)] = [
      ("encoding", { $0.encoding = .offset }),
      ("lines", { $0.lines = LineResistance(wordLineOhms: 1, bitLineOhms: 1) }),
      ("seconds", { $0.seconds = 3600 }),
      ("readNoise", { $0.readNoise = .literal }),
      ("boundManagement", { $0.periphery.boundManagement = true }),
    ]
    for (field, change) in changes {
      var hardware = try CrossbarHardware.preset("bulk-switching")
      change(&hardware)
      let error = #expect(throws: KirchhoffError.self) {
        _ = try ArrayNetwork(
          [.linear(10)], shape: ImageShape(height: 2, width: 2, channels: 1), classes: 10,
          settings: TrainedArraySettings(rule: .naive, hardware: hardware), seed: 1)
      }
      #expect(error?.place?.contains(field) ?? false)
    }
  }
}
