import ArgumentParser
import Kirchhoff

/// Which subnets a command is about, as the user writes it.
enum SubnetSelection: ExpressibleByArgument {
  case largest
  case smallest
  /// The largest without transformer blocks.
  case convolutional
  /// The largest with a transformer block wherever one may stand.
  case transformers
  /// So many, drawn at random from the seed.
  case random(Int)
  /// The one of this text (`Subnet.id`).
  case id(String)

  init(argument: String) {
    switch argument {
    case "largest": self = .largest
    case "smallest": self = .smallest
    case "cnn": self = .convolutional
    case "vit": self = .transformers
    default:
      if argument.hasPrefix("random:"), let count = Int(argument.dropFirst(7)), count > 0 {
        self = .random(count)
      } else {
        self = .id(argument)
      }
    }
  }

  static let words = ["largest", "smallest", "cnn", "vit"]

  /// The subnets with a label each.
  ///
  /// - Throws: `KirchhoffError` when a text names no subnet of the space.
  func subnets(of space: SupernetSpace, seed: UInt64) throws -> [(label: String, subnet: Subnet)] {
    switch self {
    case .largest: return [("largest", space.largest)]
    case .smallest: return [("smallest", space.smallest)]
    case .convolutional: return [("cnn", space.largestConvolutional)]
    case .transformers: return [("vit", space.mostTransformers)]
    case .random(let count):
      let stream = RandomStream(seed: seed).derived("subnets")
      return (0..<count).map {
        ("random \($0 + 1)", space.randomSubnet(stream.derived(UInt64($0))))
      }
    case .id(let text): return [("subnet", try Self.subnet(text, of: space))]
    }
  }

  private static func subnet(_ text: String, of space: SupernetSpace) throws -> Subnet {
    guard text.contains("_") else {
      throw KirchhoffError(
        .usage, subject: "subnet", found: "\"\(text)\"",
        expected: "\(words.joined(separator: ", ")), random:N, or an id like \(space.smallest.id)",
        hint: nearest(text, in: words).map { "did you mean \($0)?" })
    }
    let subnet = try Subnet(id: text)
    try space.check(subnet, identities: true)
    return subnet
  }
}
