import Foundation
import Runtime

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One download into a `.partial` file, which a later attempt continues.
final class Download: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  /// What the transfer ended with.
  private enum Outcome {
    case complete
    case status(Int)
    case failed(any Error)
    case writeFailed(Int32)
    case cancelled
  }

  private let partial: String
  private let report: @Sendable (Int, Int?) -> Void
  private let isCancelled: @Sendable () -> Bool
  private let finished = DispatchSemaphore(value: 0)
  // The session calls its delegate on one queue; `run` reads after the semaphore.
  private var handle: FileHandle?
  private var received = 0
  private var total: Int?
  private var outcome = Outcome.complete

  private init(
    partial: String, report: @escaping @Sendable (Int, Int?) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.partial = partial
    self.report = report
    self.isCancelled = isCancelled
  }

  /// Fetches `url` into `partial`, continuing what is there.
  ///
  /// - Throws: `KirchhoffError` for a network failure, an HTTP status other than success, a full
  ///   disk, or cancellation; what was received stays for the next attempt.
  static func run(
    _ url: URL, partial: String, report: @escaping @Sendable (Int, Int?) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    try Download(partial: partial, report: report, isCancelled: isCancelled).run(url)
  }

  private func run(_ url: URL) throws {
    received = FileBytes.size(partial) ?? 0
    var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
    request.timeoutInterval = 60
    // Bytes as they are on the server: a transparently unpacked .gz would not match its checksum.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if received > 0 { request.setValue("bytes=\(received)-", forHTTPHeaderField: "Range") }
    let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: nil)
    session.dataTask(with: request).resume()
    session.finishTasksAndInvalidate()
    finished.wait()
    try? handle?.close()
    switch outcome {
    case .complete: return
    case .cancelled:
      throw KirchhoffError(
        .interrupted, subject: url.absoluteString, found: "a cancelled download",
        hint: "fetch again to continue from \(received) bytes")
    case .status(let code):
      throw KirchhoffError(
        .io, subject: url.absoluteString, found: "HTTP status \(code)", expected: "200 or 206")
    case .writeFailed(let code):
      throw KirchhoffError(
        .io, subject: partial, place: "byte \(received)",
        found: "a failed write: \(String(cString: strerror(code)))",
        hint: "free space and fetch again to continue")
    case .failed(let error):
      throw KirchhoffError(
        .io, subject: url.absoluteString, place: "byte \(received)",
        found: error.localizedDescription, expected: "a download",
        hint: "fetch again to continue; behind a proxy set https_proxy")
    }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    let status = (response as? HTTPURLResponse)?.statusCode ?? 200
    let length = response.expectedContentLength >= 0 ? Int(response.expectedContentLength) : nil
    switch status {
    case 206: total = length.map { $0 + received }
    case 200:
      // The server sends the whole file whatever was asked for.
      received = 0
      total = length
    case 416 where received > 0:
      // Nothing lies beyond what is here: the checksum decides whether that is the file.
      total = received
      completionHandler(.cancel)
      return
    default:
      outcome = .status(status)
      completionHandler(.cancel)
      return
    }
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (received == 0 ? O_TRUNC : O_APPEND)
    let descriptor = open(partial, flags, 0o644)
    guard descriptor >= 0 else {
      outcome = .writeFailed(errno)
      completionHandler(.cancel)
      return
    }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    report(received, total)
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard case .complete = outcome, let handle else { return }
    if isCancelled() {
      outcome = .cancelled
      dataTask.cancel()
      return
    }
    do {
      try handle.write(contentsOf: data)
      received += data.count
      report(received, total)
    } catch {
      outcome = .writeFailed(errno)
      dataTask.cancel()
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    if let error, case .complete = outcome, total == nil || received != total {
      outcome = .failed(error)
    }
    finished.signal()
  }
}
