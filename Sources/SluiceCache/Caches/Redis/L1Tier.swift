import SluiceCacheLayers
import SluiceMemoryEngine
import Synchronization

/// The tier near the reader, shared by all lanes of a ``RedisCache``.
///
/// An entry is put here by the job of a lane that has just spoken with Redis about its key, so the order of
/// the entries is the order of Redis. One race is left: a removal of many keys between the word of Redis and
/// the entry. The generation closes it, because what was learned before such a removal is not kept after it.
///
/// ```
///   lane 1:      generation 7 ── GET k → v ─────────────────────── put(k, v, 7): refused, k removed
///   elsewhere:                     UNLINK k ── removeAll (8) ──
/// ```
final class L1Tier: Sendable {
  private struct State {
    var store: L1Store<CacheValue>
    var generation: UInt64 = 0
  }

  private let state: Mutex<State>
  private let clock: CacheClock

  init(maxEntries: Int, clock: CacheClock) {
    state = Mutex(State(store: L1Store(maxEntries: maxEntries)))
    self.clock = clock
  }

  /// To be taken before Redis is asked.
  var generation: UInt64 { state.withLock { $0.generation } }

  func value(for key: [UInt8]) -> CacheValue? {
    let now = clock.nanoseconds()
    return state.withLock { $0.store.value(for: key.span, now: now) }
  }

  func contains(_ key: [UInt8]) -> Bool {
    let now = clock.nanoseconds()
    return state.withLock { $0.store.contains(key.span, now: now) }
  }

  /// Keeps what Redis has said about `key` in this generation.
  func put(_ key: [UInt8], _ value: CacheValue, expiresAt: UInt64, generation: UInt64) {
    let now = clock.nanoseconds()
    state.withLock { state in
      // A time that is over removes the key, and so does knowledge from before the last removal.
      let end = state.generation == generation ? expiresAt : now
      state.store.set(key.span, to: value, cost: value.approximateBytes, expiresAt: end, now: now)
    }
  }

  @discardableResult
  func remove(_ key: [UInt8]) -> Bool {
    state.withLock { $0.store.remove(key.span) }
  }

  func removeAll(matching pattern: [UInt8]) {
    state.withLock { state in
      state.generation &+= 1
      _ = state.store.removeAll { GlobPattern.matches(pattern.span, $0) }
    }
  }

  func removeAll() {
    state.withLock { state in
      state.generation &+= 1
      state.store.removeAll()
    }
  }

  /// Entries, those that have expired unseen included.
  var count: Int { state.withLock { $0.store.count } }
}
