import SluiceCacheLayers
import SluiceGlob
import SluiceKeyIndexing
import SluiceLocks
import SluiceRedisLink

/// The tier near the reader, shared by all links of a ``RedisCache``.
///
/// Many tasks tell it at once what Redis has said, and not in the order in which Redis said it. So replies are
/// numbered where they come in, and what is older than what was heard of the key is refused, and the entry goes.
/// Heard is remembered for sets of keys, not for each: two keys of a set cost each other an entry now and then.
///
/// ```
///   one task:   GET k → v (reply 7) ─────────────────────────── put(k, v, 7): refused, k removed
///   another:            SET k w (reply 8) ── put(k, w, 8) ──
/// ```
///
/// A removal of many keys is the same for all keys: what was learned before it is not kept after it
/// (`generation`).
final class L1Tier: Sendable {
  private struct State {
    var store: L1Store<CacheValue>
    var generation: UInt64 = 0
    /// The number of the last reply that was heard of, for each set of keys.
    var heard = [UInt64](repeating: 0, count: L1Tier.sets)
  }

  private let state: Mutex<State>
  private let clock: CacheClock
  private let order: LinkOrder
  private static let sets = 256

  init(maxEntries: Int, clock: CacheClock, order: LinkOrder = LinkOrder()) {
    self.order = order
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

  /// Keeps what Redis has said about `key` in this generation, by the reply of this number; nil is one that came just now.
  func put(
    _ key: [UInt8], _ value: CacheValue, expiresAt: UInt64, generation: UInt64, order: UInt64? = nil
  ) {
    let now = clock.nanoseconds()
    let order = order ?? self.order.next()
    let cost = value.approximateBytes
    let set = Self.set(of: key)
    state.withLock { state in
      let isNews = state.heard[set] < order
      if isNews { state.heard[set] = order }
      // A time that is over removes the key, and so does knowledge from before the last removal.
      let end = isNews && state.generation == generation ? expiresAt : now
      state.store.set(key.span, to: value, cost: cost, expiresAt: end, now: now)
    }
  }

  /// Forgets `key`, and what was said of it before the reply of this number; nil is now.
  @discardableResult
  func remove(_ key: [UInt8], order: UInt64? = nil) -> Bool {
    let order = order ?? self.order.next()
    let set = Self.set(of: key)
    return state.withLock { state in
      state.heard[set] = max(state.heard[set], order)
      return state.store.remove(key.span)
    }
  }

  private static func set(of key: [UInt8]) -> Int { Int(KeyIndex.hash(key.span)) % sets }

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
