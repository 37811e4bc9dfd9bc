/// What happened to one key that many clients write, and whether one register could have had that history.
///
/// By the intervals of its operations alone. Every value is written once, so each read names its write. From the first end to the last
/// start among a value's operations it must have been there; two values that both must have been there at one moment contradict each
/// other, and so does a write that lies wholly inside such a span of another value (P. Gibbons, E. Korach, "Testing shared memories",
/// 1997: with these two rules a history of a register is linearizable). `Tests/Chaos/history.py` is the same for real servers.
struct History {
  struct Operation {
    enum Kind { case write, delete, read }

    var kind: Kind
    /// Number of the value that was written or read; 0 for none: a delete, or a read that found nothing.
    var value: Int
    var start: UInt64
    var end: UInt64
    /// Whether it is known to have happened.
    var isKnown = true
    /// How long the value lives, in nanoseconds; nil for ever.
    var lives: UInt64?
  }

  struct Contradiction {
    var words: String
    var operations: [Operation]
  }

  private(set) var operations: [Operation] = []

  mutating func add(_ operation: Operation) { operations.append(operation) }

  /// - Parameter losses: spans in which a fault, or a flip that leaves a stack cold, may have cost the key.
  func contradictions(losses: [ClosedRange<UInt64>]) -> [Contradiction] {
    let writes = operations.filter { $0.kind != .read }
    let byValue = Dictionary(writes.filter { $0.value != 0 }.map { ($0.value, $0) }) { first, _ in first }
    var readings: [Int: [Operation]] = [:]
    var found: [Contradiction] = []
    for read in operations where read.kind == .read && read.value != 0 {
      guard let write = byValue[read.value] else {
        found.append(Contradiction(words: "a value that nobody wrote", operations: [read]))
        continue
      }
      if read.end < write.start {
        found.append(Contradiction(words: "a value before it was written", operations: [read, write]))
      } else {
        readings[read.value, default: []].append(read)
        if write.isKnown, let lives = write.lives, read.start > write.end &+ lives &+ History.late {
          found.append(Contradiction(words: "a value that has expired", operations: [write, read]))
        }
      }
    }
    found += overlaps(writes, readings)
    found += absences(writes, losses)
    return found
  }

  private typealias Zone = (low: UInt64, high: UInt64, operations: [Operation], write: Operation)

  private func overlaps(_ writes: [Operation], _ readings: [Int: [Operation]]) -> [Contradiction] {
    var spans: [Zone] = []
    var points: [Zone] = []
    for write in writes {
      let reads = write.value == 0 ? [] : readings[write.value, default: []]
      if reads.isEmpty, !write.isKnown { continue }
      let all = [write] + reads
      guard let first = all.min(by: { $0.end < $1.end }), let last = all.max(by: { $0.start < $1.start })
      else { continue }
      let zone: Zone = (min(first.end, last.start), max(first.end, last.start), [first, last], write)
      if first.end < last.start { spans.append(zone) } else { points.append(zone) }
    }
    spans.sort { $0.low < $1.low }
    points.sort { $0.low < $1.low }
    var found: [Contradiction] = []
    for (index, span) in spans.enumerated() {
      for other in spans[(index + 1)...] {
        guard other.low < span.high else { break }
        found.append(contradiction(span, other))
      }
      for other in points where other.low > span.low && other.high < span.high {
        found.append(contradiction(span, other))
      }
    }
    return found
  }

  private func contradiction(_ one: Zone, _ other: Zone) -> Contradiction {
    let (older, newer) = one.write.start <= other.write.start ? (one, other) : (other, one)
    let words =
      newer.write.value == 0
      ? "a deleted value came back"
      : older.write.isKnown ? "an older value came back" : "a write that failed came back over a later one"
    return Contradiction(
      words: words,
      operations: ([one.write, other.write] + one.operations + other.operations).sorted {
        $0.start < $1.start
      })
  }

  /// A miss needs a reason: a delete or an expiry that may lie between it and the last acknowledged write, or a fault.
  private func absences(_ writes: [Operation], _ losses: [ClosedRange<UInt64>]) -> [Contradiction] {
    var found: [Contradiction] = []
    for read in operations where read.kind == .read && read.value == 0 {
      var floor: Operation?
      for write in writes
      where write.value != 0 && write.isKnown && write.lives == nil && write.end < read.start
        && write.start > floor?.start ?? 0
      {
        floor = write
      }
      guard let floor else { continue }
      let isEnded = writes.contains {
        ($0.value == 0 || $0.lives != nil) && $0.start &+ ($0.lives ?? 0) <= read.end
          && ($0.end > floor.start || !$0.isKnown)
      }
      let isLost = losses.contains { $0.lowerBound <= read.end && $0.upperBound >= floor.start }
      if !isEnded, !isLost {
        found.append(Contradiction(words: "a miss that nothing explains", operations: [floor, read]))
      }
    }
    return found
  }

  /// How much longer a value may live, for the grain of clocks.
  private static let late: UInt64 = 100_000_000
}
