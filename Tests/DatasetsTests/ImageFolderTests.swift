import Datasets
import Foundation
import Runtime
import Testing

@Suite struct ImageFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func png(_ value: UInt8, height: Int = 2, width: Int = 3, channels: Int = 1) -> [UInt8] {
    Encode.png(
      height: height, width: width, channels: channels,
      (0..<height * width * channels).map { value &+ UInt8(truncatingIfNeeded: $0) })
  }

  /// Made with libjpeg-turbo, quality 95: 8×8, left half (200, 30, 60), right half (20, 140, 250),
  /// 4:4:4.
  static let colourJPEG = [UInt8](
    Data(
      base64Encoded: """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJB\
        wYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCg\
        oKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wAARCAAIAAgDAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAE\
        CAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2Jy\
        ggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl\
        5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAw\
        EBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoE\
        IFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3\
        eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8\
        vP09fb3+Pn6/9oADAMBAAIRAxEAPwDxH4Df8xX/ALYf+1K/evouf8zf/uX/APc57n7RX/mmP+53/wB1D//Z
        """)!)

  @Test func trainAndTestFolders() throws {
    try folder.write("train/cat/b.png", png(50))
    try folder.write("train/cat/a.png", png(10))
    try folder.write("train/ant/deep/er/x.PNG", png(90))
    try folder.write("train/ant/notes.txt", text: "not an image")
    try folder.write("test/cat/a.png", png(7))
    let (training, test) = try ImageFolder.read(folder.path, name: "f")
    #expect(training.classNames == ["ant", "cat"])
    #expect(training.labels == [0, 1, 1])
    #expect(training.shape == ImageShape(height: 2, width: 3, channels: 1))
    #expect(try training.imageBytes(at: 1) == [10, 11, 12, 13, 14, 15])
    #expect(try training.imageBytes(at: 2)?[0] == 50)
    #expect(test?.labels == [1])
    #expect(test?.split == "test")
  }

  @Test func plainFolderIsSplitTheSameWayEveryTime() throws {
    for index in 0..<10 {
      for name in ["x", "y"] { try folder.write("\(name)/\(index).png", png(UInt8(index))) }
    }
    var source = DatasetSource(folder.path)
    source.testShare = 0.3
    let registry = DatasetRegistry(entries: [], roots: [], cache: folder.path)
    let first = try registry.load(source)
    let second = try registry.load(source)
    #expect(first.test.classCounts == [3, 3])
    #expect(first.training.count == 14)
    #expect(first.test.sampleIndices == second.test.sampleIndices)
    #expect(Set(first.test.sampleIndices).isDisjoint(with: first.training.sampleIndices))
    source.splitSeed = 1
    #expect(try registry.load(source).test.sampleIndices != first.test.sampleIndices)
  }

  @Test func colourAndGreyMix() throws {
    try folder.write("c/colour.png", png(100, channels: 3))
    try folder.write("c/grey.png", png(40))
    let data = try ImageFolder.dataset(folder.path, name: "f", split: "all")
    #expect(data.shape.channels == 3)
    #expect(Array(try #require(try data.imageBytes(at: 1)).prefix(6)) == [40, 40, 40, 41, 41, 41])
  }

  @Test func transparencyLiesOnBlack() throws {
    let pixels: [UInt8] = [200, 100, 50, 255, 200, 100, 50, 0]
    try folder.write("c/t.png", Encode.png(height: 1, width: 2, channels: 4, pixels))
    let data = try ImageFolder.dataset(folder.path, name: "f", split: "all")
    #expect(try data.imageBytes(at: 0) == [200, 100, 50, 0, 0, 0])
  }

  @Test func jpegDecodes() throws {
    try folder.write("c/j.jpg", Self.colourJPEG)
    let data = try ImageFolder.dataset(folder.path, name: "f", split: "all")
    #expect(data.shape == ImageShape(height: 8, width: 8, channels: 3))
    let bytes = try #require(try data.imageBytes(at: 0))
    // Quantisation steps are at most 10 at quality 95, and blocks with an edge ring a little.
    for (x, colour) in [(0, [200, 30, 60]), (7, [20, 140, 250])] {
      for channel in 0..<3 {
        #expect(abs(Int(bytes[3 * x + channel]) - colour[channel]) <= 10)
      }
    }
  }

  @Test func resizingAveragesWhenItShrinks() throws {
    let checker: [UInt8] = (0..<64).map { (i: Int) -> UInt8 in (i + i / 8) % 2 == 0 ? 0 : 200 }
    try folder.write("c/a.png", Encode.png(height: 8, width: 8, channels: 1, checker))
    try folder.write("c/b.png", png(9, height: 4, width: 4))
    var options = ImageFolder.Options()
    (options.height, options.width) = (4, 4)
    let data = try ImageFolder.dataset(folder.path, name: "f", split: "all", options: options)
    // A checkerboard of 0 and 200 is 100 everywhere; the border's filter is cut and less even.
    let shrunk = try #require(try data.imageBytes(at: 0))
    #expect([5, 6, 9, 10].allSatisfy { abs(Int(shrunk[$0]) - 100) <= 1 })
    #expect(try data.imageBytes(at: 1) == (9..<25).map { UInt8($0) })
  }

  @Test func filesDecodedOnDemandGiveTheSameBatches() throws {
    for index in 0..<6 { try folder.write("c/\(index).png", png(UInt8(20 * index))) }
    var options = ImageFolder.Options()
    let inMemory = try ImageFolder.dataset(folder.path, name: "f", split: "all", options: options)
    options.memoryLimitBytes = 0
    let onDemand = try ImageFolder.dataset(folder.path, name: "f", split: "all", options: options)
    let settings = BatchLoader.Options(batchSize: 4, augmentation: try .preset("light"), seed: 3)
    let a = try BatchLoader(inMemory, options: settings).next()
    let b = try BatchLoader(onDemand, options: settings).next()
    #expect(a.images.floats == b.images.floats)
    // A file that goes bad while training is an error of that batch, again and again.
    let loader = try BatchLoader(onDemand, options: settings)
    for index in 0..<6 { try folder.write("c/\(index).png", text: "damaged") }
    for _ in 0..<2 { expectError(.data, ".png", "magic number") { _ = try loader.next() } }
  }

  @Test func errors() throws {
    try folder.write("size/c/a.png", png(1))
    try folder.write("size/c/b.png", png(1))
    try folder.write("size/c/odd.png", png(1, height: 5))
    expectError(.data, "odd.png", "5×3", "2×3") {
      _ = try ImageFolder.dataset(folder.path + "/size", name: "f", split: "all")
    }
    try folder.write("empty/c/a.png", png(1))
    try folder.makeFolder("empty/hollow")
    expectError(.data, "/hollow", "no images", "at least one") {
      _ = try ImageFolder.dataset(folder.path + "/empty", name: "f", split: "all")
    }
    try folder.makeFolder("bare")
    expectError(.data, "/bare", "no folders") {
      _ = try ImageFolder.dataset(folder.path + "/bare", name: "f", split: "all")
    }
    try folder.write("text/c/a.jpg", text: "hello")
    expectError(.data, "a.jpg", "byte 0", "0x68656c6c") {
      _ = try ImageFolder.dataset(folder.path + "/text", name: "f", split: "all")
    }
    try folder.write("cut/c/a.png", Array(png(1, height: 20, width: 20).dropLast(100)))
    expectError(.data, "a.png", "damaged PNG") {
      _ = try ImageFolder.dataset(folder.path + "/cut", name: "f", split: "all")
    }
    try folder.write("cutjpeg/c/a.jpg", Array(Self.colourJPEG.dropLast(24)))
    expectError(.data, "a.jpg", "damaged JPEG") {
      _ = try ImageFolder.dataset(folder.path + "/cutjpeg", name: "f", split: "all")
    }
    try folder.write("classes/train/a/1.png", png(1))
    try folder.write("classes/test/b/1.png", png(1))
    expectError(.data, "test/b", "class b") {
      _ = try ImageFolder.read(folder.path + "/classes", name: "f")
    }
  }
}
