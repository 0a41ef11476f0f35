import Foundation
import RunLog
import Runtime
import Testing

@Suite struct SafetensorsTests {
  /// Written by the reference library (safetensors 0.8 for Python, Golden/make_golden.py).
  static let golden = """
    yAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJvcmlnaW4iOiJyZWZlcmVuY2UifSwiY291bnRlciI6eyJkdHlwZSI6
    IlU2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzAsOF19LCJzaGlmdCI6eyJkdHlwZSI6Ikk2NCIsInNo
    YXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzgsMjRdfSwiZW1wdHkiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAs
    NF0sImRhdGFfb2Zmc2V0cyI6WzI0LDI0XX0sInNjYWxhciI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbXSwiZGF0
    YV9vZmZzZXRzIjpbMjQsMjhdfSwid2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29m
    ZnNldHMiOlsyOCw1Ml19LCJsYWJlbHMiOnsiZHR5cGUiOiJJMzIiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMi
    Ols1Miw2MF19LCJjb2RlcyI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNjAsNjNd
    fX0FAAAAAAAAgP//////////AAAAAAABAAAAAAA+AADAPwAAEMBZ2QAzAAAAAAAAAIAA4H9H/f///////38AB/8=
    """

  static var sources: [TensorSource] {
    [
      TensorSource(name: "conv.weight", shape: [2, 3], floats: [1, -2.5, 0, 3e-8, .infinity, -7]),
      TensorSource(name: "odd", bytes: [1, 2, 3]),
      TensorSource(name: "counter", integers: [UInt64.max, 0]),
      TensorSource(name: "nothing", shape: [0, 4], floats: []),
      TensorSource(name: "scalar \"x\"/é\n", shape: [], floats: [0.125]),
    ]
  }

  private func sample(_ folder: TemporaryFolder) throws -> String {
    let path = folder.file("a.safetensors")
    try SafetensorsWriter.write(Self.sources, metadata: ["step": "7"], to: path)
    return path
  }

