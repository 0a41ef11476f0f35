import Crossbar
import Foundation
import Runtime
import Testing

/// What every device has to do: a new one is tested by its line in the registry.
@Suite("Devices")
struct DeviceTests {
  static let names = DeviceRegistry.devices.map(\.name)

  private func targets(_ device: any DeviceModel) -> [Float] {
    let range = device.conductanceSiemens
    return [0, 0.1, 0.4, 0.75, 1].map {
      range.lowerBound + Float($0) * (range.upperBound - range.lowerBound)
    }
  }

  private func times(_ device: any DeviceModel) -> [Float] {
    [0] + (device.characterisedSeconds ?? [1, 3600, 86_400, 31_536_000])
  }

  @Test("Conductances and read noise are finite and not negative", arguments: names)
  func sound(_ name: String) throws {
    let device = try DeviceRegistry.device(name)
    for target in targets(device) {
      for seconds in times(device) {
        for a: Float in [-5, -1, 0, 1, 5] {
          for b: Float in [-5, -1, 0, 1, 5] {
            let draws = DeviceDraws(programming: a, evolution: b)
            let initial = device.conductance(target: target, seconds: 0, draws: draws)
            let g = device.conductance(target: target, seconds: seconds, draws: draws)
            let read = device.readDeviation(
              target: target, initial: initial, conductance: g, seconds: seconds)
            #expect(g >= 0 && g.isFinite && read >= 0 && read.isFinite)
          }
        }
      }
    }
  }

  @Test("Drawn devices have the statistics that quadrature expects", arguments: names)
  func statistics(_ name: String) throws {
    let device = try DeviceRegistry.device(name)
    let count = 200_000
    for target in targets(device) {
      for seconds in times(device) {
        let stream = RandomStream(seed: 3).derived(name)
        let measured = device.measuredStatistics(
          target: target, seconds: seconds, count: count, stream: stream)
        let expected = device.expectedStatistics(target: target, seconds: seconds)
        // Five standard errors; that of a standard deviation with room for a kurtosis of 9. Single
        // precision adds the last term.
        let error = expected.deviationSiemens / Double(count).squareRoot()
        let rounding = 1e-6 * expected.meanSiemens
        #expect(abs(measured.meanSiemens - expected.meanSiemens) <= 5 * error + rounding)
        #expect(
          abs(measured.deviationSiemens - expected.deviationSiemens) <= 7.1 * error + rounding)
      }
    }
  }

  @Test("Devices do not depend on the number of threads")
  func threads() {
    let before = Threads.count
    defer { Threads.count = before }
    let device = PhaseChangeDevice.pcm
    let results = [1, 2, 3].map { threads in
      Threads.count = threads
      return device.measuredStatistics(
        target: 12e-6, seconds: 3600, count: 100_001, stream: RandomStream(seed: 9))
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test("A device that keeps its exponent drifts along one trajectory")
  func trajectory() {
    let device = PhaseChangeDevice.pcm
    let draws = DeviceDraws(programming: 0.3, evolution: -1.2)
    let start = device.conductance(target: 15e-6, seconds: 0, draws: draws)
    func exponent(_ seconds: Float) -> Double {
      let now = device.conductance(target: 15e-6, seconds: seconds, draws: draws)
      return -log2(Double(now / start)) / log2(Double((seconds + 20) / 20))
    }
    #expect(abs(exponent(3600) - exponent(1e7)) < 1e-5)
  }

  @Test("A conductance or time beyond what is known is refused with its unit")
  func refused() throws {
    let device = try DeviceRegistry.device("reram-wan")
    let high = #expect(throws: KirchhoffError.self) {
      try device.checkTarget(1e-3, place: "--conductance")
    }
    #expect(high?.description.contains("4e-05 S") ?? false)
    let late = #expect(throws: KirchhoffError.self) { try device.checkTime(7, place: "--time") }
    #expect(late?.description.contains("86400.0 s") ?? false)
    let unknown = #expect(throws: KirchhoffError.self) { try DeviceRegistry.device("pcn") }
    #expect(unknown?.hint == "did you mean \"pcm\"?")
  }
}
