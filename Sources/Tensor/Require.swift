/// Traps with `message` when `condition` is false.
///
/// Unlike `precondition` it prints the message in optimised builds too, where shape errors of long
/// runs happen.
@inline(__always)
package func require(
  _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
  line: UInt = #line
) {
  if !condition { trap(message(), file: file, line: line) }
}

@inline(never)
private func trap(_ message: String, file: StaticString, line: UInt) -> Never {
  fatalError(message, file: file, line: line)
}
