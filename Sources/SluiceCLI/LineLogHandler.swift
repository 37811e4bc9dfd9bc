import Foundation
import Logging
import SluiceConfiguration

/// Log events on standard error, one line each: time in UTC, level, message, metadata.
struct LineLogHandler: LogHandler {
  /// An object per line, for who collects logs.
  var isJSON = false
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let own = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let make = isJSON ? Self.object : Self.line
    Output.error(make(Date(), event.level, "\(event.message)", own))
  }

  /// The same as one JSON object: `time`, `level`, `message` and the metadata.
  static func object(
    at date: Date, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:]
  ) -> String {
    var fields = metadata.mapValues { "\($0)" }
    fields["time"] = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    (fields["level"], fields["message"]) = (level.rawValue, message)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(fields)) ?? Data("{}".utf8)
    return TerminalText.json(String(decoding: data, as: UTF8.self))
  }

  /// The line of one event; line breaks and other control characters are escaped, so that nobody can forge a
  /// line.
  static func line(
    at date: Date, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:]
  ) -> String {
    let time = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let name = level.rawValue + String(repeating: " ", count: max(0, 8 - level.rawValue.count))
    let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    return Output.printable("\(time) \(name) \(message)\(pairs)")
  }
}
