import Foundation
import Synchronization

/// An HTTP/1.1 server for tests: files from memory, Range requests, and failures on demand.
final class TinyServer: Sendable {
  struct State {
    var files: [String: [UInt8]] = [:]
    /// Requests so far, "path range".
    var requests: [String] = []
    /// Connections to come that end after this many bytes of content.
    var cutAfter: [Int] = []
    /// Whether Range is obeyed.
    var supportsRange = true
  }

  let state = Mutex(State())
  let port: UInt16
  private let listener: Int32

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, let self else { return }
        self.serve(connection)
        close(connection)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  var base: String { "http://127.0.0.1:\(port)/" }

  private func serve(_ connection: Int32) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request += buffer.prefix(count)
    }
    let lines = String(decoding: request, as: UTF8.self).components(separatedBy: "\r\n")
    let path = String(lines[0].split(separator: " ")[1].dropFirst())
    let range = lines.first { $0.lowercased().hasPrefix("range:") }
      .flatMap { Int($0.split(separator: "=")[1].dropLast()) }
    let (content, cut, obeysRange) = state.withLock { state in
      state.requests.append("\(path) \(range.map(String.init) ?? "-")")
      return (
        state.files[path], state.cutAfter.isEmpty ? nil : state.cutAfter.removeFirst(),
        state.supportsRange
      )
    }
    guard let content else {
      return send(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n")
    }
    let start = obeysRange ? range ?? 0 : 0
    guard start < content.count else {
      return send(connection, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n")
    }
    var head = "HTTP/1.1 200 OK\r\n"
    if obeysRange, range != nil {
      head = "HTTP/1.1 206 Partial Content\r\n"
      head += "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)\r\n"
    }
    send(connection, head + "Content-Length: \(content.count - start)\r\n")
    var body = Array(content[start...])
    if let cut { body = Array(body.prefix(cut)) }
    sendAll(connection, body)
  }

  private func send(_ connection: Int32, _ head: String) {
    sendAll(connection, Array((head + "Connection: close\r\n\r\n").utf8))
  }

  private func sendAll(_ connection: Int32, _ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.send(
          connection, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
