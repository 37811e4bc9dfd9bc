import Foundation

/// Whole texts to the standard streams. A reader that went away is no error: the work is done by then.
enum Output {
  /// Writes one line, or several, to standard output.
  static func line(_ text: String) { write(text, to: .standardOutput) }

  /// Writes one line, or several, to standard error.
  static func error(_ text: String) { write(text, to: .standardError) }

  private static func write(_ text: String, to handle: FileHandle) {
    let ended = text.hasSuffix("\n") ? text : text + "\n"
    try? handle.write(contentsOf: Data(ended.utf8))
  }

  /// What a terminal would obey or not show is written as `\x1b`: keys and reasons come from strangers.
  static func printable(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar.value {
      case 0..<0x20, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
        "\\x" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }.joined()
  }
}
