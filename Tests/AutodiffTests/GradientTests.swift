import Autodiff
import CKernels
import Runtime
import Testing

@Suite(.serialized) struct GradientTests {
  /// Differences over 2·4e-3 in float32 losses of a few hundred terms carry an error of about 1e-3;
  /// a wrong gradient is off by tens of percent.
  static let tolerance = 1e-2

  @Test(arguments: GradientCatalog.all)
  func matchesDifferences(_ gradientCase: GradientCase) {
    for kind in [KK_ISA_REFERENCE, kk_isa_best()] {
      kk_isa_set(kind)
      var probe = GradientProbe(gradientCase)
      for (name, error) in probe.errors() {
        #expect(
          error < GradientTests.tolerance,
          "\(gradientCase.name), \(name), \(String(cString: kk_isa_name(kind)))")
      }
    }
    kk_isa_set(kk_isa_best())
  }
}
