import Logging
import SluiceJournal
import SluiceLocks
import SluiceRouting

/// Keys on which a stack may be wrong because something failed. What is here is never served before it was repaired (law 7). With a
/// journal it outlives the process.
final class RoutedSuspects: Sendable {
  /// Keys per stack that are remembered one by one; beyond it every key of the stack is suspect.
  static let limit = 100_000

  private struct State {
    /// As bytes: Swift takes two texts that look alike for one, and the stacks do not.
    var keys: [StackID: Set<[UInt8]>] = [:]
    /// Where every key is suspect: the ones that were put right since. A full set costs repairs, never the truth.
    var rightAgain: [StackID: Set<[UInt8]>] = [:]
  }

  private let state: Mutex<State>
  private let journal: RoutedJournal?
  private let logger: Logger

  /// Takes over what the process before has left behind.
  ///
  /// - Parameter doubts: stacks of which nothing is known because they come into use again.
  init(_ journal: RoutedJournal?, doubts: Set<StackID> = [], logger: Logger) {
    self.journal = journal
    self.logger = logger
    var taken = State()
    if var recovered = journal?.recovered {
      recovered.everything.formUnion(doubts.union(recovered.unsure))
      for stack in recovered.everything { taken.rightAgain[stack] = [] }
      for (stack, keys) in recovered.keys where taken.rightAgain[stack] == nil {
        taken.keys[stack] = keys
      }
      for stack in StackID.allCases where recovered.everything.contains(stack) || recovered.count(stack) > 0 {
        let count = recovered.everything.contains(stack) ? "all keys" : "\(recovered.count(stack)) keys"
        logger.warning("suspects of the last run on stack \(stack.name): \(count)")
      }
    }
    state = Mutex(taken)
    if let damage = journal?.recovered.damage {
      logger.error("the journal of suspects is damaged: \(damage); every key that it may have had is one")
    }
    if let journal {
      if !journal.recovered.isEmpty || !doubts.isEmpty { write { lane in Self.rewrite(taken, lane) } }
      journal.wasTakenOver()
    }
  }

  /// What an insertion came to.
  enum Insertion { case known, new, everything }

  func insert(_ key: String, on stack: StackID) -> Insertion {
    let key = Array(key.utf8)
    return state.withLock { state in
      if state.rightAgain[stack] != nil {
        return state.rightAgain[stack]?.remove(key) == nil ? .known : .new
      }
      guard state.keys[stack, default: []].insert(key).inserted else { return .known }
      guard state.keys[stack, default: []].count > Self.limit else {
        write { $0.suspect(key, on: stack) }
        return .new
      }
      return insertEverything(stack, &state)
    }
  }

  /// Nothing is known about the stack any more.
  func insertEverything(on stack: StackID) -> Insertion {
    state.withLock { insertEverything(stack, &$0) }
  }

  private func insertEverything(_ stack: StackID, _ state: inout State) -> Insertion {
    let isNew = state.rightAgain[stack] == nil
    state.keys[stack] = nil
    state.rightAgain[stack] = []
    if isNew { write { $0.suspectEverything(on: stack) } }
    return isNew ? .everything : .known
  }

  /// Returns whether it was one.
  func remove(_ key: String, on stack: StackID) -> Bool {
    let key = Array(key.utf8)
    return state.withLock { state in
      if let right = state.rightAgain[stack] {
        if right.count >= Self.limit { state.rightAgain[stack]?.removeFirst() }
        return state.rightAgain[stack]?.insert(key).inserted ?? false
      }
      guard state.keys[stack]?.remove(key) != nil else { return false }
      write { $0.cleared(key, on: stack) }
      return true
    }
  }

  func contains(_ key: String, on stack: StackID) -> Bool {
    state.withLock { state in
      if let right = state.rightAgain[stack] { return !right.contains(Array(key.utf8)) }
      guard let keys = state.keys[stack], !keys.isEmpty else { return false }
      return keys.contains(Array(key.utf8))
    }
  }

  /// How many there are; `Int.max` is every key.
  func count(on stack: StackID) -> Int {
    state.withLock { $0.rightAgain[stack] != nil ? .max : $0.keys[stack]?.count ?? 0 }
  }

  /// Some of them, to be repaired. What is no text came from a proxy that was here before; nobody asks this cache for it.
  func some(_ count: Int, on stack: StackID) -> [String] {
    state.withLock {
      Array(($0.keys[stack] ?? []).lazy.compactMap { String(validating: $0, as: UTF8.self) }.prefix(count))
    }
  }

  // MARK: The journal

  /// Writes a file that has grown long anew. To be called now and then.
  func tidy() {
    state.withLock { state in
      let count = state.keys.values.reduce(0) { $0 + $1.count }
      if journal?.isLong(for: count) == true { write { [state] in Self.rewrite(state, $0) } }
    }
  }

  private static func rewrite(_ state: State, _ lane: LaneJournal) {
    let marks = state.keys.flatMap { stack, keys in keys.map { (stack: stack, key: $0) } }
    lane.rewrite(marks, everything: Array(state.rightAgain.keys))
  }

  private func write(_ change: (LaneJournal) -> Void) {
    if let error = journal?.write(change) {
      logger.error("suspects would be forgotten if this process ended: \(error)")
    }
  }
}
