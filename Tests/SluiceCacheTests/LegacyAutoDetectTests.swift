import Testing

@testable import SluiceCache

@Suite("Guessing a cache from the environment")
struct LegacyAutoDetectTests {
  static let rows: [(environment: [String: String], kind: String)] = [
    ([:], "memory"),
    (["REDIS_URL": ""], "memory"),
    (["REDIS_URL": "redis://h"], "redis"),
    (["REDIS_URL": "redis://h", "AI_CACHE_ENABLED": "true"], "ai"),
    (["REDIS_URL": "redis://h", "AI_CACHE_ENABLED": "1"], "redis"),
    (["AI_CACHE_ENABLED": "true"], "memory"),
    (["USE_REDIS": "true"], "redis"),
    (["USE_REDIS": "True", "AI_CACHE_ENABLED": "TRUE"], "ai"),
    (["USE_REDIS": "false", "REDIS_URL": "redis://h"], "memory"),
    (["USE_REDIS": "1", "REDIS_URL": "redis://h"], "memory"),
    (["CACHE_TYPE": "memory", "REDIS_URL": "redis://h", "USE_REDIS": "true"], "memory"),
    (["CACHE_TYPE": "redis"], "redis"),
    (["CACHE_TYPE": "Redis", "USE_REDIS": "false"], "redis"),
    (["CACHE_TYPE": "other", "REDIS_URL": "redis://h"], "redis"),
  ]

  @Test("which cache comes of which environment", arguments: rows)
  func kind(environment: [String: String], kind: String) throws {
    let cache = try LegacyCache.autoDetect(environment: environment)
    switch kind {
    case "memory": #expect(cache is LegacyMemoryCache)
    case "redis": #expect(cache is LegacyRedisCache)
    default: #expect(cache is LegacyAIResponseCache)
    }
  }

  @Test("time to live and size arrive")
  func numbers() async throws {
    let cache = try LegacyCache.autoDetect(environment: ["CACHE_TTL": " 50 ", "CACHE_SIZE": "2"])
    for key in ["a", "b", "c"] { await cache.set(key, to: 1) }
    #expect(await cache.value(for: "a") == nil)
    #expect(await cache.value(for: "b") == 1)
    let left = try #require(await cache.remainingTTL(of: "b"))
    #expect(left > .seconds(20) && left < .seconds(50))
    #expect(await cache.invalidate(pattern: "*") == 2)
    #expect(await cache.delete("b") == false)
  }

  @Test("a number that is none is an error in Python's words", arguments: ["CACHE_TTL", "CACHE_SIZE"])
  func numberFails(name: String) {
    #expect(throws: LegacyCacheFailure("invalid literal for int() with base 10: '1h'")) {
      try LegacyCache.autoDetect(environment: [name: "1h"])
    }
  }

  @Test(
    "numbers of Redis are read where there is one",
    arguments: ["TEXT_HASH_THRESHOLD", "COMPRESSION_THRESHOLD"])
  func redisNumberFails(name: String) throws {
    _ = try LegacyCache.autoDetect(environment: [name: "x"])
    #expect(throws: LegacyCacheFailure("invalid literal for int() with base 10: 'x'")) {
      try LegacyCache.autoDetect(
        environment: [name: "x", "CACHE_TYPE": "redis", "AI_CACHE_ENABLED": "true"])
    }
  }
}
