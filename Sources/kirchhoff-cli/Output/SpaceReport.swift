import Kirchhoff

/// What `kirchhoff space` shows of a space.
struct SpaceReport: Encodable {
  /// A subnet and its cost for one image.
  struct Member: Encodable {
    var label: String
    var id: String
    var parameters: Int
    var macs: Int

    init(_ entry: SpaceSummary.Entry) {
      label = entry.label
      id = entry.subnet.id
      parameters = entry.cost.parameters
      macs = entry.cost.macs
    }
  }

  var name: String
  /// A decimal text: the numbers are beyond what JSON numbers hold exactly.
  var subnets: String
  var genes: Int
  var resolutions: [Int]
  var inputChannels: Int
  var classes: Int
  var storedParameters: Int
  var largest: Member
  var smallest: Member
  /// These two, and in a hybrid space the extremes of either kind of block.
  var examples: [Member]
  var dimensions: [SpaceDimension]

  private enum CodingKeys: String, CodingKey {
    case name, subnets, genes, resolutions, inputChannels, classes, storedParameters, largest
    case smallest, examples, dimensions
  }

  private let size: String

  init(_ space: SupernetSpace) {
    let summary = space.summary
    name = summary.name
    subnets = summary.size
    size = grouped(space.size)
    genes = summary.genes
    resolutions = space.resolutions
    inputChannels = space.inputChannels
    classes = space.classes
    storedParameters = summary.storedParameters
    examples = summary.entries.map(Member.init)
    smallest = examples[0]
    largest = examples[1]
    dimensions = SpaceDimension.all(of: space)
  }

  /// The whole space for people.
  var text: String {
    var head = Table(("", .left), ("", .left))
    let sides = Set([resolutions.first, resolutions.last].compactMap { $0 }).sorted()
    let side = sides.map(String.init).joined(separator: "…")
    head.add("subnets", size)
    head.add("choices", "\(genes)")
    head.add("images", "\(side) × \(side) × \(inputChannels), \(grouped(classes)) classes")
    head.add("shared weights", "\(grouped(storedParameters)) parameters")
    var costs = Table(("subnet", .left), ("parameters", .right), ("MACs", .right))
    for example in examples {
      costs.add(example.label, grouped(example.parameters), grouped(example.macs))
    }
    var ids = Table(("", .left), ("", .left))
    for example in examples { ids.add(example.label, example.id) }
    var options = Table(("where", .left), ("what", .left), ("options", .left))
    var last = ""
    for dimension in dimensions {
      options.add(dimension.place == last ? "" : dimension.place, dimension.what, dimension.text)
      last = dimension.place
    }
    return """
      \(name)
      \(head.text(indent: 2))

      \(costs.text(indent: 2))

      \(options.text(indent: 2))

      \(ids.text(indent: 2))
      """
  }

  /// One line a space.
  static func table(_ spaces: [SpaceReport]) -> String {
    var table = Table(
      ("preset", .left), ("subnets", .right), ("largest: parameters", .right), ("MACs", .right),
      ("smallest: parameters", .right), ("MACs", .right))
    for space in spaces {
      table.add(
        space.name, space.size, grouped(space.largest.parameters), grouped(space.largest.macs),
        grouped(space.smallest.parameters), grouped(space.smallest.macs))
    }
    return table.text()
  }
}

/// The options that a space has at one place.
struct SpaceDimension: Encodable {
  /// `image`, `stem`, `stages[2]`, `head`.
  var place: String
  /// What is chosen, such as `width`.
  var what: String
  /// The options, ascending.
  var options: [String]

  /// The options in one line.
  var text: String { options.joined(separator: what == "blocks" ? ", then " : ", ") }

  /// Everything in which subnets of `space` may differ, fixed values included.
  static func all(of space: SupernetSpace) -> [SpaceDimension] {
    if let only = space.only { return [SpaceDimension("all", "subnet", [only.id])] }
    var all = [
      SpaceDimension("image", "resolution", space.resolutions.map(String.init)),
      SpaceDimension("stem", "width", space.stem.widths.map(String.init)),
    ]
    for (index, stage) in space.stages.enumerated() {
      let place = "stages[\(index)]"
      func add(_ what: String, _ options: [String]) {
        all.append(SpaceDimension(place, what, options))
      }
      add("blocks", kinds(of: stage))
      add("width", stage.widths.map(String.init))
      add("depth", stage.depths.map(String.init))
      add("stride", ["\(stage.stride)"])
      if stage.offers(.mbconv), let mbconv = stage.mbconv {
        add("kernel", mbconv.kernels.map(String.init))
        add("expansion", mbconv.expands.map(short))
      }
      if stage.offers(.vit), let vit = stage.vit {
        add("heads", vit.heads.isEmpty ? ["width / \(vit.headDim)"] : vit.heads.map(String.init))
        add("MLP ratio", vit.mlp.map(short))
        add("value ratio", vit.value.map(short))
      }
    }
    if !space.head.widths.isEmpty {
      all.append(SpaceDimension("head", "width", space.head.widths.map(String.init)))
    }
    return all
  }

  private init(_ place: String, _ what: String, _ options: [String]) {
    self.place = place
    self.what = what
    self.options = options
  }

  /// The kinds of each slot.
  ///
  /// The last ones also serve all later slots.
  private static func kinds(of stage: Stage) -> [String] {
    stage.slots.prefix(stage.maxDepth).map { kinds in
      kinds.map(\.rawValue).joined(separator: " or ")
    }
  }
}
