import Foundation
import SluiceCacheLayers

/// The legacy way to a cache: by guessing from the environment. The guide moves away from it to
/// ``CacheFactory``.
public enum LegacyCache {
  /// The guide's `get_cache_instance`: a cache that is not connected, chosen by what happens to be set.
  ///
  /// | variable | says | default |
  /// |---|---|---|
  /// | `CACHE_TYPE` | `memory` or `redis`, over everything below | – |
  /// | `USE_REDIS` | `true` for Redis, anything else for memory | – |
  /// | `REDIS_URL` | the Redis; where it alone is set, it is used | `redis://localhost:6379` |
  /// | `AI_CACHE_ENABLED` | `true` for a cache of AI responses in Redis | `false` |
  /// | `CACHE_TTL` | seconds | 3600 |
  /// | `CACHE_SIZE` | entries in memory, also before Redis | 1000 in memory, 100 before Redis |
  /// | `TEXT_HASH_THRESHOLD` | code points | 1000 |
  /// | `COMPRESSION_THRESHOLD` | bytes | 1000 |
  /// | `ENABLE_COMPRESSION` | `true`, or no compression | `true` |
  ///
  /// - Throws: where a number is none, in Python's words.
  public static func autoDetect(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(LegacyCacheFailure) -> any Cache {
    let environment = LegacyEnvironment(environment)
    let ttl = Duration.seconds(try integer("CACHE_TTL", environment) ?? 3600)
    let size = try integer("CACHE_SIZE", environment)
    guard environment.usesRedis else { return LegacyMemoryCache(defaultTTL: ttl, maxSize: size ?? 1000) }
    let url = environment.redisURL
    let compresses = environment.compresses
    let threshold = try integer("COMPRESSION_THRESHOLD", environment) ?? 1000
    guard environment.isTrue("AI_CACHE_ENABLED") == true else {
      return LegacyRedisCache(
        redisURL: url, defaultTTL: ttl, l1CacheSize: size ?? 100,
        compressionThreshold: compresses ? threshold : nil)
    }
    return LegacyAIResponseCache(
      redisURL: url, defaultTTL: ttl,
      textHashThreshold: try integer("TEXT_HASH_THRESHOLD", environment) ?? 1000,
      compressionThreshold: compresses ? threshold : nil, memoryCacheSize: size ?? 100)
  }

  private static func integer(
    _ name: String, _ environment: LegacyEnvironment
  ) throws(LegacyCacheFailure) -> Int? {
    guard let text = environment.text(name) else { return nil }
    guard let number = Int(text.trimmingCharacters(in: .whitespaces)) else {
      throw LegacyCacheFailure("invalid literal for int() with base 10: '\(text)'")
    }
    return number
  }
}