  @Test func readsWhatTheReferenceWrote() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("golden.safetensors")
    let data = try #require(
      Data(base64Encoded: Self.golden, options: .ignoreUnknownCharacters))
    try data.write(to: URL(fileURLWithPath: path))
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["origin": "reference"])
    #expect(try file.floats("weight") == [1.5, -2.25, 3e-8, 0, -0.0, 65504])
    #expect(file["weight"]?.shape == [2, 3])
    #expect(try file.bytes("codes") == [0, 7, 255])
    #expect(try file.integers("counter") == [(1 << 63) + 5])
    #expect(try file.floats("scalar") == [0.125])
    #expect(file["scalar"]?.shape == [])
    #expect(try file.floats("empty") == [])
    #expect(file["empty"]?.shape == [0, 4])
    try file.withBytes(of: "shift") {
      #expect($0.loadUnaligned(fromByteOffset: 8, as: Int64.self) == 1 << 40)
    }
    try file.withBytes(of: "labels") {
      #expect($0.loadUnaligned(as: Int32.self) == -3)
    }
  }

  @Test func namesTheFirstValueThatIsNoNumber() throws {
    let folder = try TemporaryFolder()
    let path = try sample(folder)
    let error = #expect(throws: KirchhoffError.self) {
      try SafetensorsFile(path: path).checkFinite()
    }
    #expect(error?.subject == path)
    #expect(error?.place == "tensor conv.weight [1, 1]")
    #expect(error?.found == "inf")
  }

  @Test func readsWhatItWrote() throws {
    let folder = try TemporaryFolder()
    let file = try SafetensorsFile(path: try sample(folder))
    try file.verify()
    #expect(file.metadata == ["step": "7"])
    #expect(try file.floats("conv.weight") == [1, -2.5, 0, 3e-8, .infinity, -7])
    #expect(try file.bytes("odd") == [1, 2, 3])
    #expect(try file.integers("counter") == [UInt64.max, 0])
    #expect(try file.floats("nothing").isEmpty)
    #expect(try file.floats("scalar \"x\"/é\n") == [0.125])
    // Larger elements first, so that every tensor is aligned to its element.
    #expect(file.tensors.first?.name == "counter")
    #expect(file.tensors.last?.name == "odd")
  }

  @Test func equalContentsGiveEqualBytes() throws {
    let folder = try TemporaryFolder()
    let first = try Data(contentsOf: URL(fileURLWithPath: try sample(folder)))
    let second = try Data(contentsOf: URL(fileURLWithPath: try sample(folder)))
    #expect(first == second)
  }

  @Test func aTensorLargerThanAPieceSurvives() throws {
    let folder = try TemporaryFolder()
    let values = (0..<200_001).map { Float($0) * 0.5 }
    let path = folder.file("large.safetensors")
    try SafetensorsWriter.write(
      [TensorSource(name: "w", shape: [values.count], floats: values)], to: path)
    #expect(try SafetensorsFile(path: path).floats("w") == values)
  }

  /// Every single byte, one after the other: header length, header, each tensor.
  @Test func anyChangedByteIsNoticed() throws {
    let folder = try TemporaryFolder()
    let path = try sample(folder)
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    for index in sound.indices {
      var data = sound
      data[index] ^= 0x04
      try data.write(to: URL(fileURLWithPath: path))
      do {
        let file = try SafetensorsFile(path: path)
        try file.verify()
        Issue.record("byte \(index) of \(sound.count) changed and not noticed")
      } catch let error as KirchhoffError {
        #expect(error.kind == .checkpoint)
        #expect(error.subject == path)
        #expect(error.place != nil && error.found != nil && error.expected != nil)
      }
    }
  }

  @Test func anyTruncationIsNoticed() throws {
    let folder = try TemporaryFolder()
    let path = try sample(folder)
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in 0..<sound.count {
      try sound.prefix(count).write(to: URL(fileURLWithPath: path))
      let error = kirchhoffError { _ = try SafetensorsFile(path: path) }
      #expect(error?.kind == .checkpoint)
    }
    try (sound + Data([0])).write(to: URL(fileURLWithPath: path))
    #expect(kirchhoffError { _ = try SafetensorsFile(path: path) }?.place == "end of the file")
  }

  @Test func aDamagedTensorIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = try sample(folder)
    try damage(path) { $0[$0.count - 1] ^= 1 }
    let file = try SafetensorsFile(path: path)
    #expect(try file.integers("counter") == [UInt64.max, 0])
    let error = kirchhoffError { _ = try file.bytes("odd") }
    #expect(error?.place?.contains("tensor odd") == true)
    #expect(error?.found?.contains("xxHash64") == true)
  }

  /// Headers without our checksums, as any program may write them.
  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, nil),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "tensor a"),
    (#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, 4, "tensor a"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "tensor a"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "tensor a"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4, "tensor a"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "tensor a"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "end of the file"),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#, 6, "tensor b"
    ),
    (#"["a"]"#, 0, "header"), (#"{"a":7}"#, 0, "header"), (#"{"a""#, 0, "header"),
  ])
  func theHeaderIsChecked(json: String, dataCount: Int, place: String?) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("b.safetensors")
    var data = withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian) { Data($0) }
    data += Data(json.utf8) + Data(count: dataCount)
    try data.write(to: URL(fileURLWithPath: path))
    guard let place else {
      #expect(try SafetensorsFile(path: path).floats("a") == [0])
      return
    }
    let error = kirchhoffError { _ = try SafetensorsFile(path: path) }
    #expect(error?.kind == .checkpoint)
    #expect(error?.place?.contains(place) == true, "\(String(describing: error))")
  }

  @Test func anotherShapeOrNameIsRefused() throws {
    let folder = try TemporaryFolder()
    let file = try SafetensorsFile(path: try sample(folder))
    var room = [Float](repeating: 0, count: 6)
    let shape = kirchhoffError {
      try room.withUnsafeMutableBytes { try file.read("conv.weight", shape: [3, 2], into: $0) }
    }
    #expect(shape?.found == "F32 [2, 3]")
    #expect(shape?.expected == "F32 [3, 2]")
    #expect(
      kirchhoffError { _ = try file.floats("conv.wieght") }?.hint?.contains("conv.weight") == true)
    #expect(kirchhoffError { _ = try file.floats("counter") }?.expected == "F32")
    try room.withUnsafeMutableBytes { try file.read("conv.weight", shape: [2, 3], into: $0) }
    #expect(room[1] == -2.5)
  }

  @Test func anAbsentFileIsNamed() {
    let error = kirchhoffError { _ = try SafetensorsFile(path: "/nowhere/a.safetensors") }
    #expect(error?.kind == .io)
    #expect(error?.subject == "/nowhere/a.safetensors")
  }
}
