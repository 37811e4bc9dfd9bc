import DequeModule
import SluiceCopying
import SluiceFigures
import SluiceJournal
import SluiceRouting

/// The keys on which one stack may differ from the other because a write did not reach it, or nobody knows whether it
/// did (law 7). A set: a hot key counts once.
///
/// Each key waits its turn for the repair in the background. A key that becomes doubtful again while it is repaired
/// stays a suspect: that is what the mark's number is for.
struct Suspects {
  let stack: StackID
  /// More than so many keys, and the stack as a whole is doubtful.
  private let limit: Int
  /// Where suspects outlive the process; nil if they do not.
  let journal: LaneJournal?
  private var marks: [[UInt8]: UInt64] = [:]
  private var queue = Deque<[UInt8]>()
  private var lastMark: UInt64 = 0
  /// Everything on the stack is doubtful: it must be emptied before it answers for anything.
  private(set) var isEverything = false
  /// Keys that are doubtful and not known by name.
  private var share: DoubtfulShare? { didSet { hasShare = share != nil } }
  /// Stored, because every command asks it, and a share is large.
  private(set) var hasShare = false
  /// How often keys were doubted without their names.
  private(set) var shares: UInt64 = 0
  /// What is in force, but that nobody stands in for a stack that is away: that the next process knows.
  private var routing: LaneRouting
  /// Whether there may be a key among them of which the stack is the primary: the next process could not tell it from those that are right.
  private(set) var hasStrays = false
  /// What became of suspects since `takeFigures`.
  private var figures = SuspectFigures()
  /// Keys that somebody looks at just now: by how many, and how often each has become doubtful meanwhile.
  private var watches: [[UInt8]: (watchers: Int, doubts: UInt64)] = [:]
  /// How often the whole stack has become doubtful.
  private var generalDoubts: UInt64 = 0
  /// Keys whose copy or deletion has been sent and not answered: no suspects any more for whoever asks behind it, but still
  /// doubtful if the process ended now.
  private var unconfirmed: [[UInt8]: Int] = [:]
  /// When those whose copy was refused are due again.
  var pauses = RepairPauses()
  /// Suspects that the stack is known not to have, and why: what is absent cannot lie. A part of `marks`.
  private(set) var absent: [[UInt8]: Absence] = [:]
  /// Suspects whose deletion is on its way because the stack cannot have a copy.
  var isGoing: [[UInt8]: Absence] = [:]
  /// Of those that were too hot to be copied, the ones that somebody has waited for since the last flip.
  private var waitedFor: Set<[UInt8]> = []
  /// Deletions on their way by their keys, the oldest first, and who stands behind each; and whether the last one is behind all that has made
  /// the key doubtful.
  private var deletions: [[UInt8]: (followers: [Followers], isCurrent: Bool)] = [:]

  init(stack: StackID, limit: Int, routing: LaneRouting, journal: LaneJournal?) {
    self.stack = stack
    self.routing = routing
    self.limit = limit
    self.journal = journal
  }

  /// Why a stack lacks a key that the other one has right.
  enum Absence: Equatable {
    /// It was deleted because it might have been wrong, and comes back.
    case waiting
    case uncarried(Uncarried)
  }

  /// The one thing that every command asks.
  var isEmpty: Bool { marks.isEmpty && !isEverything && !hasShare }
  /// Of those known by name.
  var count: Int { marks.count }
  /// As many at least.
  var least: Int { max(marks.count, hasShare ? 1 : 0) }

  /// How often anything has become doubtful: as long as it is the same, nothing has.
  var doubtsSoFar: UInt64 { lastMark &+ generalDoubts }

  func contains(_ key: [UInt8]) -> Bool { marks[key] != nil || share?.covers(key) == true }

  /// Whether there may be one among the keys that begin so. Looks at all of them.
  func hasAny(beginningWith prefix: [UInt8]) -> Bool {
    isEverything || share != nil || marks.keys.contains { $0.starts(with: prefix) }
  }

  mutating func mark(of key: [UInt8]) -> UInt64? {
    if share != nil { name(key) }
    return marks[key]
  }

