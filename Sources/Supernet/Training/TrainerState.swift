import Autodiff
import RunLog
import Runtime
import SearchSpace
import Tensor

/// What an exact resume needs beside tensors.
struct TrainerState: Codable {
  static let parametersName = "state.parameters"
  static let averageName = "state.average"
  static let teacherName = "state.teacher"

  var step: Int
  var optimizerSteps: Int
  var sampler: SubnetSampler
  var meter: ConflictMeter
  var seconds: Double
}

extension SupernetTrainer {
  /// The state now; `seconds` of training so far.
  func state(seconds: Double) -> TrainerState {
    TrainerState(
      step: step, optimizerSteps: optimizer.stepCount, sampler: sampler, meter: meter,
      seconds: seconds)
  }

  /// Everything that goes into a checkpoint's tensor file: the flat state of an exact resume, and
  /// each parameter under its own name for other programs.
  func checkpointTensors() -> [TensorSource] {
    let store = supernet.store
    var sources = [TensorSource(flat: TrainerState.parametersName, store.snapshotTensor())]
    for (name, values) in optimizer.state {
      sources.append(TensorSource(flat: "state.\(name)", values))
    }
    if let average { sources.append(TensorSource(flat: TrainerState.averageName, average.values)) }
    if let teacher {
      sources.append(TensorSource(flat: TrainerState.teacherName, teacher.store.snapshotTensor()))
    }
    for entry in store.entries {
      let value = store.value(entry.parameter)
      sources.append(
        TensorSource(name: entry.name, shape: value.shape.array, floats: value.floats))
    }
    return sources
  }

  /// Restores a checkpoint.
  func restore(_ state: TrainerState, _ file: SafetensorsFile) throws {
    var tensors: [String: Tensor] = [:]
    for entry in file.tensors where entry.name.hasPrefix("state.") {
      let floats = try file.floats(entry.name)
      let isOptimizer = optimizer.state.contains { "state.\($0.name)" == entry.name }
      tensors[isOptimizer ? String(entry.name.dropFirst("state.".count)) : entry.name] =
        Tensor(floats, shape: [floats.count])
    }
    try restore(state, tensors)
  }
}

extension TensorSource {
  package init(flat name: String, _ tensor: Tensor) {
    self.init(name: name, shape: [tensor.shape.count], floats: tensor.floats)
  }
}

extension ParameterStore {
  package func snapshotTensor() -> Tensor { Tensor(snapshot(), shape: [floatCount]) }
}

extension [String: Tensor] {
  func required(_ name: String) throws -> Tensor {
    guard let tensor = self[name] else {
      throw KirchhoffError(
        .checkpoint, subject: "checkpoint", place: name, found: "nothing", expected: "a tensor")
    }
    return tensor
  }
}
