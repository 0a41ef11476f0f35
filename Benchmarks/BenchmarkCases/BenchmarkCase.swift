/// One hot path: how to prepare it, how to check it, how to run it, and what it is worth.
public struct BenchmarkCase: Sendable {
  /// A prepared case.
  public struct Prepared {
    /// The largest error of the result against a plain reference, relative to the result's size,
    /// and the most that is right.
    ///
    /// Runs once, before anything is timed.
    let verify: () throws -> Verification
    /// One call.
    let run: () -> Void

    init(verify: @escaping () throws -> Verification, run: @escaping () -> Void) {
      self.verify = verify
      self.run = run
    }
  }

  /// What a case found when it checked itself.
  public struct Verification: Sendable {
    /// The error found.
    public let error: Double
    /// The most that is right.
    public let tolerance: Double
    /// Whether the result is right; a NaN is not.
    public var passes: Bool { error <= tolerance }

    init(error: Double, tolerance: Double) {
      self.error = error
      self.tolerance = tolerance
    }
  }

  /// Dotted, in the peers' scheme: `gemm.nn.1024x1024x1024.f32`.
  public let name: String
  /// The unit of `value`: `GFLOP/s`, `images/s`, `Melem/s`.
  public let unit: String
  /// Items (or floating-point operations) of one call, in units of `value`·seconds.
  public let work: Double
  /// Floating-point operations of one call; 0 where memory is the limit.
  public let operations: Double
  /// Bytes that one call has to move; 0 where arithmetic is the limit.
  public let bytes: Double
  let prepare: @Sendable () throws -> Prepared

  init(
    _ name: String, unit: String, work: Double, operations: Double = 0, bytes: Double = 0,
    prepare: @escaping @Sendable () throws -> Prepared
  ) {
    self.name = name
    self.unit = unit
    self.work = work
    self.operations = operations
    self.bytes = bytes
    self.prepare = prepare
  }

  /// A case measured in GFLOP/s.
  static func gigaflops(
    _ name: String, operations: Double, prepare: @escaping @Sendable () throws -> Prepared
  ) -> BenchmarkCase {
    BenchmarkCase(
      name, unit: "GFLOP/s", work: operations * 1e-9, operations: operations, prepare: prepare)
  }
}
