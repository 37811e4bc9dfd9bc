import DequeModule
import SluiceLocks
import SluiceRouting

/// What goes on with the keys at this moment: who writes, what the mirror has yet to repeat, and what is in doubt.
///
///     write ── take(key) ─→ primary ── append(write) ─→ give(key) ─→ caller
///                                          │ one after the other per key
///                                          └──→ perform ─→ mirror
///
/// One writer per key holds the key's turn while the primary works, so that the order of the acknowledgements is the order of
/// the log (law 2). The log of a key is worked off one entry at a time, by a task that lives as long as there are entries. A key
/// with nothing going on costs nothing.
final class KeyLog: Sendable {
  /// One thing that the mirror has to repeat: a write that the primary has acknowledged, or a read that is compared.
  struct Entry: Sendable {
    /// Who repeats it.
    let stack: StackID
    let isWrite: Bool
    let perform: @Sendable () async -> Void
  }

  /// What became of a read that was to be compared.
  enum Place { case appended, disturbed, full }

  private struct Key {
    var isHeld = false
    /// Grows with every turn: a read during which it moved has no place of its own in the log.
    var turns: UInt64 = 0
    var waiters: Deque<CheckedContinuation<Void, Never>> = []
    var readers = 0
    /// The first is being performed.
    var entries: Deque<Entry> = []

    var isIdle: Bool { !isHeld && waiters.isEmpty && readers == 0 && entries.isEmpty }
  }

  /// What somebody may wait for.
  private enum Quiet {
    /// No entry of a key waits for the stack; nil is for either, compared reads included. Nil as key is all keys.
    case log(key: String?, StackID?)
    /// No entry at all, and no recheck either.
    case everything
  }

  private struct QuietWaiter {
    let quiet: Quiet
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var keys: [String: Key] = [:]
    var held = 0
    var entries = 0
    var writes: [StackID: Int] = [:]
    var rechecks = 0
    /// Somebody holds, or waits to hold, every key.
    var isClosed = false
    var parked: [CheckedContinuation<Void, Never>] = []
    var allHeld: CheckedContinuation<Void, Never>?
    var waiters: [UInt64: QuietWaiter] = [:]
    var waitersEver: UInt64 = 0
  }

  private let state = Mutex(State())
  private let limit: Int

  /// - Parameter limit: entries of all keys together; more are refused.
  init(limit: Int) {
    self.limit = limit
  }

  /// Entries that wait for a stack to repeat a write.
  func queued(_ stack: StackID) -> Int { state.withLock { $0.writes[stack, default: 0] } }

  // MARK: Turns

