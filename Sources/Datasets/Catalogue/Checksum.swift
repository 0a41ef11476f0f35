import Foundation

/// A published checksum of a file.
public enum Checksum: Hashable, Sendable, CustomStringConvertible {
  /// MD5, 32 hexadecimal digits: against accidents, which is what publishers of data sets give.
  case md5(String)
  /// SHA-256, 64 hexadecimal digits.
  case sha256(String)

  /// "md5 …" or "sha256 …".
  public var description: String {
    switch self {
    case .md5(let digits): "md5 \(digits)"
    case .sha256(let digits): "sha256 \(digits)"
    }
  }

  /// The checksum of the same kind of `bytes`.
  func computed(_ bytes: [UInt8]) -> Checksum {
    switch self {
    case .md5: .md5(Self.md5Digits(bytes))
    case .sha256: .sha256(Self.sha256Digits(bytes))
    }
  }

  package static func md5Digits(_ bytes: [UInt8]) -> String {
    var function = MD5()
    return String(hex(function.digest(bytes)).dropFirst(2))
  }

  package static func sha256Digits(_ bytes: [UInt8]) -> String {
    var function = SHA256()
    return String(hex(function.digest(bytes)).dropFirst(2))
  }
}

/// A hash of Merkle and Damgård's construction over blocks of 64 bytes.
protocol BlockHash {
  static var lengthIsBigEndian: Bool { get }
  mutating func absorb(_ block: UnsafePointer<UInt8>)
  var state: [UInt8] { get }
}

extension BlockHash {
  mutating func digest(_ bytes: [UInt8]) -> [UInt8] {
    let whole = bytes.count / 64 * 64
    bytes.withUnsafeBufferPointer { buffer in
      for offset in stride(from: 0, to: whole, by: 64) { absorb(buffer.baseAddress! + offset) }
    }
    var tail = Array(bytes[whole...]) + [0x80]
    while tail.count % 64 != 56 { tail.append(0) }
    let bits = UInt64(bytes.count) * 8
    tail += (0..<8).map { byte in
      UInt8(truncatingIfNeeded: bits >> (8 * UInt64(Self.lengthIsBigEndian ? 7 - byte : byte)))
    }
    tail.withUnsafeBufferPointer { buffer in
      for offset in stride(from: 0, to: tail.count, by: 64) { absorb(buffer.baseAddress! + offset) }
    }
    return state
  }
}

/// RFC 1321.
struct MD5: BlockHash {
  static let lengthIsBigEndian = false
  private var a: UInt32 = 0x6745_2301
  private var b: UInt32 = 0xefcd_ab89
  private var c: UInt32 = 0x98ba_dcfe
  private var d: UInt32 = 0x1032_5476

  private static let turns: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
  /// ⌊2³² · |sin(i + 1)|⌋.
  private static let sines: [UInt32] = (1...64).map { UInt32(abs(sin(Double($0))) * 0x1p32) }

  mutating func absorb(_ block: UnsafePointer<UInt8>) {
    Self.sines.withUnsafeBufferPointer { sines in
      Self.turns.withUnsafeBufferPointer { turns in
        var (a, b, c, d) = (self.a, self.b, self.c, self.d)
        for i in 0..<64 {
          let mixed: UInt32
          let word: Int
          switch i / 16 {
          case 0: (mixed, word) = (b & c | ~b & d, i)
          case 1: (mixed, word) = (d & b | ~d & c, (5 * i + 1) & 15)
          case 2: (mixed, word) = (b ^ c ^ d, (3 * i + 5) & 15)
          default: (mixed, word) = (c ^ (b | ~d), 7 * i & 15)
          }
          let value = UnsafeRawPointer(block).loadUnaligned(
            fromByteOffset: 4 * word, as: UInt32.self)
          let sum = a &+ mixed &+ sines[i] &+ UInt32(littleEndian: value)
          let turn = turns[i / 16 * 4 + i % 4]
          (a, d, c, b) = (d, c, b, b &+ (sum << turn | sum >> (32 - turn)))
        }
        self.a &+= a
        self.b &+= b
        self.c &+= c
        self.d &+= d
      }
    }
  }

  var state: [UInt8] {
    [a, b, c, d].flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }
}

/// FIPS 180-4.
struct SHA256: BlockHash {
  static let lengthIsBigEndian = true
  private static let primes: [UInt32] = {
    var found: [UInt32] = []
    var candidate: UInt32 = 2
    while found.count < 64 {
      if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
      candidate += 1
    }
    return found
  }()
  /// First 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants = primes.map { fraction(cbrt(Double($0))) }
  private var words = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
  private var schedule = [UInt32](repeating: 0, count: 64)

  private static func fraction(_ value: Double) -> UInt32 {
    UInt32((value - value.rounded(.down)) * 0x1p32)
  }

  mutating func absorb(_ block: UnsafePointer<UInt8>) {
    func turned(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
    Self.constants.withUnsafeBufferPointer { constants in
      schedule.withUnsafeMutableBufferPointer { w in
        for i in 0..<16 {
          w[i] = UInt32(
            bigEndian: UnsafeRawPointer(block).loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
          )
        }
        for i in 16..<64 {
          let (x, y) = (w[i - 15], w[i - 2])
          let s0 = turned(x, 7) ^ turned(x, 18) ^ x >> 3
          let s1 = turned(y, 17) ^ turned(y, 19) ^ y >> 10
          w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
        }
        var (a, b, c, d) = (words[0], words[1], words[2], words[3])
        var (e, f, g, h) = (words[4], words[5], words[6], words[7])
        for i in 0..<64 {
          let s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
          let t1 = h &+ s1 &+ (e & f ^ ~e & g) &+ constants[i] &+ w[i]
          let s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
          let t2 = s0 &+ (a & b ^ a & c ^ b & c)
          (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
        }
        for (i, value) in [a, b, c, d, e, f, g, h].enumerated() { words[i] &+= value }
      }
    }
  }

  var state: [UInt8] {
    words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
  }
}
