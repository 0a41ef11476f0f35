import Foundation
import Kirchhoff
import Testing

/// A perceptron on Fashion-MNIST, moved to chips of phase-change memory.
@Suite("A network on phase-change memory")
struct DriftTests {
  private static let hasData =
    (try? DatasetRegistry.standard().load(DatasetSource("fashion-mnist"))) != nil

  private final class Trained {
    let network: TrainedNetwork
    private let folder: URL

    init() throws {
      folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("kirchhoff-test-\(UUID().uuidString)")
      var config = NetworkConfig()
      config.network = .preset("mlp")
      config.data = DatasetSource("fashion-mnist")
      config.rule = .digital
      config.steps = 800
      config.learningRate = LearningRateSchedule(base: 2e-3)
      config.evaluation.every = 0
      let paths = RunPaths(folder.path)
      var options = TrainingRun.Options()
      options.progress = .quiet
      _ = try NetworkRun(config, directory: RunDirectory(paths), options: options).run()
      network = try TrainedNetwork(paths)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func transfer(_ change: (inout CrossbarHardware) -> Void) throws -> TrainedNetwork.Transfer {
      var hardware = try CrossbarHardware.preset("pcm")
      hardware.compensation = .none
      change(&hardware)
      return try network.transfer(
        to: ArrayPlan(hardware), chips: 4, seed: 1, on: network.data.test.subset(limit: 2000))
    }
  }

  @Test(
    "Drift costs accuracy over time, and one factor an array recovers most of it",
    .enabled(if: hasData, "Fashion-MNIST is not on this machine"))
  func drift() throws {
    let trained = try Trained()
    func accuracy(_ seconds: Float, _ compensation: DriftCompensation) throws -> Double {
      try trained.transfer {
        $0.seconds = seconds
        $0.compensation = compensation
      }.accuracy.mean
    }
    let fresh = try accuracy(0, .none)
    let (day, century) = (try accuracy(86_400, .none), try accuracy(3e9, .none))
    let compensated = try accuracy(86_400, .global)
    #expect(fresh > day && day > century, "\(fresh), \(day), \(century)")
    #expect(compensated - day > 0.5 * (fresh - day), "\(fresh), \(day), \(compensated)")
  }
}
