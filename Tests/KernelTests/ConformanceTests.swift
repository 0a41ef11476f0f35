import CKernels
import Testing

/// One operation on one shape: its test on every instruction set is one line in a list.
struct KernelCase: Sendable, CustomTestStringConvertible {
  let name: String
  let call: @Sendable (Arena) -> Void

  init(_ name: String, _ call: @escaping @Sendable (Arena) -> Void) {
    self.name = name
    self.call = call
  }

  var testDescription: String { name }

  /// Every kernel family.
  static let all: [KernelCase] =
    elementwise + rows + reductions + optimizers + randomNumbers + softmax + losses + layerNorm
    + batchNorm + depthwise + windows + pointwise
    + pooling + localPooling + resizing + attention + convolution + converters + columns
    + bitSerial
    + recurrence
}

/// An instruction set by name.
struct InstructionSet: Sendable, CustomTestStringConvertible {
  let kind: kk_isa_kind
  var testDescription: String { String(cString: kk_isa_name(kind)) }

  /// Those of this processor, without the reference.
  static let available: [InstructionSet] = {
    let chosen = kk_isa()
    defer { _ = kk_isa_set(chosen) }
    return [KK_ISA_AVX2, KK_ISA_AVX512, KK_ISA_NEON].filter { kk_isa_set($0) == 0 }.map {
      InstructionSet(kind: $0)
    }
  }()
}

/// Runs `body` on an instruction set, and puts the old one back.
func onInstructionSet<R>(_ kind: kk_isa_kind, _ body: () -> R) -> R {
  let chosen = kk_isa()
  precondition(kk_isa_set(kind) == 0)
  defer { _ = kk_isa_set(chosen) }
  return body()
}

@Suite(.serialized) struct ConformanceTests {
  @Test(arguments: InstructionSet.available, KernelCase.all)
  func agreesWithTheReference(set: InstructionSet, kernel: KernelCase) {
    let (expected, _) = outputs(of: kernel, on: KK_ISA_REFERENCE)
    let (found, damage) = outputs(of: kernel, on: set.kind)
    #expect(damage.isEmpty)
    #expect(!expected.isEmpty, "the case has no output")
    for (reference, output) in zip(expected, found) {
      #expect(reference.unwritten == 0, "\(output.name): the reference leaves elements unwritten")
      #expect(output.unwritten == 0, "\(output.name): elements left unwritten")
      if let difference = difference(output, from: reference) {
        Issue.record("\(kernel.name), \(output.name): \(difference)")
      }
    }
  }

  @Test(arguments: KernelCase.all) func theReferenceStaysInItsMemory(kernel: KernelCase) {
    #expect(outputs(of: kernel, on: KK_ISA_REFERENCE).damage.isEmpty)
  }

  private func outputs(
    of kernel: KernelCase, on kind: kk_isa_kind
  ) -> (outputs: [Arena.Output], damage: [String]) {
    onInstructionSet(kind) {
      let arena = Arena()
      kernel.call(arena)
      return (arena.outputs(), arena.damage())
    }
  }

  /// The worst element outside its tolerance, in words.
  private func difference(_ output: Arena.Output, from reference: Arena.Output) -> String? {
    let scale = reference.values.reduce(0) { max($0, abs($1)) }
    var worst: (excess: Double, index: Int) = (0, 0)
    for (i, expected) in reference.values.enumerated() {
      let found = output.values[i]
      if reference.bits[i] == output.bits[i] || (expected.isNaN && found.isNaN) { continue }
      let allowed: Double =
        switch output.tolerance {
        case .bits: 0
        case .relative(let share): share * abs(expected) + 1e-37
        case .scaled(let share, let floor): share * max(scale, floor)
        }
      let error = abs(found - expected)
      let excess = error.isNaN || allowed == 0 ? .infinity : error / allowed
      if excess > worst.excess { worst = (excess, i) }
    }
    guard worst.excess > 1 else { return nil }
    return "element \(worst.index) of \(reference.values.count) is "
      + "\(output.values[worst.index]), the reference \(reference.values[worst.index]), "
      + "\(worst.excess) times what is allowed"
  }
}
