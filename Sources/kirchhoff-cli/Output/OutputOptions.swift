import ArgumentParser
import Kirchhoff

/// How a command shows its result.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON.")
  var json = false
}

/// Prints a value as JSON with sorted keys on standard output.
func printJSON(_ value: some Encodable, pretty: Bool = true) throws {
  let data = try JSON.encode(value, pretty: pretty, subject: "result")
  print(String(decoding: data, as: UTF8.self))
}
