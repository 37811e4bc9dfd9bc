import GRDB

/// How keys are written: as text where they are text, as bytes where not, or hashed.
struct KeyText: Sendable {
  /// Longest prefix, in bytes. A longer one counts as none.
  static let longestPrefix = 64

  let hashed: Bool
  /// Never stored, so that a hash in the ledger cannot be tried out against a list of keys.
  private let secret = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

  init(hashed: Bool) {
    self.hashed = hashed
  }

  /// The key's column: TEXT, BLOB if it is not UTF-8, `#` and 16 digits if keys are hashed.
  func key(_ bytes: [UInt8]) -> DatabaseValue {
    hashed ? hash(bytes).databaseValue : Self.text(bytes)
  }

  /// The prefix's column. A prefix is part of the key, so it is hashed where keys are.
  func prefix(_ bytes: [UInt8]) -> String {
    let prefix = Self.prefix(of: bytes)
    guard let text = String(validating: prefix, as: UTF8.self), !text.isEmpty else { return "" }
    return hashed ? hash(Array(prefix)) : text
  }

  /// The pattern's column, hashed where keys are.
  func pattern(_ bytes: [UInt8]) -> String {
    let pattern = KeyPattern.pattern(of: bytes)
    return hashed ? hash(Array(pattern.utf8)) : pattern
  }

  /// What stands before the first `:` or `{`, the `:` included; empty if neither occurs or nothing stands before it.
  /// A hash tag's content names one user or thing, so it is never part of a prefix.
  static func prefix(of key: [UInt8]) -> ArraySlice<UInt8> {
    for (offset, byte) in key.prefix(longestPrefix).enumerated() {
      if byte == UInt8(ascii: ":") { return offset == 0 ? [] : key[...offset] }
      if byte == UInt8(ascii: "{") { return key[..<offset] }
    }
    return []
  }

  private static func text(_ bytes: [UInt8]) -> DatabaseValue {
    // A NUL would end the text for most readers of the database.
    if !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) { return text.databaseValue }
    return blob(bytes)
  }

  private func hash(_ bytes: [UInt8]) -> String {
    var hasher = Hasher()
    hasher.combine(secret.0)
    hasher.combine(secret.1)
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    return "#" + Self.hexadecimal(UInt64(bitPattern: Int64(hasher.finalize())))
  }

  static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
