/// A cache that can say why: the same operations as ``Cache``, with the reason of a miss or of a `false`.
///
/// For what stands around a cache and has to tell a miss from a failure: hooks, monitors, fallbacks. A
/// decorator finds out by `cache as? any ReportingCache`.
public protocol ReportingCache: Cache {
  /// Like ``Cache/value(for:)``.
  func lookup(_ key: String) async -> CacheLookup

  /// Like ``Cache/set(_:to:ttl:)``: false means that the time to live was over at once, so that nothing was
  /// stored.
  func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError>

  /// Like ``Cache/delete(_:)``.
  func remove(_ key: String) async -> Result<Bool, CacheError>

  /// Like ``Cache/invalidate(pattern:)``. After a failure some entries may be gone, and those near the reader
  /// are.
  func removeAll(matching pattern: String) async -> Result<Int, CacheError>
}

/// What a cache found.
public enum CacheLookup: Sendable, Equatable {
  case hit(CacheValue)
  case miss(CacheMiss)

  /// The value of a hit.
  public var value: CacheValue? {
    if case .hit(let value) = self { value } else { nil }
  }
}

/// Why a cache has nothing to give.
public enum CacheMiss: Sendable, Equatable {
  /// It is not there, or has expired.
  case absent
  /// Something is there that this library cannot read, such as a Python pickle; a sentence for people.
  case foreign(String)
  /// The store could not be asked.
  case failed(CacheError)
}

extension ReportingCache {
  public func value(for key: String) async -> CacheValue? { await lookup(key).value }

  @discardableResult
  public func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    (try? await store(key, value, ttl: ttl).get()) ?? false
  }

  @discardableResult
  public func delete(_ key: String) async -> Bool {
    (try? await remove(key).get()) ?? false
  }

  @discardableResult
  public func invalidate(pattern: String) async -> Int {
    (try? await removeAll(matching: pattern).get()) ?? 0
  }
}

/// The cache itself if it reports, and else one that knows of no reasons.
package func reporting(_ cache: any Cache) -> any ReportingCache {
  cache as? any ReportingCache ?? SilentCache(cache: cache)
}

/// A cache that gives no reasons, where one that does is asked for.
private struct SilentCache: ReportingCache {
  let cache: any Cache

  func lookup(_ key: String) async -> CacheLookup {
    await cache.value(for: key).map { .hit($0) } ?? .miss(.absent)
  }

  func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError> {
    .success(await cache.set(key, to: value, ttl: ttl))
  }

  func remove(_ key: String) async -> Result<Bool, CacheError> { .success(await cache.delete(key)) }

  func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    .success(await cache.invalidate(pattern: pattern))
  }

  func exists(_ key: String) async -> Bool { await cache.exists(key) }
  func remainingTTL(of key: String) async -> Duration? { await cache.remainingTTL(of: key) }
  func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await cache.storedValue(for: key)
  }
  var flights: CacheFlights { cache.flights }
  func disconnect() async { await cache.disconnect() }
}
