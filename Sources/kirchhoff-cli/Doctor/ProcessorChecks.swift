import CKernels
import Foundation
import Kirchhoff

/// The processor, its vectors, threads and memory.
enum ProcessorChecks {
  static var all: [Check] { [processor, instructionSet, threads, memory] }

  private static var processor: Check {
    let info = MachineInfo.collect()
    let system = [info["architecture"], info["system"]].compactMap { $0 }.joined(separator: ", ")
    return Check("processor", "\(info["processor"] ?? "unknown") (\(system))")
  }

  private static var instructionSet: Check {
    let name = "instruction set"
    let used = String(cString: kk_isa_name(kk_isa()))
    let best = String(cString: kk_isa_name(kk_isa_best()))
    let wanted = ProcessInfo.processInfo.environment["KIRCHHOFF_ISA"]
    if let wanted, wanted != used {
      return Check(
        name, .warning, "\(used): KIRCHHOFF_ISA=\(wanted) is unknown or not of this processor",
        fix: "unset KIRCHHOFF_ISA")
    }
    if used != best {
      return Check(
        name, .warning, "\(used), as KIRCHHOFF_ISA asks for; the best here is \(best)",
        fix: "unset KIRCHHOFF_ISA")
    }
    if kk_isa_best() == KK_ISA_REFERENCE {
      return Check(
        name, .warning, "\(used): this processor has no vector unit that the kernels know",
        fix: "use a processor with AVX2, AVX-512 or Neon")
    }
    return Check(name, used)
  }

  private static var threads: Check {
    let processors = ProcessInfo.processInfo.processorCount
    let found = "\(Threads.count) of \(processors) processors"
    if let share = SystemFacts.processorQuota, share < Double(Threads.count) {
      return Check(
        "threads", .warning, "\(found), but this container may use only \(short(share))",
        fix: "--threads \(max(1, Int(share)))")
    }
    return Check("threads", found)
  }

  private static var memory: Check {
    guard let free = SystemFacts.availableMemory else {
      return Check("memory", .warning, "unknown on this system")
    }
    let found = "\(megabytes(free)) available"
    return free < 2_000_000_000
      ? Check("memory", .warning, found, fix: "end other programs; building needs about 2 GB")
      : Check("memory", found)
  }
}

/// What the system says about its resources; nil where it says nothing.
enum SystemFacts {
  /// Bytes that a new program could use, the limit of a container included.
  static var availableMemory: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    let machine = kilobytes * 1024
    guard let limit = number("/sys/fs/cgroup/memory.max"),
      let used = number("/sys/fs/cgroup/memory.current")
    else { return machine }
    return min(machine, max(0, limit - used))
  }

  /// Processors that a container may use, fractions included.
  static var processorQuota: Double? {
    guard let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8)
    else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    return words.count == 2 && words[1] > 0 ? words[0] / words[1] : nil
  }

  /// Bytes free on the disk of a folder.
  static func freeDisk(_ folder: String) -> Int? {
    var facts = statvfs()
    guard statvfs(folder, &facts) == 0 else { return nil }
    return Int(facts.f_bavail) * Int(facts.f_frsize)
  }

  private static func number(_ path: String) -> Int? {
    (try? String(contentsOfFile: path, encoding: .utf8))
      .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }
}