  /// Waits until the key is the caller's alone.
  func take(_ key: String) async {
    while true {
      var grant = Grant.later
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        grant = state.withLock { state in
          if state.isClosed {
            state.parked.append(continuation)
            return .later
          }
          var found = state.keys[key] ?? Key()
          defer { state.keys[key] = found }
          if found.isHeld {
            found.waiters.append(continuation)
            return .handed
          }
          found.isHeld = true
          found.turns &+= 1
          state.held += 1
          return .now
        }
        if grant == .now { continuation.resume() }
      }
      if grant != .later { return }
    }
  }

  private enum Grant {
    /// Nobody had the turn.
    case now
    /// Who had the turn handed it over.
    case handed
    /// Every key was held by one caller; ask again.
    case later
  }

  /// Ends the caller's turn; the next in line has it.
  func give(_ key: String) {
    let next: CheckedContinuation<Void, Never>? = state.withLock { state in
      guard var entry = state.keys[key], entry.isHeld else { return nil }
      if let waiter = entry.waiters.popFirst() {
        entry.turns &+= 1
        state.keys[key] = entry
        return waiter
      }
      entry.isHeld = false
      state.held -= 1
      state.keys[key] = entry.isIdle ? nil : entry
      guard state.isClosed, state.held == 0 else { return nil }
      defer { state.allHeld = nil }
      return state.allHeld
    }
    next?.resume()
  }

  /// Waits until every key is the caller's alone.
  func takeAll() async {
    var grant = Grant.later
    while grant == .later {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        grant = state.withLock { state in
          if state.isClosed {
            state.parked.append(continuation)
            return .later
          }
          state.isClosed = true
          guard state.held > 0 else { return .now }
          state.allHeld = continuation
          return .handed
        }
        if grant == .now { continuation.resume() }
      }
    }
  }

  /// Ends ``takeAll()``.
  func giveAll() {
    let parked = state.withLock { state in
      state.isClosed = false
      defer { state.parked = [] }
      return state.parked
    }
    for waiter in parked { waiter.resume() }
  }

  /// How many turns the key has had since something began to go on with it; nil if nothing does.
  func turn(_ key: String) -> UInt64? { state.withLock { $0.keys[key]?.turns } }

  // MARK: Reads

  /// A read begins that may be compared. Returns what ``readEnded(_:mark:)`` needs; nil while a write is under way.
  func readBegan(_ key: String) -> UInt64? {
    state.withLock { state in
      var entry = state.keys[key] ?? Key()
      entry.readers += 1
      state.keys[key] = entry
      return entry.isHeld || state.isClosed ? nil : entry.turns
    }
  }

  /// A read has ended. If no write fell into it, it takes its place in the log.
  func readEnded(_ key: String, mark: UInt64?, entry: Entry) -> Place {
    let (place, starts) = state.withLock { state -> (Place, Bool) in
      guard var found = state.keys[key] else { return (.disturbed, false) }
      found.readers -= 1
      let isUndisturbed = mark != nil && found.turns == mark && !found.isHeld && !state.isClosed
      state.keys[key] = found.isIdle ? nil : found
      guard isUndisturbed else { return (.disturbed, false) }
      let (isAppended, starts) = append(entry, key, &state)
      return (isAppended ? .appended : .full, starts)
    }
    if starts { work(key) }
    return place
  }

  // MARK: The log

  /// Puts an entry at the end of the key's log; false if the log is full. To be called by who has the turn.
  func append(_ entry: Entry, for key: String) -> Bool {
    let (isAppended, starts) = state.withLock { append(entry, key, &$0) }
    if starts { work(key) }
    return isAppended
  }

  private func append(_ entry: Entry, _ key: String, _ state: inout State) -> (Bool, Bool) {
    guard state.entries < limit else { return (false, false) }
    var found = state.keys[key] ?? Key()
    found.entries.append(entry)
    state.keys[key] = found
    state.entries += 1
    if entry.isWrite { state.writes[entry.stack, default: 0] += 1 }
    return (true, found.entries.count == 1)
  }

  private func work(_ key: String) {
    Task {
      var next = state.withLock { $0.keys[key]?.entries.first }
      while let entry = next {
        await entry.perform()
        next = finished(key)
      }
    }
  }

  /// Takes the entry that was performed out of the log and returns the next one. In one step: a worker that finds nothing ends, and
  /// whoever appends to an empty log starts another one, so there are never two.
  private func finished(_ key: String) -> Entry? {
    let (next, drained): (Entry?, [CheckedContinuation<Bool, Never>]) = state.withLock { state in
      guard var found = state.keys[key], let entry = found.entries.popFirst() else { return (nil, []) }
      state.entries -= 1
      if entry.isWrite { state.writes[entry.stack, default: 0] -= 1 }
      state.keys[key] = found.isIdle ? nil : found
      return (found.entries.first, Self.takeContent(&state, at: key))
    }
    for waiter in drained { waiter.resume(returning: true) }
    return next
  }

  /// Those whose wait is over, now that something of this key is done, or a recheck.
  private static func takeContent(
    _ state: inout State, at key: String?
  ) -> [CheckedContinuation<Bool, Never>] {
    let done = state.waiters.filter { _, waiter in
      if case .log(let its?, _) = waiter.quiet, its != key { return false }
      return isQuiet(waiter.quiet, state)
    }
    for id in done.keys { state.waiters[id] = nil }
    return done.values.map(\.continuation)
  }

  private static func isQuiet(_ quiet: Quiet, _ state: State) -> Bool {
    switch quiet {
    case .log(let key, let stack): isDrained(key, stack, state)
    case .everything: state.entries == 0 && state.rechecks == 0
    }
  }

  private static func isDrained(_ key: String?, _ stack: StackID?, _ state: State) -> Bool {
    guard let key else { return state.entries == 0 }
    guard let entries = state.keys[key]?.entries else { return true }
    guard let stack else { return entries.isEmpty }
    return !entries.contains { $0.isWrite && $0.stack == stack }
  }

  /// Whether nothing of the key waits for the stack (nil: for either); nil as key asks about all keys.
  func isDrained(_ key: String?, _ stack: StackID?) -> Bool {
    state.withLock { Self.isDrained(key, stack, $0) }
  }

  /// Waits until that is so, at most for a time. Returns whether it is.
  func drained(_ key: String?, _ stack: StackID?, within limit: Duration) async -> Bool {
    await waited(for: .log(key: key, stack), within: limit)
  }

  /// Waits until nothing waits for any stack and nothing is asked again, at most for a time. Returns whether that is so.
  func settled(within limit: Duration) async -> Bool { await waited(for: .everything, within: limit) }

  private func waited(for quiet: Quiet, within limit: Duration) async -> Bool {
    let deadline = Mutex<Task<Void, Never>?>(nil)
    let isQuiet = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
      let id: UInt64? = state.withLock { state in
        guard !Self.isQuiet(quiet, state) else { return nil }
        state.waitersEver &+= 1
        state.waiters[state.waitersEver] = QuietWaiter(quiet: quiet, continuation: continuation)
        return state.waitersEver
      }
      guard let id else {
        continuation.resume(returning: true)
        return
      }
      deadline.withLock {
        $0 = Task {
          try? await Task.sleep(for: limit)
          let late = state.withLock { $0.waiters.removeValue(forKey: id) }
          late?.continuation.resume(returning: false)
        }
      }
    }
    // One that is not needed must not sleep on, and keep all this alive.
    deadline.withLock { $0?.cancel() }
    return isQuiet
  }

  // MARK: Rechecks

  /// Lets one more recheck begin, unless many are under way.
  func recheckMayBegin() -> Bool {
    state.withLock { state in
      guard state.rechecks < Self.recheckLimit else { return false }
      state.rechecks += 1
      return true
    }
  }

  /// A recheck has come to its end.
  func recheckEnded() {
    let content = state.withLock { state in
      state.rechecks -= 1
      return Self.takeContent(&state, at: nil)
    }
    for waiter in content { waiter.resume(returning: true) }
  }

  private static let recheckLimit = 64
}
