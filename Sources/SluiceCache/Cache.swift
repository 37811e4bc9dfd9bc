/// What every cache of the library can do: the interface that a service programs against, whatever stands
/// behind it.
///
/// A cache never throws because of its store: an unreachable Redis is a miss on the way out and a `false` on
/// the way in, told to the hooks and to the monitor (the guide's "never raise for Redis errors").
public protocol Cache: Sendable {
  /// The value under `key`, or nil on a miss, an expired entry, or a store that cannot be reached.
  func value(for key: String) async -> CacheValue?

  /// Stores `value` under `key`.
  ///
  /// - Parameter ttl: how long the entry lives; nil is the cache's default. Zero or less stores nothing and
  ///   removes what was there.
  /// - Returns: whether the value was stored where other processes of this cache's kind would find it.
  @discardableResult
  func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool

  /// Removes `key`. Returns whether it was there.
  @discardableResult
  func delete(_ key: String) async -> Bool

  /// Whether `key` is there, without reading its value.
  func exists(_ key: String) async -> Bool

  /// What is left of the life of `key`; nil if it is absent or never expires.
  func remainingTTL(of key: String) async -> Duration?

  /// Removes every entry of this cache whose key matches the glob `pattern` (`*`, `?`, `[…]`, `\` escapes, as
  /// in Redis `SCAN MATCH`). Returns how many there were.
  @discardableResult
  func invalidate(pattern: String) async -> Int

  /// The value under `key` as the store itself has it, past any tier in front of it: what health checks and
  /// comparisons ask.
  ///
  /// - Throws: `infrastructure` if the store could not be asked; here a miss is a miss.
  func storedValue(for key: String) async throws(CacheError) -> CacheValue?

  /// The values under many keys, those that are there.
  func values(for keys: [String]) async -> [String: CacheValue]

  /// Stores many values for the same time. Returns how many were stored.
  @discardableResult
  func set(_ values: [String: CacheValue], ttl: Duration?) async -> Int

  /// Where those who miss the same key find each other (``getOrSet(_:as:ttl:make:)``). Whoever stands around a cache gives that of the cache.
  var flights: CacheFlights { get }

  /// Lets go of connections. The cache may be used again: it connects anew.
  func disconnect() async
}

extension Cache {
  /// For caches that are their own store.
  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? { await value(for: key) }

  /// Stores `value` under `key` for the cache's default time to live.
  @discardableResult
  public func set(_ key: String, to value: CacheValue) async -> Bool {
    await set(key, to: value, ttl: nil)
  }
}
