import CKernels
import COpenBLAS
import Runtime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The BLAS library in use: always at one thread, with the engine's own threads above it.
///
/// At more than one thread the bits of a product depend on the number of threads, and idle workers
/// of the library spin beside ours.
public enum BLAS {
  /// How the library was built.
  public enum Threading: Int32, Sendable, CustomStringConvertible {
    /// Without locks: concurrent calls give wrong results. Refused.
    case serial = 0
    /// With threads of its own; safe to call from several threads.
    case pthreads = 1
    /// With OpenMP.
    case openMP = 2

    /// `serial`, `pthreads` or `OpenMP`.
    public var description: String {
      switch self {
      case .serial: "serial"
      case .pthreads: "pthreads"
      case .openMP: "OpenMP"
      }
    }
  }

  /// The processor family whose kernels run, such as `SkylakeX` or `Haswell`.
  public static var coreName: String {
    prepare()
    return openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }

  /// How the library was built.
  public static var threading: Threading {
    Threading(rawValue: Int32(openblas_get_parallel())) ?? .serial
  }

  /// The version and build options, as the library gives them.
  public static var configuration: String {
    openblas_get_config().map { String(cString: $0) } ?? "unknown"
  }

  /// What the environment variables `OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE` ask for; nil when
  /// neither is set and the library chooses by itself.
  public static var environmentOverride: String? {
    let set = overrides.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    return set.isEmpty ? nil : set.joined(separator: " ")
  }

  /// A sentence for the user when the environment forces kernels that leave this processor's
  /// AVX-512 unused (half the speed); nil when all is well.
  public static var warning: String? {
    guard let override = environmentOverride, kk_isa_best() == KK_ISA_AVX512,
      !coresWithAVX512.contains(coreName.lowercased())
    else { return nil }
    return "\(override) makes OpenBLAS use its \(coreName) kernels, about half as fast as this "
      + "processor allows; unset it"
  }

  /// Chooses the kernels anew by what the processor has, whatever the environment asked for.
  ///
  /// To be called before the first product. Needs two functions that OpenBLAS exports without
  /// declaring them; where they are missing nothing changes.
  /// - Returns: Whether the choice was made anew.
  @discardableResult
  public static func fixCore() -> Bool {
    guard environmentOverride != nil,
      let quit = dlsym(nil, "gotoblas_dynamic_quit"),
      let start = dlsym(nil, "gotoblas_dynamic_init")
    else { return false }
    typealias Procedure = @convention(c) () -> Void
    unsetenv("OPENBLAS_L2_SIZE")
    setenv("OPENBLAS_CORETYPE", "auto", 1)
    unsafeBitCast(quit, to: Procedure.self)()
    unsafeBitCast(start, to: Procedure.self)()
    unsetenv("OPENBLAS_CORETYPE")
    return true
  }

  /// Holds the library at one thread and refuses a build that is unsafe; cheap after the first call.
  package static func prepare() { _ = once }

  private static let overrides = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]

  private static let coresWithAVX512: Set = ["skylakex", "cooperlake", "sapphirerapids"]

  private static let once: Void = {
    guard threading != .serial else {
      fatalError(
        """
        this OpenBLAS is the serial build, which gives wrong results when several threads use it; \
        install the threaded one (Debian and Ubuntu: libopenblas0-pthread) \
        and remove libopenblas0-serial
        """)
    }
    openblas_set_num_threads(1)
  }()
}
