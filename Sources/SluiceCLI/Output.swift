import Foundation
import SluiceConfiguration

/// Whole texts to the standard streams. A reader that went away is no error: the work is done by then.
///
/// Nothing that a terminal would obey goes out, whoever put it into the text: it is escaped here once more.
enum Output {
  /// Writes one line, or several, to standard output.
  ///
  /// - Returns: whether somebody may still read it. Who says something again and again ends when nobody does.
  @discardableResult
  static func line(_ text: String) -> Bool { write(TerminalText.lines(text), to: .standardOutput) }

  /// Writes a JSON document to standard output; false as in ``line(_:)``.
  @discardableResult
  static func json(_ text: String) -> Bool { write(TerminalText.json(text), to: .standardOutput) }

  /// Writes one line, or several, to standard error.
  static func error(_ text: String) { write(TerminalText.lines(text), to: .standardError) }

  /// Empties the screen before what is shown again.
  static func clearScreen() { write("\u{1b}[H\u{1b}[2J", to: .standardOutput, ending: "") }

  /// Draws a frame over the one before; false as in ``line(_:)``.
  @discardableResult
  static func frame(_ lines: [WatchFrame.Line]) -> Bool {
    write(WatchFrame.redraw(lines, colour: Terminal.hasColour), to: .standardOutput, ending: "")
  }

  @discardableResult
  private static func write(_ text: String, to handle: FileHandle, ending: String = "\n") -> Bool {
    let ended = text.hasSuffix(ending) ? text : text + ending
    do {
      try handle.write(contentsOf: Data(ended.utf8))
      return true
    } catch {
      return false
    }
  }

  /// What a terminal would obey or not show is written as `\x1b`: keys and reasons come from strangers.
  static func printable(_ text: String) -> String { TerminalText.line(text) }
}