  /// - Parameters:
  ///   - isReturning: its copy was sent and did not arrive: it was counted when it became doubtful.
  ///   - isNamed: it was doubtful already, without its name: whoever names them sees to it that they are few.
  mutating func insert(_ key: [UInt8], isReturning: Bool = false, isNamed: Bool = false) {
    guard !isEverything else { return }
    lastMark += 1
    if !watches.isEmpty { watches[key]?.doubts &+= 1 }
    // A deletion that is on its way is ahead of what has made the key doubtful now.
    if !deletions.isEmpty { deletions[key]?.isCurrent = false }
    if !absent.isEmpty { absent[key] = nil }
    if !isGoing.isEmpty { isGoing[key] = nil }
    if !hasStrays, routing.primary(of: key.span) == stack { hasStrays = true }
    if marks.updateValue(lastMark, forKey: key) == nil {
      if !isReturning { figures.made &+= 1 }
      queue.append(key)
      journal?.suspect(key, on: stack)
      if marks.count > limit, !isNamed { forgetNames() }
    }
  }

  mutating func insertEverything() {
    if !isEverything { figures.wholeStack &+= 1 }
    (absent, isGoing) = ([:], [:])
    journal?.suspectEverything(on: stack)
    generalDoubts &+= 1
    figures.deleted &+= UInt64(marks.count)
    marks = [:]
    queue = []
    pauses.forgetAll()
    share = nil
    isEverything = true
  }

  // MARK: Doubtful, and not known by name

  /// From now on these are doubtful as well.
  mutating func doubt(_ share: DoubtfulShare) {
    guard !isEverything else { return }
    journal?.suspectMirrored(on: stack)
    generalDoubts &+= 1
    shares &+= 1
    self.share = share
  }

  /// There are too many to know each by name. What the stack answers for itself is none of them, and stays.
  private mutating func forgetNames() {
    let named = marks.filter { routing.primary(of: $0.key.span) == stack || absent[$0.key] != nil }
    guard routing.commonPrimary == nil, share?.isOf(routing.snapshot) ?? true, named.count < limit / 2 else {
      return insertEverything()
    }
    doubt(DoubtfulShare(of: stack, in: routing.snapshot))
    marks = named
    isGoing = isGoing.filter { named[$0.key] != nil }
    queue = Deque(named.keys)
  }

  /// Somebody has come to a key: if it is doubtful, it is so by name from here on.
  mutating func name(_ key: [UInt8]) {
    if marks[key] == nil, share?.covers(key) == true { insert(key, isNamed: true) }
  }

  /// Every key of the share has been named, or is right.
  mutating func namedAll() {
    guard share != nil else { return }
    share = nil
    journal?.clearedMirrored(on: stack)
  }

  // MARK: Where the keys go

  mutating func willBeRouted(by routing: LaneRouting) {
    self.routing = routing
    waitedFor = []
    // What was only doubtful on the mirror may be so on the primary now.
    if !isEmpty { hasStrays = true }
  }

  /// Called a few times a second.
  mutating func lookForStrays() { if isEmpty { hasStrays = false } }

  /// The stack is empty now.
  mutating func stackWasEmptied() {
    (absent, isGoing) = ([:], [:])
    figures.deleted &+= UInt64(marks.count)
    marks = [:]
    queue = []
    pauses.forgetAll()
    isEverything = false
    share = nil
    journal?.clearedAll(on: stack)
    for key in unconfirmed.keys { journal?.suspect(key, on: stack) }
  }

  /// The key that has waited longest for its repair, and its mark. If the repair fails, `wasNotRepaired` lets it wait again.
  mutating func next() -> (key: [UInt8], mark: UInt64)? {
    while let key = queue.popFirst() {
      if let mark = marks[key] { return (key, mark) }
    }
    return nil
  }

  /// The key's copy is about to be sent, unless it became doubtful again meanwhile, or is no suspect any more. Says which.
  ///
  /// Whoever asks behind the copy finds the key right. Whether it counts as repaired, the stack's answer says.
  mutating func isBeingRepaired(_ key: [UInt8], mark: UInt64) -> Bool {
    guard marks[key] == mark else {
      wasNotRepaired(key)
      return false
    }
    marks[key] = nil
    share?.settle(key)
    (absent[key], isGoing[key]) = (nil, nil)
    wasSent(key)
    return true
  }

  /// The stack has taken a key's copy, or the deletion of a key of which there is no copy.
  mutating func wasRepaired(_ key: [UInt8], isDeletion: Bool) {
    if isDeletion { figures.deleted &+= 1 } else { figures.repaired &+= 1 }
    pauses.arrived(key)
  }

  mutating func wasNotRepaired(_ key: [UInt8]) {
    if marks[key] != nil { queue.append(key) }
    // Keys that were deleted for clients leave their places behind.
    if queue.count > 2 * marks.count + 1024 { queue = Deque(marks.keys) }
  }

