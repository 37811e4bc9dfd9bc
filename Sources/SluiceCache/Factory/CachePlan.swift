/// What the factory is going to make: every way of asking ends in one of these.
struct CachePlan: Sendable, Equatable {
  /// What the cache is for: the words of messages and of their contexts.
  enum Purpose: String, Sendable {
    case webApp = "web_app"
    case aiApp = "ai_app"
    case testing

    var title: String {
      switch self {
      case .webApp: "web application"
      case .aiApp: "AI application"
      case .testing: "testing"
      }
    }
  }

  let purpose: Purpose
  /// Nil is a cache in memory, as it was asked for.
  var redis: RedisCache.Settings?
  let defaultTTL: Duration
  /// The entries of a cache in memory, also of one that stands in for Redis.
  var memoryEntries: Int
  /// Nil is a cache without methods for AI responses.
  var ai: AIResponseCache.Settings?

  /// The cache itself, or one in memory where Redis cannot be reached and the caller allows it.
  ///
  /// - Parameter monitor: told of what is compressed.
  func make(
    failOnConnectionError: Bool, monitor: CachePerformanceMonitor?
  ) async throws(CacheError) -> MadeCache<any Cache> {
    let memory = MemoryCache(defaultTTL: defaultTTL, maxEntries: memoryEntries)
    guard let redis else { return MadeCache(memory, tier: .memory) }
    let cache = try RedisCache(redis, monitor: monitor)
    do throws(CacheError) {
      try await cache.connect()
      return MadeCache(cache, tier: .redis)
    } catch {
      await cache.disconnect()
      let failure = CacheError(
        .infrastructure, "Redis connection failed for \(purpose.title) cache: \(error.message)",
        context: [
          "redis_url": .string(redis.url),
          "cache_type": .string(purpose.rawValue),
          "fail_on_connection_error": .bool(failOnConnectionError),
          "original_error": .string(error.message),
        ])
      guard !failOnConnectionError else { throw failure }
      return MadeCache(memory, tier: .memory, fallback: failure)
    }
  }
}
