import SluiceCacheLayers
import SluiceMemoryEngine
import Synchronization

/// A cache in the process's own memory: bounded, the entries used longest ago go first, and every entry has
/// its end.
///
/// It never fails. Values are copies: what a reader does to one, no other reader sees.
public final class MemoryCache: Cache {
  private struct State {
    var store: L1Store<CacheValue>
    var hits: UInt64 = 0
    var misses: UInt64 = 0
  }

  private let state: Mutex<State>
  private let defaultTTL: DefaultTTL
  private let clock: CacheClock

  /// An empty cache.
  ///
  /// - Parameters:
  ///   - defaultTTL: for entries whose writer names none; zero or less means that those never expire.
  ///   - maxEntries: at most so many; zero or less keeps nothing.
  ///   - maxBytes: at most about so many bytes of keys and values together.
  public init(
    defaultTTL: Duration = .seconds(3600), maxEntries: Int = 1000, maxBytes: Int = .max,
    clock: CacheClock = .system
  ) {
    state = Mutex(State(store: L1Store(maxEntries: maxEntries, maxBytes: maxBytes)))
    self.defaultTTL = DefaultTTL(defaultTTL)
    self.clock = clock
  }

  public func value(for key: String) async -> CacheValue? {
    let now = clock.nanoseconds()
    let key = Array(key.utf8)
    return state.withLock { state in
      let found = state.store.value(for: key.span, now: now)
      if found == nil { state.misses &+= 1 } else { state.hits &+= 1 }
      return found
    }
  }

  @discardableResult
  public func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    let now = clock.nanoseconds()
    let key = Array(key.utf8)
    let expiresAt: UInt64 =
      switch defaultTTL.life(given: ttl) {
      case .forever: .max
      case .ends(let after): now + max(1, after.wholeNanoseconds)
      // An entry that has expired as it comes removes what was there.
      case .over: now
      }
    return state.withLock { state in
      state.store.set(
        key.span, to: value, cost: value.approximateBytes, expiresAt: expiresAt, now: now)
    }
  }

  @discardableResult
  public func delete(_ key: String) async -> Bool {
    let now = clock.nanoseconds()
    let key = Array(key.utf8)
    return state.withLock { state in
      state.store.contains(key.span, now: now) && state.store.remove(key.span)
    }
  }

  public func exists(_ key: String) async -> Bool {
    let now = clock.nanoseconds()
    let key = Array(key.utf8)
    return state.withLock { $0.store.contains(key.span, now: now) }
  }

  public func remainingTTL(of key: String) async -> Duration? {
    let now = clock.nanoseconds()
    let key = Array(key.utf8)
    guard let expiresAt = state.withLock({ $0.store.expiry(of: key.span, now: now) }), expiresAt != .max
    else { return nil }
    return .nanoseconds(Int64(clamping: expiresAt - now))
  }

  @discardableResult
  public func invalidate(pattern: String) async -> Int {
    let now = clock.nanoseconds()
    let pattern = Array(pattern.utf8)
    return state.withLock { state in
      state.store.removeExpired(now: now)
      return state.store.removeAll { GlobPattern.matches(pattern.span, $0) }
    }
  }

  /// Does nothing: there is no connection. The entries stay.
  public func disconnect() async {}

  /// Removes every entry.
  public func removeAll() {
    state.withLock { $0.store.removeAll() }
  }

  /// The counters, and what there is now.
  public var statistics: Statistics {
    let now = clock.nanoseconds()
    return state.withLock { state in
      state.store.removeExpired(now: now)
      return Statistics(
        entries: state.store.count, maxEntries: state.store.maxEntries, bytes: state.store.usedBytes,
        hits: state.hits, misses: state.misses, evictions: state.store.evictions,
        expirations: state.store.expirations)
    }
  }

  /// The keys of the entries that have not expired, in no order.
  public var keys: [String] {
    let now = clock.nanoseconds()
    return state.withLock { state in
      state.store.removeExpired(now: now)
      return state.store.keys.map { String(decoding: $0, as: UTF8.self) }
    }
  }
}
