import Foundation

/// Where a walk stands: a bar with an estimate on a terminal, a plain line every ten seconds elsewhere. On standard error.
struct Progress {
  private let isTerminal = isatty(2) == 1
  private let started = ContinuousClock.now
  private var last = ContinuousClock.now
  private let name: String

  init(_ name: String) { self.name = name }

  var elapsed: Duration { ContinuousClock.now - started }

  /// - Parameter share: how much is done, 0 to 1.
  mutating func show(_ share: Double, _ text: String) {
    let now = ContinuousClock.now
    guard now - last > (isTerminal ? .milliseconds(200) : .seconds(10)) else { return }
    last = now
    let line = Progress.line(name, share, elapsed, text, bar: isTerminal)
    if isTerminal {
      try? FileHandle.standardError.write(contentsOf: Data("\r\u{1b}[K\(line)".utf8))
    } else {
      Output.error(line)
    }
  }

  /// Takes the bar off the screen.
  func clear() {
    if isTerminal { try? FileHandle.standardError.write(contentsOf: Data("\r\u{1b}[K".utf8)) }
  }

  static func line(_ name: String, _ share: Double, _ elapsed: Duration, _ text: String, bar: Bool) -> String
  {
    let share = min(max(share, 0), 1)
    let percent = "\(Int(share * 100)) %"
    let filled = Int(share * 20)
    let picture =
      bar
      ? "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled) + "] " : ""
    var left = ""
    if share > 0.01, share < 1 {
      let rest = elapsed * ((1 - share) / share)
      left = ", about \(seconds(rest)) left"
    }
    return "\(name) \(picture)\(percent), \(text)\(left)"
  }

  /// `2 m 5 s`.
  static func seconds(_ duration: Duration) -> String {
    let whole = duration.components.seconds
    return whole < 60
      ? "\(whole) s"
      : whole < 3600 ? "\(whole / 60) m \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) m"
  }
}