  /// The key is gone from the stack, so there is nothing doubtful about it, unless it became doubtful again meanwhile.
  mutating func wasDeleted(_ key: [UInt8], mark: UInt64) {
    guard marks[key] == mark else { return }
    marks[key] = nil
    share?.settle(key)
    (absent[key], isGoing[key]) = (nil, nil)
    figures.deleted &+= 1
    pauses.forget(key)
    wasSent(key)
  }

  // MARK: Absent, and right on the other stack

  func isAbsent(_ key: [UInt8]) -> Bool { absent[key] != nil }

  /// Whether a command may wait for a key that was written too often to be copied: it can be copied while its writes wait. Once after
  /// each flip.
  mutating func mayWaitForHot(_ key: [UInt8]) -> Bool {
    absent[key] == .uncarried(.hot) && waitedFor.insert(key).inserted
  }

  /// The stack has no such key any more, and no copy of it; the other one has it right.
  mutating func becameAbsent(_ key: [UInt8], _ why: Absence) {
    isGoing[key] = nil
    guard marks[key] != nil else { return }
    if absent[key] == nil { figures.deleted &+= 1 }
    absent[key] = why
  }

  /// The key is no suspect any more, because a write has made it anew on both stacks, or both lack it.
  mutating func settle(_ key: [UInt8]) {
    share?.settle(key)
    guard marks[key] != nil else { return }
    marks[key] = nil
    (absent[key], isGoing[key]) = (nil, nil)
    pauses.forget(key)
    if unconfirmed[key] == nil { journal?.cleared(key, on: stack) }
  }

  /// The key's value has come back from the other stack.
  mutating func cameHome(_ key: [UInt8]) {
    figures.repaired &+= 1
    settle(key)
  }

  /// Keys that no way can carry, by reason.
  var uncarried: [Uncarried: Int] {
    absent.values.reduce(into: [:]) { counts, absence in
      if case .uncarried(let reason) = absence { counts[reason, default: 0] += 1 }
    }
  }

  /// Adds the keys of which that is so to what is written down.
  func name(in keys: inout UncarriedKeys, at now: Int64) {
    for (key, absence) in absent {
      guard case .uncarried(let reason) = absence, !keys.isFull else { continue }
      keys.record(key, to: stack, type: reason.typeName, reason: reason.text, at: now)
    }
  }

  /// Some of them.
  var uncarriedNames: [[UInt8]] {
    Array(absent.lazy.filter { if case .uncarried = $0.value { true } else { false } }.map(\.key).prefix(5))
  }

  // MARK: Deletions under way

  /// Whether a deletion must be sent: none is on its way yet that this command stands behind.
  mutating func beginDeletion(_ key: [UInt8], asking: Int) -> Bool {
    guard let under = deletions[key], under.isCurrent, !under.followers.isEmpty else {
      deletions[key, default: ([], true)].followers.append(asking == 0 ? .nobody : .next)
      deletions[key]?.isCurrent = true
      return true
    }
    // What was sent meanwhile stands between the deletion and this command.
    if asking > 0 { deletions[key]?.followers[under.followers.count - 1] = .some }
    return false
  }

  /// Who stands behind a deletion on the stack's connection and must not be answered if it is refused.
  enum Followers {
    case nobody
    /// The command of a client that comes next.
    case next
    /// Several, or one that others stand before.
    case some
  }

  /// The oldest deletion was answered, or never will be.
  mutating func endDeletion(_ key: [UInt8]) -> Followers {
    guard var under = deletions[key], !under.followers.isEmpty else { return .nobody }
    let first = under.followers.removeFirst()
    deletions[key] = under.followers.isEmpty ? nil : under
    return first
  }

  // MARK: What the journal must know longer

  private mutating func wasSent(_ key: [UInt8]) {
    if journal != nil { unconfirmed[key, default: 0] += 1 }
  }

  /// The copy, or the deletion, of a key that was sent was answered, or never will be: then it has been inserted again.
  mutating func wasConfirmed(_ key: [UInt8]) {
    guard let count = unconfirmed[key] else { return }
    unconfirmed[key] = count > 1 ? count - 1 : nil
    if count == 1, marks[key] == nil { journal?.cleared(key, on: stack) }
  }

  /// What a journal that is written anew has to hold.
  var all: [(stack: StackID, key: [UInt8])] {
    marks.keys.map { (stack, $0) } + unconfirmed.keys.filter { marks[$0] == nil }.map { (stack, $0) }
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
