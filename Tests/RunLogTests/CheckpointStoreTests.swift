import Foundation
import Logging
import RunLog
import Runtime
import Testing

@Suite struct CheckpointStoreTests {
  struct State: Codable, Equatable {
    var epoch: Int
    var note = "state"
  }

  private func save(_ store: CheckpointStore, _ step: Int, best: Bool = false) throws {
    try store.save(
      step: step, state: State(epoch: step * 10),
      tensors: [
        TensorSource(name: "w", shape: [4], floats: [Float](repeating: Float(step), count: 4))
      ],
      metricLines: step * 2, isBest: best)
  }

  private func tensorFile(_ folder: TemporaryFolder, _ step: Int) -> String {
    folder.file("step-0000000\(step)/tensors.safetensors")
  }

  @Test func theLatestComesBackWhole() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.file("checkpoints"), fingerprint: "mini")
    #expect(try store.latest(State.self) == nil)
    try save(store, 3)
    let checkpoint = try #require(try store.latest(State.self))
    #expect(checkpoint.step == 3)
    #expect(checkpoint.state == State(epoch: 30))
    #expect(checkpoint.metricLines == 6)
    #expect(try checkpoint.tensors.floats("w") == [3, 3, 3, 3])
  }

  @Test func keepsTheLastTwoAndTheBest() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path, fingerprint: "mini")
    for step in 1...6 { try save(store, step, best: step == 2) }
    #expect(store.steps == [2, 5, 6])
    #expect(store.bestStep == 2)
    #expect(try store.best(State.self)?.state.epoch == 20)
    try save(store, 7, best: true)
    #expect(store.steps == [6, 7])
  }

  @Test func savingAStepAgainReplacesIt() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path, fingerprint: "mini")
    try save(store, 1)
    try store.save(step: 1, state: State(epoch: 99), tensors: [])
    #expect(try store.latest(State.self)?.state.epoch == 99)
    #expect(folder.names == ["step-00000001"])
  }

  /// A kill between the two renames leaves the older one under its side name.
  @Test func theOneThatSteppedAsideCounts() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path, fingerprint: "mini")
    try save(store, 1)
    rename(folder.file("step-00000001"), folder.file("step-00000001.old"))
    #expect(try store.latest(State.self)?.step == 1)
    try save(store, 1)
    #expect(folder.names == ["step-00000001"])
  }

  enum Damage: CaseIterable {
    case tensorByte, headerByte, truncated, emptyTensors, noTensors, stateByte, noState

    func apply(_ folder: String) throws {
      let tensors = "\(folder)/tensors.safetensors"
      let state = "\(folder)/state.json"
      switch self {
      case .tensorByte: try damage(tensors) { $0[$0.count - 2] ^= 0x10 }
      case .headerByte: try damage(tensors) { $0[40] ^= 0x01 }
      case .truncated: try damage(tensors) { $0.removeLast(5) }
      case .emptyTensors: try damage(tensors) { $0 = Data() }
      case .noTensors: unlink(tensors)
      case .stateByte: try damage(state) { $0[$0.count / 2] ^= 0x01 }
      case .noState: unlink(state)
      }
    }
  }

  @Test(arguments: Damage.allCases) func aDamagedOneFallsBackToTheOneBefore(
    _ damage: Damage
  ) throws {
    let folder = try TemporaryFolder()
    let messages = Messages()
    let store = CheckpointStore(
      folder: folder.path, fingerprint: "mini", logger: MessageHandler.logger(messages))
    try save(store, 1)
    try save(store, 2)
    try damage.apply(folder.file("step-00000002"))
    let checkpoint = try store.latest(State.self)
    #expect(checkpoint?.step == 1)
    #expect(messages.all.count == 2)
    #expect(messages.all[0].contains("step-00000002"))
    #expect(messages.all[1].contains("falling back to"))
    // Going on from it moves the damaged one aside, and a later save clears it away.
    try store.setAside(after: 1)
    #expect(folder.names == ["step-00000001", "step-00000002.damaged"])
    try save(store, 2)
    #expect(folder.names == ["step-00000001", "step-00000002"])
    #expect(try store.latest(State.self)?.step == 2)
  }

  @Test func whenAllAreDamagedTheNewestIsNamed() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(
      folder: folder.path, fingerprint: "mini", logger: MessageHandler.logger(Messages()))
    for step in 1...2 {
      try save(store, step)
      try Damage.tensorByte.apply(folder.file("step-0000000\(step)"))
    }
    let error = kirchhoffError { _ = try store.latest(State.self) }
    #expect(error?.kind == .checkpoint)
    #expect(error?.subject == tensorFile(folder, 2))
    #expect(error?.place?.contains("tensor w") == true)
  }

  @Test func anotherSpaceIsRefusedEvenWhenAnOlderOneFits() throws {
    let folder = try TemporaryFolder()
    try save(CheckpointStore(folder: folder.path, fingerprint: "mini"), 1)
    try save(CheckpointStore(folder: folder.path, fingerprint: "compact"), 2)
    let store = CheckpointStore(folder: folder.path, fingerprint: "mini")
    let error = kirchhoffError { _ = try store.latest(State.self) }
    #expect(error?.kind == .checkpoint)
    #expect(error?.found == "compact")
    #expect(error?.expected == "mini")
  }

  @Test(.enabled(if: SmallDisk.isPossible)) func aFullDiskKeepsTheOlderOnes() throws {
    let disk = try SmallDisk(kilobytes: 64)
    let store = CheckpointStore(folder: disk.file("checkpoints"), fingerprint: "mini")
    try save(store, 1)
    let error = kirchhoffError {
      try store.save(
        step: 2, state: State(epoch: 2),
        tensors: [
          TensorSource(name: "big", shape: [1 << 18], floats: [Float](repeating: 1, count: 1 << 18))
        ])
    }
    #expect(error?.found?.contains("full disk") == true)
    #expect(try store.latest(State.self)?.step == 1)
    #expect(Folder.names(disk.file("checkpoints")) == ["step-00000001"])
    try save(store, 3)
    #expect(try store.latest(State.self)?.step == 3)
  }
}
