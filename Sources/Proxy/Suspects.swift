import DequeModule
import Figures

/// The keys on which one stack may differ from the other because a write did not reach it, or nobody knows whether it
/// did (law 7). A set: a hot key counts once.
///
/// Each key waits its turn for the repair in the background. A key that becomes doubtful again while it is repaired
/// stays a suspect: that is what the mark's number is for.
struct Suspects {
  /// More than so many keys, and the stack as a whole is doubtful.
  static let limit = 1_000_000

  private var marks: [[UInt8]: UInt64] = [:]
  private var queue = Deque<[UInt8]>()
  private var lastMark: UInt64 = 0
  /// Everything on the stack is doubtful: it must be emptied before it answers for anything.
  private(set) var isEverything = false
  /// What became of suspects since `takeFigures`.
  private var figures = SuspectFigures()
  /// Keys that somebody looks at just now: by how many, and how often each has become doubtful meanwhile.
  private var watches: [[UInt8]: (watchers: Int, doubts: UInt64)] = [:]
  /// How often the whole stack has become doubtful.
  private var generalDoubts: UInt64 = 0

  /// The one thing that every command asks.
  var isEmpty: Bool { marks.isEmpty && !isEverything }
  var count: Int { marks.count }

  func contains(_ key: [UInt8]) -> Bool { marks[key] != nil }

  mutating func insert(_ key: [UInt8]) {
    guard !isEverything else { return }
    lastMark += 1
    if !watches.isEmpty { watches[key]?.doubts &+= 1 }
    if marks.updateValue(lastMark, forKey: key) == nil {
      figures.made &+= 1
      queue.append(key)
      if marks.count > Suspects.limit { insertEverything() }
    }
  }

  mutating func insertEverything() {
    if !isEverything { figures.wholeStack &+= 1 }
    generalDoubts &+= 1
    figures.deleted &+= UInt64(marks.count)
    marks = [:]
    queue = []
    isEverything = true
  }

  /// The stack is empty now.
  mutating func stackWasEmptied() {
    figures.deleted &+= UInt64(marks.count)
    marks = [:]
    queue = []
    isEverything = false
  }

  /// The key that has waited longest for its repair, and its mark. If the repair fails, `wasNotRepaired` lets it wait again.
  mutating func next() -> (key: [UInt8], mark: UInt64)? {
    while let key = queue.popFirst() {
      if let mark = marks[key] { return (key, mark) }
    }
    return nil
  }

  /// The key was repaired, unless it became doubtful again meanwhile, or is no suspect any more. Says which.
  mutating func wasRepaired(_ key: [UInt8], mark: UInt64) -> Bool {
    guard marks[key] == mark else {
      wasNotRepaired(key)
      return false
    }
    marks[key] = nil
    figures.repaired &+= 1
    return true
  }

  mutating func wasNotRepaired(_ key: [UInt8]) {
    if marks[key] != nil { queue.append(key) }
    // Keys that were deleted for clients leave their places behind.
    if queue.count > 2 * marks.count + 1024 { queue = Deque(marks.keys) }
  }

  /// The key is gone from the stack, so there is nothing doubtful about it.
  mutating func wasDeleted(_ key: [UInt8]) {
    if marks.removeValue(forKey: key) != nil { figures.deleted &+= 1 }
  }

  /// Returns what was counted and starts again from nothing.
  mutating func takeFigures() -> SuspectFigures {
    defer { figures = SuspectFigures() }
    return figures
  }

  // MARK: Keys that a comparison looks at

  /// Doubts about the key are counted until `unwatch`, repaired or not: who asks for them before and after knows whether
  /// there was one between.
  mutating func watch(_ key: [UInt8]) { watches[key, default: (0, 0)].watchers += 1 }

  mutating func unwatch(_ key: [UInt8]) {
    guard let watch = watches[key] else { return }
    watches[key] = watch.watchers > 1 ? (watch.watchers - 1, watch.doubts) : nil
  }

  func doubts(of key: [UInt8]) -> UInt64 { generalDoubts &+ (watches[key]?.doubts ?? 0) }
}
