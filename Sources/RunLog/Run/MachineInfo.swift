import Foundation

/// The machine that a run was made on, as far as the system tells.
public enum MachineInfo {
  /// Processor, cores, memory and system, to which the caller adds what it knows: instruction set,
  /// BLAS core, threads, package version.
  public static func collect(adding extra: [String: String] = [:]) -> [String: String] {
    var info: [String: String] = [:]
    info["processor"] = processor()
    info["cores"] = "\(ProcessInfo.processInfo.activeProcessorCount)"
    info["memory"] = memory(ProcessInfo.processInfo.physicalMemory)
    info["system"] = system()
    var name = utsname()
    if uname(&name) == 0 {
      info["kernel"] = "\(text(&name.sysname)) \(text(&name.release))"
      info["architecture"] = text(&name.machine)
      info["host"] = text(&name.nodename)
    }
    return info.merging(extra) { $1 }
  }

  static func memory(_ bytes: UInt64) -> String {
    String(format: "%.1f GiB", Double(bytes) / Double(1 << 30))
  }

  private static func processor() -> String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return nil
    }
    let keys = ["model name", "Model", "Hardware", "CPU implementer"]
    let lines = text.split(separator: "\n")
    for key in keys {
      if let line = lines.first(where: { $0.hasPrefix(key) }), let colon = line.firstIndex(of: ":")
      {
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
    }
    return nil
  }

  private static func system() -> String {
    let text = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
    return line.map { $0.dropFirst(12).trimmingCharacters(in: ["\""]) }
      ?? ProcessInfo.processInfo.operatingSystemVersionString
  }

  private static func text<Tuple>(_ field: inout Tuple) -> String {
    withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
