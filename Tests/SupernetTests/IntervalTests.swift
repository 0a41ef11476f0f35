import Testing

@testable import Supernet

/// Intervals over seeds.
@Suite("Intervals")
struct IntervalTests {
  @Test("The interval of five values is Student's")
  func fiveValues() throws {
    // Mean 3, deviation √2.5, so 2.776·√2.5/√5 = 2.776·√0.5.
    let interval = Interval([1, 2, 3, 4, 5])
    #expect(interval.mean == 3)
    #expect(abs(try #require(interval.halfWidth) - 2.776 * 0.5.squareRoot()) < 1e-12)
    #expect(interval.excludesZero)
    #expect(!Interval([-1, 2, -2, 1, 0]).excludesZero)
  }

  @Test("One value has no interval")
  func oneValue() {
    #expect(Interval([2]).halfWidth == nil)
    #expect(!Interval([2]).excludesZero)
  }

  @Test(
    "Quantiles are those of the tables",
    arguments: [(1, 12.706), (4, 2.776), (20, 2.086), (30, 2.042), (60, 2.000), (120, 1.980)])
  func quantiles(freedom: Int, expected: Double) {
    // The tables have three decimals.
    #expect(abs(Interval.quantile(freedom: freedom) - expected) < 6e-4)
  }
}
