/// Where the entries of a cache are.
public enum CacheTier: String, Sendable {
  /// In Redis, shared with other processes.
  case redis
  /// In this process, and gone with it.
  case memory
}

/// A cache from the factory, and whether it is the one that was asked for.
///
/// ```swift
/// let made = try await CacheFactory().forWebApp(redisURL: "redis://cache:6379")
/// if let reason = made.fallback { logger.warning("no Redis: \(reason)") }
/// let cache = made.cache
/// ```
public struct MadeCache<Made: Sendable>: Sendable {
  public let cache: Made
  public let tier: CacheTier
  /// Why there is memory in the place of Redis; nil if the cache is what was asked for. It stays in memory
  /// for good: make another cache to try again.
  public let fallback: CacheError?

  /// A result put together by hand, for tests and for other sources of caches.
  public init(_ cache: Made, tier: CacheTier, fallback: CacheError? = nil) {
    self.cache = cache
    self.tier = tier
    self.fallback = fallback
  }
}

extension MadeCache where Made == any Cache {
  /// The cache with its methods for AI responses, if it was asked for as one.
  public var ai: AIResponseCache? { cache as? AIResponseCache }
}
