import Routing
import Synchronization

/// Keys on which a stack may be wrong because something failed. What is here is never served before it was repaired (law 7).
final class RoutedSuspects: Sendable {
  /// Keys per stack that are remembered one by one; beyond it every key of the stack is suspect.
  static let limit = 100_000

  private struct State {
    var keys: [StackID: Set<String>] = [:]
    var isEverything: Set<StackID> = []
  }

  private let state = Mutex(State())

  /// What an insertion came to.
  enum Insertion { case known, new, everything }

  func insert(_ key: String, on stack: StackID) -> Insertion {
    state.withLock { state in
      guard !state.isEverything.contains(stack), state.keys[stack, default: []].insert(key).inserted else {
        return .known
      }
      guard state.keys[stack, default: []].count > Self.limit else { return .new }
      return Self.insertEverything(stack, &state)
    }
  }

  /// Nothing is known about the stack any more.
  func insertEverything(on stack: StackID) -> Insertion {
    state.withLock { Self.insertEverything(stack, &$0) }
  }

  private static func insertEverything(_ stack: StackID, _ state: inout State) -> Insertion {
    state.keys[stack] = nil
    return state.isEverything.insert(stack).inserted ? .everything : .known
  }

  /// Returns whether it was one.
  func remove(_ key: String, on stack: StackID) -> Bool {
    state.withLock { $0.keys[stack]?.remove(key) != nil }
  }

  func contains(_ key: String, on stack: StackID) -> Bool {
    state.withLock { $0.isEverything.contains(stack) || $0.keys[stack]?.contains(key) == true }
  }

  /// How many there are; `Int.max` is every key.
  func count(on stack: StackID) -> Int {
    state.withLock { $0.isEverything.contains(stack) ? .max : $0.keys[stack]?.count ?? 0 }
  }

  /// Some of them, to be repaired.
  func some(_ count: Int, on stack: StackID) -> [String] {
    state.withLock { Array(($0.keys[stack] ?? []).prefix(count)) }
  }
}
