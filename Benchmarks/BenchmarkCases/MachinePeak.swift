import CKernels
import Kirchhoff

/// What this machine can do at best, measured.
enum MachinePeak {
  /// Fused multiply-adds in registers, with the instruction set in use, on one core.
  static func gigaflopsPerCore() -> Double {
    var best = 0.0
    for _ in 0..<10 {
      var operations = 0.0
      var sink: Float = 0
      let elapsed = ContinuousClock().measure { kk_peak_fma(&operations, &sink, 200_000) }
      let (seconds, attoseconds) = elapsed.components
      best = max(best, operations * 1e-9 / (Double(seconds) + Double(attoseconds) * 1e-18))
    }
    return best
  }
}
