/// A hook made of closures: `CacheHooks(onMiss: { key, _ in log("\(key) is cold") })`.
public struct CacheHooks: CacheHook {
  public typealias Hit = @Sendable (_ key: String, _ value: CacheValue) async throws -> CacheValue?
  public typealias Miss = @Sendable (_ key: String, _ reason: CacheMiss) async throws -> Void
  public typealias Store =
    @Sendable (_ key: String, _ value: CacheValue, _ ttl: Duration?) async throws -> Void
  public typealias Delete = @Sendable (_ key: String) async throws -> Void
  public typealias Failure =
    @Sendable (_ operation: CacheOperation, _ key: String, _ error: CacheError) async throws -> Void
  public typealias Invalidation = @Sendable (_ pattern: String, _ count: Int) async throws -> Void

  private let hit: Hit?
  private let miss: Miss?
  private let store: Store?
  private let delete: Delete?
  private let failure: Failure?
  private let invalidation: Invalidation?

  /// Closures for the events that matter; see ``CacheHook`` for what each is told.
  public init(
    onHit: Hit? = nil, onMiss: Miss? = nil, onStore: Store? = nil, onDelete: Delete? = nil,
    onError: Failure? = nil, onInvalidate: Invalidation? = nil
  ) {
    hit = onHit
    miss = onMiss
    store = onStore
    delete = onDelete
    failure = onError
    invalidation = onInvalidate
  }

  public func onHit(_ key: String, value: CacheValue) async throws -> CacheValue? {
    try await hit?(key, value)
  }
  public func onMiss(_ key: String, reason: CacheMiss) async throws { try await miss?(key, reason) }
  public func onStore(_ key: String, value: CacheValue, ttl: Duration?) async throws {
    try await store?(key, value, ttl)
  }
  public func onDelete(_ key: String) async throws { try await delete?(key) }
  public func onError(_ operation: CacheOperation, key: String, error: CacheError) async throws {
    try await failure?(operation, key, error)
  }
  public func onInvalidate(pattern: String, count: Int) async throws {
    try await invalidation?(pattern, count)
  }
}
