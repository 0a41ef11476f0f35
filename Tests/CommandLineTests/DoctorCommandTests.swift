import Foundation
import Testing

@Suite("kirchhoff doctor")
struct DoctorCommandTests {
  private func checks(
    _ environment: [String: String] = [:], in folder: URL? = nil
  ) throws -> (checks: [String: [String: Any]], output: Tool.Output) {
    let output = try Tool.run("doctor", "--json", environment: environment, in: folder)
    let list = try #require(try output.object()["checks"] as? [[String: Any]])
    let pairs = try list.map { (try #require($0["name"] as? String), $0) }
    return (Dictionary(uniqueKeysWithValues: pairs), output)
  }

  @Test("Every line has a status, and what is not ok has a fix")
  func lines() throws {
    let (checks, output) = try checks()
    for name in [
      "processor", "instruction set", "threads", "memory", "OpenBLAS", "OpenBLAS core", "LAPACKE",
      "libpng", "turbojpeg", "Swift", "headers", "current folder", "disk", "fashion-mnist",
    ] {
      #expect(checks[name] != nil, "no check of \(name)")
    }
    for (name, check) in checks {
      let status = try #require(check["status"] as? String)
      #expect(["ok", "warning", "missing"].contains(status))
      #expect(status == "ok" || check["fix"] is String, "no fix for \(name)")
    }
    let isMissing = checks.values.contains { $0["status"] as? String == "missing" }
    #expect(output.exitCode == (isMissing ? 1 : 0))
    #expect(try output.object()["healthy"] as? Bool == !isMissing)
  }

  @Test("Text and JSON tell the same")
  func text() throws {
    let (checks, _) = try checks()
    let text = try Tool.run("doctor").standardOutput
    for name in checks.keys { #expect(text.contains("  \(name) ")) }
  }

  @Test("Slow kernels are warned about")
  func slowKernels() throws {
    let normal = try checks().checks["instruction set"]
    guard normal?["found"] as? String != "reference" else { return }
    let forced = try checks(["KIRCHHOFF_ISA": "reference"]).checks["instruction set"]
    #expect(forced?["status"] as? String == "warning")
    let unknown = try checks(["KIRCHHOFF_ISA": "mmx"]).checks["instruction set"]
    #expect(unknown?["status"] as? String == "warning")
  }

  @Test("OPENBLAS_CORETYPE that wastes AVX-512 is warned about")
  func slowCore() throws {
    let normal = try checks().checks
    guard normal["instruction set"]?["found"] as? String == "avx512" else { return }
    #expect(normal["OpenBLAS core"]?["status"] as? String == "ok")
    let forced = try checks(["OPENBLAS_CORETYPE": "Haswell"]).checks["OpenBLAS core"]
    #expect(forced?["status"] as? String == "warning")
    #expect((forced?["fix"] as? String)?.contains("OPENBLAS_CORETYPE") == true)
  }

  #if os(Linux)
    @Test("A folder that cannot be written to is missing, and the exit code says so")
    func unwritableFolder() throws {
      let (checks, output) = try checks(in: URL(fileURLWithPath: "/proc"))
      #expect(checks["current folder"]?["status"] as? String == "missing")
      #expect(output.exitCode == 1)
    }
  #endif
}
