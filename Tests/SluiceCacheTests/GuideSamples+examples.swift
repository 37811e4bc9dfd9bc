import Foundation
import Logging
import SluiceCache
import SluiceCacheService
import SluiceTestSupport
import Testing

/// The guide's longer examples, its transition strategies, its figures and its troubleshooting.
extension GuideSamples {
  // MARK: Code transformation examples

  @Test func webApplication() async throws {
    let config = CacheConfig(redisURL: url)
    let caches = CacheRegistry()

    /// Whoever needs sessions is given a cache, and does not know which.
    struct Sessions {
      let cache: any Cache

      func user(of session: String) async -> CacheValue? { await cache.value(for: "session:\(session)") }
    }
    let sessions = Sessions(cache: try await caches.webCache(for: config))

    await sessions.cache.set("session:1", to: ["name": "Ada"])
    #expect(await sessions.user(of: "1") == ["name": "Ada"])
    await caches.cleanUp()
  }

  @Test func textProcessor() async throws {
    let caches = CacheRegistry()

    /// Keys and times to live come from the cache.
    struct TextProcessor {
      let cache: AIResponseCache

      func process(_ text: String, operation: String) async throws -> [String: CacheValue] {
        if let cached = await cache.cachedResponse(text: text, operation: operation) { return cached }
        let result: [String: CacheValue] = ["summary": .string(String(text.prefix(10)))]
        try await cache.cacheResponse(text: text, operation: operation, response: result)
        return result
      }
    }
    let processor = TextProcessor(cache: try await caches.aiCache(for: CacheConfig(redisURL: url)))

    #expect(try await processor.process("a long text", operation: "summarize")["cache_hit"] == nil)
    #expect(try await processor.process("a long text", operation: "summarize")["cache_hit"] == true)
    await caches.cleanUp()
  }

  @Test func ownKeys() async throws {
    // Before: every caller makes keys its own way.
    let cache = LegacyAIResponseCache(redisURL: url)
    _ = await cache.connect()
    let key = "ai_cache:op:summarize|txt:\("a text".hashValue)"
    if await cache.value(for: key) == nil {
      await cache.set(key, to: ["summary": "short"], ttl: .seconds(3600))
    }

    #expect(await cache.value(for: key) == ["summary": "short"])
    await cache.disconnect()
  }

  // MARK: Transition

  @Test func featureFlag() async throws {
    let environment = ["USE_NEW_CACHE_FACTORY": "true"]
    let url = url

    // USE_LEGACY_CACHE always wins over USE_NEW_CACHE_FACTORY.
    let cache: any Cache
    switch CacheWorld.choose(environment: environment) {
    case .new: cache = try await CacheFactory().forWebApp(redisURL: url).cache
    case .legacy: cache = try LegacyCache.autoDetect(environment: environment)
    }

    #expect(cache is RedisCache)
    await cache.disconnect()
  }

  @Test func legacyWrapper() async throws {
    // The old interface over a new cache; each method says once that it goes.
    let legacyCache = try await LegacyCacheWrapper.createAICache(redisURL: url, logger: logger)

    await legacyCache.set("k", "v")
    #expect(await legacyCache.get("k") == "v")
    await legacyCache.cache.disconnect()
  }

  // MARK: Performance

  @Test func benchmark() async throws {
    let oldCache = try LegacyCache.autoDetect(environment: ["REDIS_URL": url])
    let newCache = try await CacheFactory().forWebApp(redisURL: url).cache

    // Pairs of set and get, before and after.
    let benchmark = CacheBenchmark(pairs: 50)
    let before = await benchmark.run(on: oldCache, subject: "legacy")
    let after = await benchmark.run(on: newCache, subject: "web app")

    let comparison = BenchmarkComparison(before: before, after: after)
    print(before.operationsPerSecond, after.operationsPerSecond)
    print(comparison.keepsBaseline, comparison.verdict)

    #expect(before.successRate == 1 && after.successRate == 1)
    await oldCache.disconnect()
    await newCache.disconnect()
  }

  @Test func monitoring() async {
    let monitor = CachePerformanceMonitor()
    monitor.setPerformanceThreshold(
      maxOperationTime: .milliseconds(100), minHitRate: 0.7, maxMemoryUsage: 100_000_000)

    let logger = logger
    let alerts = monitor.alerts
    let watching = Task { for await alert in alerts { logger.warning("\(alert.message)") } }

    watching.cancel()
    #expect(monitor.threshold.minHitRate == 0.7)
  }

  // MARK: Troubleshooting

  @Test func validationErrors() throws {
    let url = url

    // Issue 1: the message says what is wrong, the context has the facts.
    let config: CacheConfig
    do {
      config = try CacheConfigBuilder().withRedis("invalid-url").build()
    } catch {
      print("Configuration error: \(error.message)")
      print("Context: \(error.context)")
      config = try CacheConfigBuilder().withRedis(url).build()
    }

    #expect(config.redisURL == url)
  }

  @Test func gracefulFallback() async throws {
    // Issue 2: the caller can see that memory stands in for Redis.
    let made = try await CacheFactory().forWebApp(
      redisURL: "redis://127.0.0.1:1", failOnConnectionError: false)
    if let reason = made.fallback {
      logger.warning("using memory, Redis is unavailable: \(reason)")
    }

    #expect(made.tier == .memory && made.fallback != nil)
  }

  @Test func isolation() async throws {
    let database = "\(url)/15"

    // Issue 3: each test its own cache; or a Redis database of its own, cleaned up afterwards.
    let isolated = try await CacheFactory().forTesting(defaultTTL: .seconds(10), useMemoryCache: true).cache
    let made = try await CacheFactory().forTesting(redisURL: database)
    await made.cache.set("k", to: "v")
    await made.cache.invalidate(pattern: "*")

    #expect(await isolated.value(for: "k") == nil)
    #expect(try redis.client(database: 15).command("DBSIZE") == .integer(0))
    await made.cache.disconnect()
  }

  @Test func regression() async throws {
    // Issue 5: watch a cache that seems slow.
    let monitor = CachePerformanceMonitor()
    let made = try await CacheFactory(monitor: monitor).forWebApp(redisURL: url)

    await made.cache.set("test", to: "value")
    print("Operation timing: \(monitor.performanceSummary().times)")

    #expect(monitor.performanceSummary().times["set"]?.count == 1)
    await made.cache.disconnect()
  }

  @Test func memoryUsage() {
    let monitor = CachePerformanceMonitor()

    // Issue 6: how much memory this process has.
    let memory = monitor.performanceSummary().memory
    print("RSS: \((memory.processBytes ?? 0) / 1024 / 1024) MB")

    #expect((memory.processBytes ?? 0) > 0)
  }

  // MARK: Rollback

  @Test func rollback() async throws {
    let monitor = CachePerformanceMonitor()
    let caches = CacheRegistry()
    _ = try await caches.cache(for: CacheConfig(redisURL: url))

    // What to collect; `sluice diagnose` collects the proxy's side.
    let report = await caches.cleanUp()
    let figures = monitor.exportPerformanceData()

    #expect(CacheWorld.choose(environment: ["USE_LEGACY_CACHE": "true"]) == .legacy)
    #expect(report.disconnected == 1 && report.errors.isEmpty)
    #expect(!figures.isEmpty)
  }
}
