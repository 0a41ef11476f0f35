/// The accuracy of a network on arrays at one step, and how often its devices were programmed until then.
public struct ArraysRecord: Codable, Equatable, Sendable {
  /// One layer.
  public struct Layer: Codable, Equatable, Sendable {
    /// Its name.
    public var name: String
    /// Weights.
    public var weights: Int
    /// Arrays; 0 for a digital layer.
    public var arrays: Int
    /// Times that a weight was programmed, all weights together.
    public var writes: Int
    /// The most that one was.
    public var mostWrites: Int
    /// Writes of single devices, trials of write-verify among them; absent in records before they were counted.
    public var pulses: Int?
    /// What the writes took; absent where the hardware has no cost of writing.
    public var writing: Writing?

    /// Creates a layer's part of a record.
    public init(
      name: String, weights: Int, arrays: Int, writes: Int, mostWrites: Int, pulses: Int? = nil,
      writing: Writing? = nil
    ) {
      self.name = name
      self.weights = weights
      self.arrays = arrays
      self.writes = writes
      self.mostWrites = mostWrites
      self.pulses = pulses
      self.writing = writing
    }
  }

  /// What the writes of a layer took; what is not known is left out.
  public struct Writing: Codable, Equatable, Sendable {
    /// Energy, joules.
    public var joules: Double?
    /// Time, seconds, one device after another.
    public var seconds: Double?
    /// Share of its endurance that the device which was written most has spent.
    public var enduranceSpent: Double?

    /// Creates what is known.
    public init(joules: Double?, seconds: Double?, enduranceSpent: Double?) {
      self.joules = joules
      self.seconds = seconds
      self.enduranceSpent = enduranceSpent
    }
  }

  /// The training step of the weights.
  public var step: Int
  /// Share of images classified correctly, 0 to 1.
  public var accuracy: Double
  /// How many images it was tested on.
  public var images: Int
  /// The layers, in order.
  public var layers: [Layer]
  /// What the clock said.
  public var time: MetricTime?

  /// Creates a record.
  public init(
    step: Int, accuracy: Double, images: Int, layers: [Layer], time: MetricTime? = nil
  ) {
    self.step = step
    self.accuracy = accuracy
    self.images = images
    self.layers = layers
    self.time = time
  }

  /// Times that a weight was programmed, all layers together.
  public var writes: Int { layers.reduce(0) { $0 + $1.writes } }
  /// Weights of all layers.
  public var weights: Int { layers.reduce(0) { $0 + $1.weights } }
}
