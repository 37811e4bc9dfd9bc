import SluiceLocks

@testable import SluiceCache

/// The simplest thing that is a cache: a dictionary without time, whose store can be switched off.
final class DictionaryCache: Cache {
  private struct State {
    var values: [String: CacheValue] = [:]
    var isDown = false
  }

  private let state = Mutex(State())

  var isDown: Bool {
    get { state.withLock { $0.isDown } }
    set { state.withLock { $0.isDown = newValue } }
  }

  var keys: Set<String> { state.withLock { Set($0.values.keys) } }

  func value(for key: String) async -> CacheValue? { state.withLock { $0.isDown ? nil : $0.values[key] } }

  func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    state.withLock {
      if !$0.isDown { $0.values[key] = value }
      return !$0.isDown
    }
  }

  func delete(_ key: String) async -> Bool {
    state.withLock { !$0.isDown && $0.values.removeValue(forKey: key) != nil }
  }

  func exists(_ key: String) async -> Bool { await value(for: key) != nil }

  func remainingTTL(of key: String) async -> Duration? { nil }

  func invalidate(pattern: String) async -> Int {
    state.withLock { state in
      defer { state.values = [:] }
      return state.values.count
    }
  }

  func disconnect() async {}
}
