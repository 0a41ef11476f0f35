import Runtime
import Testing

@Suite("Parts of a path")
struct PathPartsTests {
  @Test(
    "Folder and name",
    arguments: [
      ("x", "", "x"), ("a/b", "a", "b"), ("a/b/", "a", "b"), ("/a", "/", "a"), ("/", "/", "/"),
      ("//a//b", "//a", "b"), ("/a/bc", "/a", "bc"), ("./x", ".", "x"), ("", "", ""),
    ])
  func parts(path: String, folder: String, name: String) {
    #expect(PathParts.folder(of: path) == folder)
    #expect(PathParts.name(of: path) == name)
  }
}
