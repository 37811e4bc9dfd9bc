import SluiceCacheLayers
import SluiceGlob
import SluiceLocks

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

  public let flights = CacheFlights()
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
    let expiresAt = end(now, ttl)
    return state.withLock { state in
      state.store.set(
        key.span, to: value, cost: value.approximateBytes, expiresAt: expiresAt, now: now)
    }
  }

  private func end(_ now: UInt64, _ ttl: Duration?) -> UInt64 {
    switch defaultTTL.life(given: ttl) {
    case .forever: .max
    case .ends(let after): now + max(1, after.wholeNanoseconds)
    // An entry that has expired as it comes removes what was there.
    case .over: now
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

extension MemoryCache {
  /// The keys that match a glob.
  func keys(matching pattern: String) -> [String] {
    let pattern = Array(pattern.utf8)
    return keys.filter { GlobPattern.matches(pattern.span, Array($0.utf8).span) }
  }
}

extension MemoryCache: AtomicCache {
  public func setIfAbsent(
    _ key: String, to value: CacheValue, ttl: Duration?
  ) async throws(CacheError) -> Bool {
    let now = clock.nanoseconds()
    let key = Array(key.utf8)
    let expiresAt = end(now, ttl)
    return state.withLock { state in
      guard expiresAt > now, !state.store.contains(key.span, now: now) else { return false }
      return state.store.set(
        key.span, to: value, cost: value.approximateBytes, expiresAt: expiresAt, now: now)
    }
  }

  @discardableResult
  public func increment(_ key: String, by amount: Int, ttl: Duration?) async throws(CacheError) -> Int {
    let now = clock.nanoseconds()
    let bytes = Array(key.utf8)
    let expiresAt = end(now, ttl)
    let sum = state.withLock { state -> Int? in
      let before = state.store.value(for: bytes.span, now: now)
      let number: Int? = if let before { before.int } else { 0 }
      guard let (sum, isTooBig) = number?.addingReportingOverflow(amount), !isTooBig else { return nil }
      let end = state.store.expiry(of: bytes.span, now: now) ?? expiresAt
      _ = state.store.set(
        bytes.span, to: .int(sum), cost: CacheValue.int(sum).approximateBytes, expiresAt: end, now: now)
      return sum
    }
    guard let sum else {
      throw CacheError(
        .infrastructure, "what is under \(key) is no counter, or would be too large for one",
        context: ["key": .string(key)])
    }
    return sum
  }
}
