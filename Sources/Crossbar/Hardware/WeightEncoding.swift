import Configuration

/// How a weight becomes conductances, and their currents a weight again.
///
/// Weights are in units of the largest weight that an array can hold, so they lie in −1…1.
public enum WeightEncoding: Hashable, Sendable {
  /// A pair of devices of which one stays at its minimum: G± = G_min + ΔG·max(±w, 0).
  case differential
  /// A pair about the middle of the range: G± = G_mid ± w·ΔG/2.
  case symmetric
  /// One device about the middle: G = G_mid + w·ΔG/2; a unit column's current is subtracted.
  case offset
  /// Pairs of descending significance: one fills only when the one before is full (aihwkit).
  case pairs(significance: [Float])
  /// |w| as a code of so many bits, cut into cells of so many, each a differential pair converted by
  /// itself; shift and add are digital.
  case slices(bits: Int, cellBits: Int)
  /// w + 2^(bits − 1) as a code of so many bits, cut into single cells of so many, each converted by
  /// itself; shift, add, and the subtraction of 2^(bits − 1)·Σx are digital.
  case offsetSlices(bits: Int, cellBits: Int)
}

/// Conductances whose currents are combined before a conversion.
struct EncodedPlane {
  /// Targets of the devices that add, siemens, in the order of the weights.
  var positive: [Float]
  /// Targets of the devices that subtract, where there are any.
  var negative: [Float]?
  /// What a unit column subtracts from each, siemens.
  var offset: Float = 0
  /// Weight over siemens, before `significance`.
  var unitsPerSiemens: Float
  /// What a converted sum counts for.
  var significance: Float = 1
}

extension WeightEncoding {
  /// Devices that a weight takes.
  public var devicesPerWeight: Int {
    switch self {
    case .differential, .symmetric: 2
    case .offset: 1
    case .pairs(let significance): 2 * significance.count
    case .slices(let bits, let cellBits): 2 * ((bits + cellBits - 1) / cellBits)
    case .offsetSlices(let bits, let cellBits): (bits + cellBits - 1) / cellBits
    }
  }

  /// The largest value of a cell, for weights that are cut into cells of whole numbers.
  var largestCell: Int? {
    switch self {
    case .differential, .symmetric, .offset, .pairs: nil
    case .slices(_, let cellBits), .offsetSlices(_, let cellBits): (1 << cellBits) - 1
    }
  }

  /// What of Σx is subtracted digitally from every output, in units of the largest weight.
  var digitalOffset: Float {
    guard case .offsetSlices(let bits, _) = self else { return 0 }
    let half = 1 << (bits - 1)
    return Float(half) / Float(half - 1)
  }

  /// The conductances of weights.
  func planes(_ weights: [Float], in range: ClosedRange<Float>) -> [EncodedPlane] {
    let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
    func pair(_ values: [Float], significance: Float = 1) -> EncodedPlane {
      EncodedPlane(
        positive: values.map { low + width * max($0, 0) },
        negative: values.map { low + width * max(-$0, 0) }, unitsPerSiemens: 1 / width,
        significance: significance)
    }
    let middle = low + width / 2
    switch self {
    case .differential:
      return [pair(weights)]
    case .symmetric:
      return [
        EncodedPlane(
          positive: weights.map { middle + $0 * width / 2 },
          negative: weights.map { middle - $0 * width / 2 }, unitsPerSiemens: 1 / width)
      ]
    case .offset:
      return [
        EncodedPlane(
          positive: weights.map { middle + $0 * width / 2 }, offset: middle,
          unitsPerSiemens: 2 / width)
      ]
    case .pairs(let significance):
      let total = significance.reduce(0, +)
      var left = weights.map { abs($0) * total }
      return significance.map { factor in
        let filled = left.map { min($0, factor) }
        for index in left.indices { left[index] -= filled[index] }
        return pair(
          zip(filled, weights).map { $1 < 0 ? -$0 / factor : $0 / factor },
          significance: factor / total)
      }
    case .slices(let bits, let cellBits):
      let largest = Float((1 << bits) - 1)
      let codes = weights.map { Int((abs($0) * largest).rounded()) }
      let cell = (1 << cellBits) - 1
      return stride(from: 0, to: bits, by: cellBits).map { shift in
        pair(
          zip(codes, weights).map { code, weight in
            let part = Float((code >> shift) & cell) / Float(cell)
            return weight < 0 ? -part : part
          }, significance: Float(cell) * Float(1 << shift) / largest)
      }
    case .offsetSlices(let bits, let cellBits):
      let half = 1 << (bits - 1)
      let codes = weights.map { Int(($0 * Float(half - 1)).rounded()) + half }
      let cell = (1 << cellBits) - 1
      return stride(from: 0, to: bits, by: cellBits).map { shift in
        EncodedPlane(
          positive: codes.map { low + width * Float(($0 >> shift) & cell) / Float(cell) },
          offset: low, unitsPerSiemens: 1 / width,
          significance: Float(cell) * Float(1 << shift) / Float(half - 1))
      }
    }
  }
}

