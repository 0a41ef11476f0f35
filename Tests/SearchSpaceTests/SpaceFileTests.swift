import Foundation
import Runtime
import SearchSpace
import Testing

@Test("A space reads back from its YAML and JSON", arguments: SupernetSpace.presetNames)
func spacesReadBack(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  #expect(try SupernetSpace(yaml: space.yaml(), file: "space.yaml") == space)
  let json = try JSONEncoder().encode(space)
  #expect(try JSONDecoder().decode(SupernetSpace.self, from: json) == space)
}

@Test("A space survives a file")
func spaceFile() throws {
  let url = FileManager.default.temporaryDirectory
    .appendingPathComponent("space-\(UUID().uuidString).yaml")
  defer { try? FileManager.default.removeItem(at: url) }
  try SupernetSpace.mini.write(to: url)
  #expect(try SupernetSpace(contentsOf: url) == .mini)
  #expect {
    try SupernetSpace(contentsOf: url.appendingPathExtension("gone"))
  } throws: {
    ($0 as? KirchhoffError)?.kind == .io
  }
}

private let small = """
  name: small
  resolutions: [28]
  inputChannels: 1
  classes: 10
  stem: {widths: [8]}
  stages:
    - widths: [16, 24]
      depths: [1, 2]
      stride: 2
      slots: [[mbconv], [mbconv, vit]]
      mbconv:
        kernels: [3, 5]
        expands: [2, 4]
      vit:
        headDim: 8
        mlp: [1, 2]
  """

@Test("Omitted keys take their defaults")
func defaults() throws {
  let space = try SupernetSpace(yaml: small, file: "small.yaml")
  #expect(space.stem == Stem(widths: [8]))
  #expect(space.head == .pooled)
  #expect(space.stages[0].vit == VitOptions(headDim: 8, mlp: [1, 2]))
}

private struct Damage: CustomTestStringConvertible, Sendable {
  var from: String
  var to: String
  /// What the error must say, in its order.
  var says: [String]
  var testDescription: String { to }

  init(_ from: String, _ to: String, _ says: String...) {
    self.from = from
    self.to = to
    self.says = says
  }
}

@Test(
  "A damaged space is refused with key path, line, found and expected",
  arguments: [
    Damage("classes: 10", "clases: 10", "clases (line 4)", "unknown key", "\"classes\"?"),
    Damage("classes: 10", "classes: ten", "classes (line 4)", "\"ten\"", "a whole number"),
    Damage("classes: 10", "classes: 0", "classes (line 4)", "found 0", "expected 1 to"),
    Damage("classes: 10\n", "", "classes", "found nothing"),
    Damage("[16, 24]", "[24, 16]", "stages[0].widths (line 7)", "[24, 16]", "ascending"),
    Damage("[16, 24]", "[]", "stages[0].widths (line 7)", "found []", "ascending"),
    Damage("[16, 24]", "16", "stages[0].widths (line 7)", "a list"),
    Damage("[3, 5]", "[3, 4]", "stages[0].mbconv.kernels[1] (line 12)", "found 4", "odd"),
    Damage("[2, 4]", "[two]", "stages[0].mbconv.expands[0] (line 13)", "\"two\"", "a number"),
    Damage("kernels", "kernel", "stages[0].mbconv.kernel (line 12)", "\"kernels\"?"),
    Damage("[mbconv, vit]]", "[mbconv, vitt]]", "stages[0].slots[1][1] (line 10)", "\"vit\"?"),
    Damage("[mbconv, vit]]", "[vit, mbconv]]", "stages[0].slots[1] (line 10)", "in the order"),
    Damage("[[mbconv],", "[[vit],", "stages[0].slots[0] (line 10)", "[vit]", "entry convolution"),
    Damage("headDim: 8", "headDim: 7", "stages[0].vit.headDim (line 15)", "divisor"),
    Damage("mlp: [1, 2]", "mlp: [1, 2]\n      value: [1.3]", "stages[0].vit.value[0]", "1/8"),
    Damage(
      "mlp: [1, 2]", "mlp: [1, 2]\n      value: [0.5, 1]", "stages[0].vit.value[1]", "found 1",
      "above 1"),
    Damage(
      "    mlp: [1, 2]", "    mlp: [1, 2]\n      scope: stage", "stages[0].vit.scope", "block"),
    Damage("stages:", "stages: [", "valid YAML"),
    Damage("head", "hed", "stages[0].vit.hedDim"),
    Damage("stride: 2", "stride: 2.5", "stages[0].stride (line 9)", "\"2.5\"", "a whole number"),
    Damage("stem: {widths: [8]}", "stem: 8", "stem (line 5)", "\"8\"", "keys and values"),
  ])
private func damagedSpaces(_ damage: Damage) throws {
  let text = small.replacingOccurrences(of: damage.from, with: damage.to)
  #expect(text != small)
  do {
    _ = try SupernetSpace(yaml: text, file: "small.yaml")
    Issue.record("accepted")
  } catch let error as KirchhoffError {
    #expect(error.kind == .config)
    #expect(error.subject == "small.yaml")
    var rest = error.description[...]
    for words in damage.says {
      let range = rest.range(of: words)
      #expect(range != nil, "\"\(error.description)\" does not say \"\(words)\"")
      if let range { rest = rest[range.upperBound...] }
    }
  }
}
