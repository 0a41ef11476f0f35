import Studies
import Testing

@Suite("Mapping tables of the bulk-switching paper")
struct BulkSwitchingMappingTests {
  private func value(_ table: StudyTable, _ name: String) throws -> Double {
    try #require(table.rows.first { $0.name == name }).ours
  }

  @Test("Counts equal the reference to the last digit")
  func counts() throws {
    let tables = try BulkSwitchingMapping.tables()
    let known: [[(String, Double)]] = [
      [
        ("devices", 6440), ("FLOPs", 272_640), ("arrays", 6), ("operations", 641),
        ("tile operations", 707),
      ],
      [("devices", 1_099_968)],
      [
        ("devices", 22_328_704), ("FLOPs", 1_110_845_440), ("arrays", 1480), ("operations", 6801),
        ("tile operations", 81_922),
      ],
    ]
    for (table, known) in zip(tables, known) {
      for (name, expected) in known {
        #expect(try value(table, name) == expected, "\(table.title), \(name)")
      }
    }
  }

  @Test("Times and energies equal the reference")
  func costs() throws {
    let tables = try BulkSwitchingMapping.tables()
    let known = [(0, 0.46152, 0.41472, 1.88062), (2, 4.89672, 0.73728, 240.031)]
    for (index, latency, interval, energy) in known {
      // As many digits as the reference gives.
      #expect(abs(try value(tables[index], "latency, ms") - latency) < 5e-6)
      #expect(abs(try value(tables[index], "interval when pipelined, ms") - interval) < 5e-6)
      #expect(abs(try value(tables[index], "energy, µJ") / energy - 1) < 3e-6)
    }
  }
}
