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

  func insert(_ key: String, on stack: StackID) {
    state.withLock { state in
      guard !state.isEverything.contains(stack) else { return }
      state.keys[stack, default: []].insert(key)
      if state.keys[stack, default: []].count > Self.limit { Self.insertEverything(stack, &state) }
    }
  }

  /// Nothing is known about the stack any more.
  func insertEverything(on stack: StackID) { state.withLock { Self.insertEverything(stack, &$0) } }

  private static func insertEverything(_ stack: StackID, _ state: inout State) {
    state.isEverything.insert(stack)
    state.keys[stack] = nil
  }

  func remove(_ key: String, on stack: StackID) {
    state.withLock { _ = $0.keys[stack]?.remove(key) }
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
