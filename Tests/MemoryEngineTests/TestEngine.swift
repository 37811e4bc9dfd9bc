import SluiceMemoryEngine
import SluiceRESP

/// An engine with a clock that only the test moves.
final class TestEngine {
  private final class Clock { var milliseconds: UInt64 = 1_700_000_000_000 }

  private let clock: Clock
  private var engine: MemoryEngine
  private var session = MemorySession(id: 7)
  private(set) var lastAfterReply = MemoryEngine.AfterReply.keepOpen

  init(maxBytes: Int = 1 << 20, maxEntries: Int? = nil) {
    let clock = Clock()
    self.clock = clock
    engine = MemoryEngine(maxBytes: maxBytes, maxEntries: maxEntries) { clock.milliseconds }
  }

  var now: UInt64 {
    get { clock.milliseconds }
    set { clock.milliseconds = newValue }
  }

  var count: Int { engine.count }
  var usedBytes: Int { engine.usedBytes }
  var evictedKeys: UInt64 { engine.evictedKeys }
  var expiredKeys: UInt64 { engine.expiredKeys }

  func sweep(budget: Int) -> Int { engine.sweep(budget: budget) }

  func run(_ words: [[UInt8]]) -> [UInt8] {
    var frame: [UInt8] = []
    var arguments: [ArgumentRange] = []
    for word in words {
      arguments.append(ArgumentRange(offset: Int32(frame.count), length: Int32(word.count)))
      frame += word
    }
    var output: [UInt8] = []
    lastAfterReply = engine.execute(frame.span, arguments, session: &session, into: &output)
    return output
  }

  /// Words apart by single blanks; the reply with its line ends as `|`.
  func callAsFunction(_ line: String) -> String {
    let words = line.split(separator: " ", omittingEmptySubsequences: false).map { Array($0.utf8) }
    return String(decoding: run(words), as: UTF8.self).replacing("\r\n", with: "|")
  }
}
