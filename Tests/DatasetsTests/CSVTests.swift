import Datasets
import Foundation
import Runtime
import Testing

@Suite struct CSVTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(
    _ text: String, _ change: (inout CSV.Options) -> Void = { _ in }
  ) throws -> ImageDataset {
    var options = CSV.Options()
    change(&options)
    return try CSV.dataset(
      try folder.write("t.csv", text: text), name: "t", split: "all", options: options)
  }

  private func values(_ data: ImageDataset) throws -> [Float] {
    let loader = try BatchLoader(
      data,
      options: .evaluation(
        batchSize: data.count, normalisation: .identity(channels: data.shape.channels)))
    return try loader.batch(index: 0).images.floats
  }

  @Test(arguments: [",", ";", "\t"]) func headerQuotesAndNames(delimiter: String) throws {
    let rows = [
      ["length", "width", "species"], ["1.5", "-2", "\"setosa \"\"x\"\"\""], ["3e2", " 4 ", "b"],
    ]
    let text = rows.map { $0.joined(separator: delimiter) }.joined(separator: "\r\n")
    let data = try read("\u{feff}" + text + "\r\n\r\n")
    #expect(data.classNames == ["b", "setosa \"x\""])
    #expect(data.labels == [1, 0])
    #expect(data.shape == ImageShape(height: 1, width: 1, channels: 2))
    #expect(try values(data) == [1.5, -2, 300, 4])
  }

  @Test func withoutHeaderTheLastColumnIsTheLabel() throws {
    let data = try read("1,2,0\n3,4,2\n")
    #expect(data.labels == [0, 2])
    #expect(data.classCount == 3)
  }

  @Test func labelColumnByNameAndNumber() throws {
    let text = "kind,a,b\n1,5,6\n0,7,8\n"
    for column in ["kind", "0", "-3"] {
      #expect(try read(text) { $0.labelColumn = column }.labels == [1, 0])
    }
    expectError(.data, "line 1", "no column \"kinds\"", "kind, a, b", "did you mean kind?") {
      _ = try read(text) { $0.labelColumn = "kinds" }
    }
  }

  @Test func rowsThatAreImages() throws {
    let data = try read("label,p0,p1,p2,p3\n7,0,255,3,4\n2,5,6,7,8\n") {
      $0.shape = ImageShape(height: 2, width: 2, channels: 1)
    }
    #expect(try data.imageBytes(at: 0) == [0, 255, 3, 4])
    #expect(data.labels == [7, 2])
    expectError(.data, "4 feature columns", "6 for images of 2×3×1") {
      _ = try read("label,p0,p1,p2,p3\n7,0,255,3,4\n") {
        $0.shape = ImageShape(height: 2, width: 3, channels: 1)
      }
    }
  }

  @Test func errorsNameLineAndColumn() throws {
    expectError(.data, "t.csv, line 3, column 2 (b)", "\"x\"", "finite number") {
      _ = try read("a,b,label\n1,2,0\n3,x,1\n")
    }
    expectError(.data, "line 2, column 1 (a)", "an empty cell") {
      _ = try read("a,b,label\n,2,0\n")
    }
    expectError(.data, "line 2, column 1 (a)", "\"nan\"") { _ = try read("a,b,label\nnan,2,0\n") }
    expectError(.data, "line 4", "2 cells", "3 as in line 1") {
      _ = try read("a,b,label\n1,2,0\n\n3,1\n")
    }
    expectError(.data, "line 2, column 3 (label)", "label -1") {
      _ = try read("a,b,label\n1,2,-1\n")
    }
    expectError(.data, "line 2", "never closed") { _ = try read("a,b,label\n1,\"2,0\n") }
    expectError(.data, "empty table") { _ = try read("\n\n") }
    expectError(.data, "one column") { _ = try read("a\n1\n") }
    expectError(.data, "line 2", "end of the file") { _ = try read("a,b,label\n") }
  }

  @Test func tablesNormaliseByColumnAndRefusePixelAugmentation() throws {
    let data = try read("1000001,5,0\n1000003,5,1\n")
    let normalisation = try Normalisation(measuredOn: data)
    #expect(normalisation.mean == [1_000_002, 5])
    // A constant column keeps deviation 1 rather than dividing by zero.
    #expect(normalisation.deviation == [1, 1])
    let options = BatchLoader.Options(batchSize: 1, augmentation: try .preset("light"))
    expectError(.config, "augmentation.", "table") { _ = try BatchLoader(data, options: options) }
  }
}
