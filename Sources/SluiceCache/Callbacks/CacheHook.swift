/// Something that is told what a cache does: audit, performance, alerts, business rules, or a change of what
/// readers get.
///
/// Every event has a default that does nothing, so a hook has only what it cares about. Hooks run one after
/// the other in the order in which they were given, and the operation returns after the last one: what takes
/// long belongs into a task of its own. What a hook throws is reported, and neither the cache nor the hooks
/// behind it notice.
public protocol CacheHook: Sendable {
  /// A read found `value`.
  ///
  /// - Returns: what the reader, and the hooks behind this one, shall get instead; nil leaves the value as it
  ///   is. What is stored stays.
  func onHit(_ key: String, value: CacheValue) async throws -> CacheValue?

  /// A read found nothing, and `reason` says why.
  func onMiss(_ key: String, reason: CacheMiss) async throws

  /// A value has been stored. `ttl` is what the writer said; nil is the cache's default.
  func onStore(_ key: String, value: CacheValue, ttl: Duration?) async throws

  /// An entry that was there has been removed.
  func onDelete(_ key: String) async throws

  /// The store could not be asked, or refused. A read that fails is a miss as well, and ``onMiss(_:reason:)``
  /// comes first.
  ///
  /// - Parameters:
  ///   - operation: `get`, `set`, `delete` or `invalidate`.
  ///   - key: the key, or the pattern of an invalidation.
  func onError(_ operation: CacheOperation, key: String, error: CacheError) async throws

  /// Entries whose keys match `pattern` have been removed, `count` of them.
  func onInvalidate(pattern: String, count: Int) async throws
}

extension CacheHook {
  public func onHit(_ key: String, value: CacheValue) async throws -> CacheValue? { nil }
  public func onMiss(_ key: String, reason: CacheMiss) async throws {}
  public func onStore(_ key: String, value: CacheValue, ttl: Duration?) async throws {}
  public func onDelete(_ key: String) async throws {}
  public func onError(_ operation: CacheOperation, key: String, error: CacheError) async throws {}
  public func onInvalidate(pattern: String, count: Int) async throws {}
}
