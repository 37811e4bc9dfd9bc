/// What strangers wrote (keys, reasons, arguments, names of files), made safe for a terminal.
public enum TerminalText {
  /// One line: what a terminal would obey or not show is written as `\x1b`, line breaks too.
  public static func line(_ text: String) -> String { escaped(text, but: nil) { code($0, "\\x", digits: 2) } }

  /// Several lines: line breaks stay what they are.
  public static func lines(_ text: String) -> String {
    escaped(text, but: "\n") { code($0, "\\x", digits: 2) }
  }

  /// A JSON document: the same inside its strings, in JSON's own spelling, so that it says what it said.
  public static func json(_ text: String) -> String {
    escaped(text, but: "\n") { code($0, "\\u", digits: 4) }
  }

  /// A key as tables and errors show it: in one line, the middle of a long one left out.
  public static func key(_ key: some Collection<UInt8>) -> String {
    guard key.count > keyBytes else { return line(String(decoding: key, as: UTF8.self)) }
    let (head, tail) = (key.prefix(keyBytes - 20), key.suffix(10))
    return line(String(decoding: head, as: UTF8.self)) + "…" + line(String(decoding: tail, as: UTF8.self))
      + " (\(key.count) bytes)"
  }

  private static let keyBytes = 100

  private static func escaped(
    _ text: String, but exception: Unicode.Scalar?, _ escape: (Unicode.Scalar) -> String
  ) -> String {
    func mustGo(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      // Control characters, and those that turn the direction of what follows.
      case 0..<0x20, 0x7f...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
        scalar != exception
      default: false
      }
    }
    guard text.unicodeScalars.contains(where: mustGo) else { return text }
    var safe = ""
    for scalar in text.unicodeScalars {
      if mustGo(scalar) { safe += escape(scalar) } else { safe.unicodeScalars.append(scalar) }
    }
    return safe
  }

  private static func code(_ scalar: Unicode.Scalar, _ mark: String, digits: Int) -> String {
    let code = String(scalar.value, radix: 16)
    return mark + String(repeating: "0", count: max(0, digits - code.count)) + code
  }
}