extension WeightEncoding: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case pairs, slices, offsetSlices
  }

  private struct Slices: Codable {
    var bits: Int
    var cellBits: Int

    enum CodingKeys: String, CodingKey, CaseIterable { case bits, cellBits }

    init(bits: Int, cellBits: Int) { (self.bits, self.cellBits) = (bits, cellBits) }

    init(from decoder: any Decoder) throws {
      let fields = try StrictFields<CodingKeys>(decoder)
      bits = try fields.required(.bits)
      cellBits = try fields.required(.cellBits)
      guard (1...16).contains(bits) else {
        throw FieldError(fields.path + [CodingKeys.bits], found: "\(bits)", expected: "1 to 16")
      }
      guard (1...bits).contains(cellBits) else {
        throw FieldError(
          fields.path + [CodingKeys.cellBits], found: "\(cellBits)",
          expected: "1 to \(bits), the bits of a weight")
      }
    }
  }

  private enum Word: String, CaseIterable { case differential, symmetric, offset }

  /// Reads `differential`, `symmetric`, `offset`, `{pairs: [1, 0.5]}`, `{slices: {bits: 8, cellBits: 2}}`
  /// or `offsetSlices` likewise.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      switch try parseWord(text, at: decoder.codingPath) as Word {
      case .differential: self = .differential
      case .symmetric: self = .symmetric
      case .offset: self = .offset
      }
      return
    }
    let fields = try StrictFields<CodingKeys>(decoder)
    let pairs: [Float]? = try fields.optional(.pairs)
    let slices: Slices? = try fields.optional(.slices)
    let offsetSlices: Slices? = try fields.optional(.offsetSlices)
    switch (pairs, slices, offsetSlices) {
    case (let pairs?, nil, nil):
      guard !pairs.isEmpty, pairs.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw FieldError(
          fields.path + [CodingKeys.pairs], found: "\(pairs)", expected: "significances above 0")
      }
      self = .pairs(significance: pairs)
    case (nil, let slices?, nil):
      self = .slices(bits: slices.bits, cellBits: slices.cellBits)
    case (nil, nil, let slices?):
      guard slices.bits > 1 else {
        throw FieldError(
          fields.path + [CodingKeys.offsetSlices], found: "1 bit", expected: "2 to 16")
      }
      self = .offsetSlices(bits: slices.bits, cellBits: slices.cellBits)
    default:
      throw FieldError(
        fields.path, found: "\(fields.present.count) keys",
        expected: "one of pairs, slices, offsetSlices")
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    func word(_ word: Word) throws {
      var container = encoder.singleValueContainer()
      try container.encode(word.rawValue)
    }
    switch self {
    case .differential: try word(.differential)
    case .symmetric: try word(.symmetric)
    case .offset: try word(.offset)
    case .pairs(let significance):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(significance, forKey: .pairs)
    case .slices(let bits, let cellBits):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(Slices(bits: bits, cellBits: cellBits), forKey: .slices)
    case .offsetSlices(let bits, let cellBits):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(Slices(bits: bits, cellBits: cellBits), forKey: .offsetSlices)
    }
  }
}
