import Foundation
import Runtime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How far an output may be from the reference body's.
enum Tolerance: Sendable {
  /// The same bits.
  case bits
  /// This share of the element itself, for functions of one element.
  case relative(Double)
  /// This share of the largest magnitude of the output (or of `floor`, the size of what cancels in
  /// it, where that is larger): for sums, whose terms cancel.
  case scaled(Double, floor: Double = 0)
}

/// Memory for one call of a kernel.
///
/// Every block ends at a page that must not be touched, begins after a margin, and has sentinels in
/// the gaps between its rows: reading or writing beyond what the header names crashes or shows.
final class Arena {
  /// One output of a kernel, without the gaps between its rows.
  struct Output {
    let name: String
    let tolerance: Tolerance
    let values: [Double]
    /// The bits of each element, NaN included.
    let bits: [UInt64]
    /// Elements that still hold what was there before, although the kernel overwrites them.
    let unwritten: Int
  }

  /// What an output holds before the call.
  enum Start {
    /// A NaN: the kernel overwrites it.
    case junk
    /// Normal numbers: the kernel accumulates or updates.
    case gaussian
    case zero
    case values([Float])
  }

  private struct Block {
    let base: UnsafeMutableRawPointer
    let mapped: Int
    let start: UnsafeMutableRawPointer
    let margin: Int
  }

  private struct Area {
    let name: String
    let pointer: UnsafeMutablePointer<Float>
    let rows: Int
    let columns: Int
    let stride: Int
    let tolerance: Tolerance
    let junk: Bool
  }

  private static let sentinel: UInt32 = 0x7fc0_dead
  private static let page = 4096
  private var blocks: [Block] = []
  private var areas: [Area] = []
  private var doubles: [(String, UnsafeMutablePointer<Double>, Int, Tolerance)] = []
  private var integers: [(String, UnsafeMutablePointer<Int32>, Int)] = []
  private var drawn: UInt64 = 0

  deinit { for block in blocks { munmap(block.base, block.mapped) } }

  /// Normal numbers: `rows` rows of `columns` floats, `stride` apart; with `in`, uniform in it.
  func input(
    _ rows: Int, _ columns: Int, stride: Int? = nil, in range: ClosedRange<Float>? = nil
  ) -> UnsafeMutablePointer<Float> {
    let pointer = floats(rows, columns, stride ?? columns)
    fill(pointer, rows, columns, stride ?? columns, in: range)
    return pointer
  }

  /// A vector of normal numbers, or of uniform ones in a range.
  func input(_ count: Int, in range: ClosedRange<Float>? = nil) -> UnsafeMutablePointer<Float> {
    input(1, count, in: range)
  }

  /// Rows of positive numbers that add up to one.
  func probabilities(_ rows: Int, _ columns: Int, stride: Int) -> UnsafeMutablePointer<Float> {
    let pointer = input(rows, columns, stride: stride, in: 0.01...1)
    for row in 0..<rows {
      let start = pointer + row * stride
      let sum = (0..<columns).reduce(Float(0)) { $0 + start[$1] }
      for i in 0..<columns { start[i] /= sum }
    }
    return pointer
  }

  /// Integers of `0..<bound`.
  func indices(_ count: Int, below bound: Int) -> UnsafeMutablePointer<Int32> {
    let pointer = memory(count * 4).bindMemory(to: Int32.self, capacity: count)
    let stream = nextStream()
    for i in 0..<count { pointer[i] = Int32(stream.integer(at: UInt64(i), below: bound)) }
    return pointer
  }

  /// An output that is compared with the reference body's.
  func output(
    _ name: String, _ rows: Int, _ columns: Int, stride: Int? = nil, start: Start = .junk,
    _ tolerance: Tolerance
  ) -> UnsafeMutablePointer<Float> {
    let stride = stride ?? columns
    let pointer = floats(rows, columns, stride)
    var junk = false
    switch start {
    case .junk: junk = true
    case .gaussian: fill(pointer, rows, columns, stride, in: nil)
    case .zero:
      for row in 0..<rows { (pointer + row * stride).update(repeating: 0, count: columns) }
    case .values(let values):
      for (i, value) in values.enumerated() { pointer[i / columns * stride + i % columns] = value }
    }
    observe(name, pointer, rows, columns, stride: stride, junk: junk, tolerance)
    return pointer
  }

  /// A vector that is compared with the reference body's.
  func output(
    _ name: String, _ count: Int, start: Start = .junk, _ tolerance: Tolerance
  ) -> UnsafeMutablePointer<Float> {
    output(name, 1, count, start: start, tolerance)
  }

  /// Compares memory that is an input too: an operation in place.
  func observe(
    _ name: String, _ pointer: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int,
    stride: Int? = nil, junk: Bool = false, _ tolerance: Tolerance
  ) {
    areas.append(
      Area(
        name: name, pointer: pointer, rows: rows, columns: columns, stride: stride ?? columns,
        tolerance: tolerance, junk: junk))
  }

