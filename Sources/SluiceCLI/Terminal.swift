import Foundation
import Glibc

/// The window that standard output is shown in.
enum Terminal {
  /// Columns and lines; nil where it is no terminal, so that nothing is cut for a file or a pipe.
  static var size: (columns: Int, lines: Int)? {
    guard isatty(STDOUT_FILENO) != 0 else { return nil }
    var window = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(window.ws_col), Int(window.ws_row))
  }

  static var width: Int? { size?.columns }

  /// Whether colour is wanted there (https://no-color.org).
  static var hasColour: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDOUT_FILENO) != 0 && (environment["NO_COLOR"] ?? "").isEmpty
      && environment["TERM"] != "dumb"
  }
}
