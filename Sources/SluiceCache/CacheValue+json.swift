extension CacheValue {
  /// The value as compact JSON: what Python's `json.dumps(value, separators=(",", ":"))` writes, with the
  /// keys of objects sorted by code point, because a Swift dictionary has no order of its own.
  ///
  /// Characters beyond ASCII are escaped, so the bytes are ASCII. Numbers that are none are `NaN`, `Infinity`
  /// and `-Infinity`, as Python has them.
  public var jsonBytes: [UInt8] {
    var bytes: [UInt8] = []
    write(to: &bytes)
    return bytes
  }

  /// ``jsonBytes`` as text.
  public var json: String { String(decoding: jsonBytes, as: UTF8.self) }

  /// The value that JSON says.
  ///
  /// Whole numbers that do not fit 64 bits become doubles. Of a name that an object has twice the last one
  /// counts.
  ///
  /// - Throws: `validation` with the offset of what is wrong; nesting deeper than 512 is refused.
  public init(jsonBytes bytes: some Sequence<UInt8>) throws(CacheError) {
    var reader = JSONReader(Array(bytes))
    self = try reader.document()
  }

  private func write(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let flag): bytes += (flag ? "true" : "false").utf8
    case .int(let number): bytes += String(number).utf8
    case .double(let number): bytes += PythonText.json(number).utf8
    case .string(let text): Self.write(text, to: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        element.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, name) in members.keys.sortedByCodePoint().enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.write(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        (members[name] ?? .null).write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes += "\\\"".utf8
      case "\\": bytes += "\\\\".utf8
      case "\n": bytes += "\\n".utf8
      case "\r": bytes += "\\r".utf8
      case "\t": bytes += "\\t".utf8
      case "\u{08}": bytes += "\\b".utf8
      case "\u{0C}": bytes += "\\f".utf8
      case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      default:
        for unit in scalar.utf16 {
          bytes += "\\u".utf8
          for shift in [12, 8, 4, 0] { bytes.append(hexDigit(UInt8(unit >> UInt16(shift) & 0xF))) }
        }
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

/// The lower case hexadecimal digit of 0...15.
func hexDigit(_ nibble: UInt8) -> UInt8 {
  nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ (nibble & 0xF) &- 10
}

extension Sequence<String> {
  /// In the order of Python's `sorted`: by code point, which is the order of the UTF-8 bytes. Swift's own
  /// order of strings is another one.
  func sortedByCodePoint() -> [String] {
    sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
