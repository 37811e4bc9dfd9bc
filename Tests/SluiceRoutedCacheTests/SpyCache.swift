import SluiceCache
import SluiceLocks

/// A cache that remembers what was asked of it, and can be made to fail, to hang, or to answer wrongly once.
final class SpyCache: Cache {
  enum Event: Equatable {
    case get(String)
    case set(String, CacheValue)
    case delete(String)
    case exists(String)
    case ttl(String)
    case invalidate(String)
  }

  private struct State {
    var values: [String: CacheValue] = [:]
    /// As they were given; nothing here expires by itself.
    var ttls: [String: Duration] = [:]
    var ends: [String: ContinuousClock.Instant] = [:]
    var events: [Event] = []
    var isDown = false
    var isHeld = false
    var delay: Duration?
    var waiting: [CheckedContinuation<Void, Never>] = []
    var lies: [String: CacheValue] = [:]
    var lastReads: Set<String> = []
  }

  private let state = Mutex(State())
  /// Whether every operation gives others a chance to come between.
  private let isSlow: Bool

  init(isSlow: Bool = false) { self.isSlow = isSlow }

  var values: [String: CacheValue] { state.withLock { $0.values } }
  var events: [Event] { state.withLock { $0.events } }
  /// The values that were set under a key, in order.
  func sets(_ key: String) -> [CacheValue] {
    events.compactMap { if case .set(key, let value) = $0 { value } else { nil } }
  }
  var ttls: [String: Duration] { state.withLock { $0.ttls } }

  func plant(_ key: String, _ value: CacheValue?) { state.withLock { $0.values[key] = value } }
  /// The next read of the key answers this instead.
  func lieOnce(_ key: String, _ value: CacheValue) { state.withLock { $0.lies[key] = value } }
  /// The key expires behind its next read.
  func expireBehindRead(_ key: String) { _ = state.withLock { $0.lastReads.insert(key) } }
  func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
  /// Each operation takes so long.
  func delay(_ time: Duration?) { state.withLock { $0.delay = time } }
  /// Nothing answers until ``release()``.
  func hold() { state.withLock { $0.isHeld = true } }
  func release() {
    let waiting = state.withLock { state in
      state.isHeld = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for one in waiting { one.resume() }
  }

  /// The operation takes effect after what holds it is gone. False if the store is away.
  private func arrive(_ event: Event) async -> Bool {
    if isSlow { for _ in 0..<Int.random(in: 0..<4) { await Task.yield() } }
    if let delay = state.withLock({ $0.delay }) { try? await Task.sleep(for: delay) }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let goesOn = state.withLock { state in
        if state.isHeld { state.waiting.append(continuation) }
        return !state.isHeld
      }
      if goesOn { continuation.resume() }
    }
    return state.withLock { state in
      state.events.append(event)
      return !state.isDown
    }
  }

  private func found(_ key: String) -> CacheValue? {
    state.withLock { state in
      let found = state.lies.removeValue(forKey: key) ?? state.values[key]
      if state.lastReads.remove(key) != nil {
        state.values[key] = CacheValue?.none
        state.ends[key] = nil
      }
      return found
    }
  }

  func value(for key: String) async -> CacheValue? {
    guard await arrive(.get(key)) else { return nil }
    return found(key)
  }

  func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    guard await arrive(.get(key)) else { throw CacheError(.infrastructure, "the spy is down") }
    return found(key)
  }

  func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    guard await arrive(.set(key, value)) else { return false }
    return state.withLock { state in
      let isStored = ttl.map { $0 > .zero } ?? true
      // A plain nil would be JSON's null.
      state.values[key] = isStored ? value : CacheValue?.none
      state.ttls[key] = isStored ? ttl : nil
      state.ends[key] = isStored ? ttl.map { .now + $0 } : nil
      return isStored
    }
  }

  func delete(_ key: String) async -> Bool {
    guard await arrive(.delete(key)) else { return false }
    return state.withLock { $0.values.removeValue(forKey: key) != nil }
  }

  func exists(_ key: String) async -> Bool {
    guard await arrive(.exists(key)) else { return false }
    return found(key) != nil
  }

  func remainingTTL(of key: String) async -> Duration? {
    guard await arrive(.ttl(key)) else { return nil }
    return state.withLock { $0.ends[key] }.map { $0 - .now }
  }

  func invalidate(pattern: String) async -> Int {
    guard await arrive(.invalidate(pattern)) else { return 0 }
    return state.withLock { state in
      defer { state.values = [:] }
      return state.values.count
    }
  }

  func disconnect() async {}
}