  /// An output of doubles.
  func doubleOutput(
    _ name: String, _ count: Int, _ tolerance: Tolerance
  ) -> UnsafeMutablePointer<Double> {
    let pointer = memory(count * 8).bindMemory(to: Double.self, capacity: count)
    pointer.update(repeating: .nan, count: count)
    doubles.append((name, pointer, count, tolerance))
    return pointer
  }

  /// An output of integers.
  func integerOutput(_ name: String, _ count: Int) -> UnsafeMutablePointer<Int32> {
    let pointer = memory(count * 4).bindMemory(to: Int32.self, capacity: count)
    pointer.update(repeating: .min, count: count)
    integers.append((name, pointer, count))
    return pointer
  }

  /// Memory whose contents nobody compares.
  func scratch(_ floats: Int) -> UnsafeMutablePointer<Float> { self.floats(1, floats, floats) }

  /// Doubles for reading.
  func doubles(_ values: [Double]) -> UnsafeMutablePointer<Double> {
    let pointer = memory(values.count * 8).bindMemory(to: Double.self, capacity: values.count)
    for (i, value) in values.enumerated() { pointer[i] = value }
    return pointer
  }

  /// A structure that lives as long as the arena.
  func hold<T: BitwiseCopyable>(_ value: T) -> UnsafeMutablePointer<T> {
    let size = (MemoryLayout<T>.size + 15) / 16 * 16
    let pointer = memory(size).bindMemory(to: T.self, capacity: 1)
    pointer.initialize(to: value)
    return pointer
  }

  /// All outputs, in the order they were made.
  func outputs() -> [Output] {
    var result = areas.map { area in
      var values: [Double] = []
      var bits: [UInt64] = []
      for row in 0..<area.rows {
        for i in 0..<area.columns {
          let value = area.pointer[row * area.stride + i]
          values.append(Double(value))
          bits.append(UInt64(value.bitPattern))
        }
      }
      let unwritten = area.junk ? bits.count { $0 == UInt64(Arena.sentinel) } : 0
      return Output(
        name: area.name, tolerance: area.tolerance, values: values, bits: bits,
        unwritten: unwritten)
    }
    for (name, pointer, count, tolerance) in doubles {
      let values = (0..<count).map { pointer[$0] }
      result.append(
        Output(
          name: name, tolerance: tolerance, values: values, bits: values.map(\.bitPattern),
          unwritten: 0))
    }
    for (name, pointer, count) in integers {
      let values = (0..<count).map { Double(pointer[$0]) }
      result.append(
        Output(
          name: name, tolerance: .bits, values: values, bits: values.map(\.bitPattern),
          unwritten: 0))
    }
    return result
  }

  /// Where something was written that belongs to nobody.
  func damage() -> [String] {
    var found: [String] = []
    for block in blocks {
      let margin = block.start - block.margin
      for offset in stride(from: 0, to: block.margin, by: 4)
      where margin.load(fromByteOffset: offset, as: UInt32.self) != Arena.sentinel {
        found.append("\(block.margin - offset) bytes before a block")
        break
      }
    }
    for area in areas {
      for row in 0..<max(area.rows - 1, 0) {
        for i in area.columns..<max(area.stride, area.columns)
        where area.pointer[row * area.stride + i].bitPattern != Arena.sentinel {
          found.append("\(area.name): the gap after row \(row), float \(i)")
          break
        }
      }
    }
    return found
  }

  private func floats(_ rows: Int, _ columns: Int, _ stride: Int) -> UnsafeMutablePointer<Float> {
    let count = rows == 0 ? 0 : (rows - 1) * stride + columns
    let pointer = memory(count * 4).bindMemory(to: Float.self, capacity: count)
    pointer.update(repeating: Float(bitPattern: Arena.sentinel), count: count)
    return pointer
  }

  /// `bytes` that end where a page without access begins.
  private func memory(_ bytes: Int) -> UnsafeMutableRawPointer {
    let margin = 256
    let usable = (bytes + margin + Arena.page - 1) / Arena.page * Arena.page
    let mapped = usable + Arena.page
    let base = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let base, base != MAP_FAILED else { fatalError("no memory for a test: \(bytes) bytes") }
    mprotect(base + usable, Arena.page, PROT_NONE)
    let start = base + usable - bytes
    for offset in stride(from: 0, to: margin, by: 4) {
      (start - margin).storeBytes(of: Arena.sentinel, toByteOffset: offset, as: UInt32.self)
    }
    blocks.append(Block(base: base, mapped: mapped, start: start, margin: margin))
    return start
  }

  private func nextStream() -> RandomStream {
    drawn += 1
    return RandomStream(seed: 1234, stream: drawn)
  }

  private func fill(
    _ pointer: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ stride: Int,
    in range: ClosedRange<Float>?
  ) {
    let stream = nextStream()
    for row in 0..<rows {
      for i in 0..<columns {
        let index = UInt64(2 * (row * columns + i))
        let u = stream.uniform(at: index)
        let value: Float
        if let range {
          value = range.lowerBound + (range.upperBound - range.lowerBound) * u
        } else {
          value = (-2 * log(1 - u)).squareRoot() * cos(2 * .pi * stream.uniform(at: index + 1))
        }
        pointer[row * stride + i] = value
      }
    }
  }
}
