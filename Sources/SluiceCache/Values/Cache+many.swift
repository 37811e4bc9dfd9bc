/// Many keys at once.
extension Cache {
  /// One by one, at the same time.
  public func values(for keys: [String]) async -> [String: CacheValue] {
    await withTaskGroup(of: (String, CacheValue?).self) { group in
      for key in Set(keys) { group.addTask { (key, await self.value(for: key)) } }
      return await group.reduce(into: [:]) { found, entry in found[entry.0] = entry.1 }
    }
  }

  /// One by one, at the same time.
  @discardableResult
  public func set(_ values: [String: CacheValue], ttl: Duration?) async -> Int {
    await withTaskGroup(of: Bool.self) { group in
      for (key, value) in values { group.addTask { await self.set(key, to: value, ttl: ttl) } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
  }

  /// None: each call makes its own.
  public var flights: CacheFlights { CacheFlights() }
}

/// A cache that can change a key depending on what is there, as one step for all who share the store: locks, sessions that must be
/// new, counters.
public protocol AtomicCache: Cache {
  /// Stores `value` where nothing is under `key`.
  ///
  /// - Parameter ttl: as in ``Cache/set(_:to:ttl:)``; zero or less stores nothing.
  /// - Returns: whether it was stored; false means that something was there.
  /// - Throws: `infrastructure` if the store could not be asked: then nobody knows.
  func setIfAbsent(_ key: String, to value: CacheValue, ttl: Duration?) async throws(CacheError) -> Bool

  /// Adds to a counter, which begins at zero, and says what it is now. A counter is a plain number: it is read as any value,
  /// and must not be one that ``Cache/set(_:to:ttl:)`` has stored.
  ///
  /// - Parameter ttl: how long it lives from its first increment on; nil is the cache's default.
  /// - Throws: `infrastructure` if the store could not be asked, or what is there is no counter.
  @discardableResult
  func increment(_ key: String, by amount: Int, ttl: Duration?) async throws(CacheError) -> Int
}

extension AtomicCache {
  /// Adds one, for the cache's default time to live.
  @discardableResult
  public func increment(_ key: String) async throws(CacheError) -> Int {
    try await increment(key, by: 1, ttl: nil)
  }
}
