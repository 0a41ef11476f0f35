import Runtime
import Testing

struct KirchhoffErrorTests {
  @Test(arguments: [
    (KirchhoffError(.io, subject: "a.json"), "a.json"),
    (KirchhoffError(.io, subject: "a.json", place: "line 3"), "a.json, line 3"),
    (
      KirchhoffError(.data, subject: "x", place: "byte 4", found: "7", expected: "8"),
      "x, byte 4: found 7, expected 8"
    ),
    (KirchhoffError(.data, subject: "x", expected: "8"), "x: expected 8"),
    (KirchhoffError(.data, subject: "x", found: "7"), "x: found 7"),
    (
      KirchhoffError(.config, subject: "c", found: "lr", expected: "a key", hint: "mean lrate?"),
      "c: found lr, expected a key (mean lrate?)"
    ),
  ])
  func oneLineNamesWhatIsKnown(error: KirchhoffError, text: String) {
    #expect(error.description == text)
    #expect("\(error as any Error)" == text)
  }

  @Test func exitCodesAreStable() {
    let codes = KirchhoffError.Kind.allCases.map { "\($0) \($0.exitCode)" }
    #expect(
      Set(codes) == [
        "internalError 1", "config 3", "data 4", "checkpoint 5", "io 6", "numerical 7", "usage 64",
        "interrupted 130",
      ])
  }
}

struct NearestTests {
  private let words = ["momentum", "weight-decay", "epochs", "batch", "seed"]

  @Test(arguments: [
    ("momentun", "momentum"),  // replaced
    ("momntum", "momentum"),  // left out
    ("momenttum", "momentum"),  // one too many
    ("momenutm", "momentum"),  // swapped
    ("Epochs", "epochs"),  // another case
    ("wieght-deacy", "weight-decay"),  // two swaps
    ("seed", "seed"),
  ])
  func aSlipFindsItsWord(word: String, meant: String) {
    #expect(nearest(word, in: words) == meant)
  }

  @Test(arguments: ["learning-rate", "xyz", "temperature"])
  func anotherWordFindsNothing(word: String) {
    #expect(nearest(word, in: words) == nil)
  }

  @Test func nothingIsNearInNothing() {
    #expect(nearest("seed", in: []) == nil)
  }

  @Test func theNearestOfSeveralWins() {
    #expect(nearest("kernal", in: ["kernels", "kernel", "colonel"]) == "kernel")
  }
}
