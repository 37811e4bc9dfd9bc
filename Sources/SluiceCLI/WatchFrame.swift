import SluiceConfiguration

/// One frame of `sluice status --watch`: what fits a window, the big line first.
struct WatchFrame: Equatable {
  enum Tone: Equatable {
    case plain, dim, bold, good, uneasy, bad

    fileprivate var code: String? {
      switch self {
      case .plain: nil
      case .dim: "2"
      case .bold: "1"
      case .good: "1;32"
      case .uneasy: "1;33"
      case .bad: "1;37;41"
      }
    }
  }

  struct Line: Equatable {
    var text: String
    var tone = Tone.plain
    /// What goes first where there is no room: the greatest; 0 stays.
    var rank = 1
  }

  private(set) var lines: [Line] = []

  mutating func add(_ text: String, _ tone: Tone = .plain, rank: Int = 1) {
    lines.append(Line(text: text, tone: tone, rank: rank))
  }

  /// The same under another first line, for a proxy that does not answer.
  func headed(_ text: String) -> WatchFrame {
    var frame = self
    frame.lines.insert(Line(text: text, tone: .bad, rank: 0), at: 0)
    return frame
  }

  /// Those that fit, cut and wrapped to the window.
  func fitted(columns: Int, lines limit: Int) -> [Line] {
    let columns = max(20, columns)
    var shown = lines.flatMap { Self.wrapped($0, columns) }
    while shown.count > max(1, limit) {
      guard let last = shown.indices.max(by: { (shown[$0].rank, $0) < (shown[$1].rank, $1) }) else { break }
      shown.remove(at: last)
    }
    return shown
  }

  /// Words of a long line go on below it, under the place where its own began; three lines at most.
  private static func wrapped(_ line: Line, _ columns: Int) -> [Line] {
    let text = TerminalText.line(line.text)
    guard text.count > columns else { return [Line(text: text, tone: line.tone, rank: line.rank)] }
    let indent = String(repeating: " ", count: 13)
    var (rows, row) = ([String](), "")
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !row.isEmpty, row.count + 1 + word.count > columns {
        rows.append(row)
        row = indent + word
      } else {
        row += (row.isEmpty ? "" : " ") + word
      }
    }
    rows.append(row)
    if rows.count > 3 { rows = rows.prefix(2) + [rows[2] + " …"] }
    return rows.enumerated().map { index, row in
      Line(
        text: row.count <= columns ? row : row.prefix(columns - 1) + "…", tone: line.tone,
        rank: line.rank + (index > 0 && line.rank > 0 ? 1 : 0))
    }
  }

  /// What a terminal is sent: over the frame before, without a moment in which nothing is there.
  static func redraw(_ lines: [Line], colour: Bool) -> String {
    "\u{1b}[H"
      + lines.map { line in
        guard colour, let code = line.tone.code else { return line.text + "\u{1b}[K" }
        return "\u{1b}[\(code)m\(line.text)\u{1b}[0m\u{1b}[K"
      }.joined(separator: "\n") + "\u{1b}[J"
  }
}
