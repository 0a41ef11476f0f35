import Configuration
import Runtime

extension Subnet: CustomStringConvertible {
  /// The canonical short text of the subnet: equal texts are equal subnets, and ``init(id:)`` reads
  /// it back.
  ///
  /// Safe in file names and shells.
  ///
  /// `r224_s16_c24-k5e6x2_c64-k3e4-m1v4x3-i_f1984` reads: resolution 224, stem of 16 channels, a
  /// stage of 24 channels and two MBConvs of kernel 5 and expansion 6, one of 64 channels with an
  /// MBConv and three transformer blocks of MLP ratio 1 and value ratio 4 (`h` heads are written
  /// where they are chosen, `v` where it is not 1), 1984 features before the classifier. `i` is an
  /// identity.
  public var id: String {
    var parts = ["r\(resolution)", "s\(stem)"]
    for stage in stages {
      var words = ["c\(stage.width)"]
      var index = 0
      while index < stage.blocks.count {
        let block = stage.blocks[index]
        let run = stage.blocks[index...].prefix { $0 == block }.count
        words.append(block.id + (run > 1 ? "x\(run)" : ""))
        index += run
      }
      parts.append(words.joined(separator: "-"))
    }
    if let head { parts.append("f\(head)") }
    return parts.joined(separator: "_")
  }

  /// The same as ``id``.
  public var description: String { id }

  /// The subnet that a text of the form of ``id`` names.
  ///
  /// - Throws: `KirchhoffError` that names the part that cannot be read.
  public init(id: String) throws {
    let parts = id.split(separator: "_", omittingEmptySubsequences: false)
    func fail(_ place: String, _ found: Substring, _ expected: String) -> KirchhoffError {
      KirchhoffError(
        .usage, subject: "subnet id \"\(id)\"", place: place, found: "\"\(found)\"",
        expected: expected)
    }
    guard parts.count >= 3 else {
      throw fail(
        "parts", Substring(id), "a resolution, a stem and stages: r28_s16_c24-k5e6x2_c64-m1")
    }
    guard let resolution = number(parts[0], after: "r") else {
      throw fail("part 1", parts[0], "a resolution like r224")
    }
    guard let stem = number(parts[1], after: "s") else {
      throw fail("part 2", parts[1], "a stem width like s16")
    }
    self.init(resolution: resolution, stem: stem, stages: [])
    for (index, part) in parts.enumerated().dropFirst(2) {
      let place = "part \(index + 1)"
      if part.first == "f" {
        guard let width = number(part, after: "f"), index == parts.count - 1 else {
          throw fail(place, part, "a head width like f1984, as the last part")
        }
        head = width
        continue
      }
      let words = part.split(separator: "-", omittingEmptySubsequences: false)
      guard let width = number(words[0], after: "c") else {
        throw fail(place, words[0], "a stage that begins with its width, like c24-k5e6x2")
      }
      guard words.count > 1 else { throw fail(place, part, "at least one block") }
      var blocks: [BlockChoice] = []
      for word in words.dropFirst() {
        guard let (block, times) = BlockChoice.parse(word) else {
          throw fail(place, word, "a block like k5e6, h3m2, m1v4 or i, with x3 for three")
        }
        blocks += Array(repeating: block, count: times)
      }
      stages.append(StageChoice(width: width, blocks: blocks))
    }
    guard !stages.isEmpty else { throw fail("parts", Substring(id), "at least one stage") }
  }
}

extension Subnet: Codable {
  /// Reads the text of ``id``.
  public init(from decoder: any Decoder) throws {
    try self.init(id: try decoder.singleValueContainer().decode(String.self))
  }

  /// Writes the text of ``id``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(id)
  }
}

extension BlockChoice {
  /// The block's part of ``Subnet/id``.
  var id: String {
    switch self {
    case .identity: "i"
    case .mbconv(let kernel, let expand): "k\(kernel)e\(expand.short)"
    case .vit(let heads, let mlp, let value):
      (heads.map { "h\($0)" } ?? "") + "m\(mlp.short)" + (value == 1 ? "" : "v\(value.short)")
    }
  }

  /// A block and how many times it is repeated.
  static func parse(_ word: Substring) -> (BlockChoice, Int)? {
    var fields: [Character: Double] = [:]
    var rest = word
    while let letter = rest.popFirst() {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      guard fields[letter] == nil else { return nil }
      if letter == "i", digits.isEmpty {
        fields[letter] = 0
      } else {
        guard let value = Double(digits), value > 0, value.isFinite else { return nil }
        fields[letter] = value
      }
    }
    let times = fields.removeValue(forKey: "x") ?? 1
    guard let times = Int(exactly: times), times <= 256 else { return nil }
    switch Set(fields.keys) {
    case ["i"]:
      return (.identity, times)
    case ["k", "e"]:
      guard let kernel = fields["k"].flatMap(Int.init(exactly:)), let expand = fields["e"] else {
        return nil
      }
      return (.mbconv(kernel: kernel, expand: expand), times)
    case ["m"], ["m", "v"], ["h", "m"], ["h", "m", "v"]:
      guard let mlp = fields["m"] else { return nil }
      var heads: Int?
      if let value = fields["h"] {
        guard let whole = Int(exactly: value) else { return nil }
        heads = whole
      }
      return (.vit(heads: heads, mlp: mlp, value: fields["v"] ?? 1), times)
    default:
      return nil
    }
  }
}

private func number(_ text: Substring, after letter: Character) -> Int? {
  guard text.first == letter, text.count < 9 else { return nil }
  guard let value = Int(text.dropFirst()), value > 0 else { return nil }
  return value
}
