import Logging

/// A log handler that keeps what it is told.
struct MessageHandler: LogHandler {
  let messages: Messages
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .trace

  init(_ messages: Messages) { self.messages = messages }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { messages.add("\(event.level): \(event.message)") }

  static func logger(_ messages: Messages) -> Logger {
    Logger(label: "test") { _ in MessageHandler(messages) }
  }
}
