/// Parsers of single values with their ranges; what they throw names the range.
enum ValueParsers {
  static func whole(_ range: ClosedRange<Int>) -> (String) throws(ValueError) -> Int {
    { (text) throws(ValueError) in
      guard let number = Int(text), range.contains(number) else {
        throw ValueError(
          "\"\(text)\" is not a whole number from \(range.lowerBound) to \(range.upperBound); write one")
      }
      return number
    }
  }

  static func size(_ range: ClosedRange<Int>) -> (String) throws(ValueError) -> Int {
    { (text) throws(ValueError) in
      let size = try ByteSize(parsing: text)
      guard range.contains(size.bytes) else {
        let (low, high) = (ByteSize(bytes: range.lowerBound), ByteSize(bytes: range.upperBound))
        throw ValueError("\"\(text)\" is out of range; write a size from \(low) to \(high)")
      }
      return size.bytes
    }
  }

  /// - Parameter orNever: whether `0` is allowed although it is below the range.
  static func duration(
    _ range: ClosedRange<Duration>, orNever: Bool = false
  ) -> (String) throws(ValueError) -> Duration {
    { (text) throws(ValueError) in
      let duration = try Duration(parsing: text)
      if orNever, duration == .zero { return duration }
      guard range.contains(duration) else {
        let never = orNever ? ", or 0 for never" : ""
        throw ValueError(
          "\"\(text)\" is out of range; write \(range.lowerBound.text) to \(range.upperBound.text)\(never)")
      }
      return duration
    }
  }

  static func bool(_ text: String) throws(ValueError) -> Bool {
    switch text.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default: throw ValueError("\"\(text)\" is neither true nor false; write true or false")
    }
  }

  /// One of the words of an enumeration.
  ///
  /// - Parameter wrong: what another word is, as in `"x" is no log level`.
  static func choice<T: RawRepresentable<String> & CaseIterable>(
    _ wrong: String
  ) -> (String) throws(ValueError) -> T {
    { (text) throws(ValueError) in
      guard let choice = T(rawValue: text.lowercased()) else {
        let names = T.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValueError("\"\(text)\" \(wrong); use \(names)")
      }
      return choice
    }
  }

  /// A name that may stand in labels, file names and tables.
  static func name(_ text: String) throws(ValueError) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
        || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":")].contains(byte)
    }
    guard isPlain, (1...64).contains(text.utf8.count) else {
      throw ValueError(
        "\"\(text.prefix(64))\" is no name; write 1 to 64 letters, digits, \"-\", \"_\", \".\" or \":\"")
    }
    return text
  }

  static func path(_ text: String) throws(ValueError) -> String {
    guard !text.isEmpty, !text.contains("\0") else {
      throw ValueError("is an empty path; name a file or leave the key out")
    }
    return text
  }

  static func fallback(_ text: String) throws(ValueError) -> ServeConfiguration.Fallback {
    guard let fallback = ServeConfiguration.Fallback(rawValue: text.lowercased()) else {
      let names = ServeConfiguration.Fallback.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValueError("\"\(text)\" is no way to fall back; use \(names)")
    }
    return fallback
  }

  static func logLevel(_ text: String) throws(ValueError) -> LogLevel {
    guard let level = LogLevel(rawValue: text.lowercased()) else {
      let names = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValueError("\"\(text)\" is no log level; use \(names)")
    }
    return level
  }
}
