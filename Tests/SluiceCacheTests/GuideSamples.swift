import Foundation
import Logging
import SluiceCache
import SluiceCacheService
import SluiceCacheTesting
import SluiceTestSupport
import Testing

/// The code of docs/from-the-guide.md, one sample per function, run against real servers. `GuidePageTests` checks that every Swift
/// block of the page stands here.
@Suite struct GuideSamples {
  let redis: RedisServer
  let logger = Logger(label: "guide") { _ in SwiftLogNoOpLogHandler() }

  init() throws { redis = try RedisServer() }

  /// The sample's address in the place of this test's.
  var url: String { redis.url }

  // MARK: What is changing

  @Test func autoDetection() async throws {
    let environment = ["REDIS_URL": url]

    // Legacy: guesses from the environment.
    let cache = try LegacyCache.autoDetect(environment: environment)

    await cache.set("k", to: "v", ttl: nil)
    #expect(await cache.value(for: "k") == "v")
    await cache.disconnect()
  }

  @Test func explicitFactory() async throws {
    // New: says what it is for.
    let factory = CacheFactory()
    let made = try await factory.forWebApp(redisURL: url)
    let cache = made.cache

    await cache.set("k", to: "v")
    #expect(await cache.value(for: "k") == "v")
    #expect(made.tier == .redis && made.fallback == nil)
    await cache.disconnect()
  }

  // MARK: Phase 1

  @Test func directInstantiation() async throws {
    // Before
    let cache = LegacyAIResponseCache(
      redisURL: url, defaultTTL: .seconds(3600), textHashThreshold: 1000)

    #expect(await cache.connect())
    await cache.disconnect()
  }

  @Test func factoryMethods() async throws {
    // After: for AI applications …
    let factory = CacheFactory()
    let ai = try await factory.forAIApp(
      redisURL: url, defaultTTL: .seconds(3600), textHashThreshold: 1000)

    // … or for web applications.
    let web = try await factory.forWebApp(
      redisURL: url, defaultTTL: .seconds(1800), compressionThreshold: 2000)

    #expect(ai.tier == .redis && web.tier == .redis)
    await ai.cache.disconnect()
    await web.cache.disconnect()
  }

  @Test func scatteredConfiguration() {
    let environment: [String: String] = [:]

    // Before: every place reads its own variables.
    let redisURL = environment["REDIS_URL"] ?? "redis://localhost:6379"
    let ttl = Int(environment["CACHE_TTL"] ?? "3600") ?? 3600
    let compresses = (environment["ENABLE_COMPRESSION"] ?? "true").lowercased() == "true"

    #expect(redisURL.hasPrefix("redis://") && ttl == 3600 && compresses)
  }

  @Test func builder() async throws {
    // After: one place, validated as a whole.
    let config = try CacheConfigBuilder()
      .forEnvironment(.production)
      .withRedis(url)
      .withAIFeatures()
      .withCompression(threshold: 1000, level: 6)
      .build()

    let factory = CacheFactory()
    let made = try await factory.makeCache(from: config.toDictionary())

    #expect(made.ai != nil)
    await made.cache.disconnect()
  }

  // MARK: Phase 2

  @Test func customDependency() async throws {
    /// Before: a cache per request.
    func getCache() -> LegacyAIResponseCache {
      LegacyAIResponseCache(redisURL: url)
    }

    let cache = getCache()
    #expect(await cache.connect())
    await cache.disconnect()
  }

  @Test func registry() async throws {
    let config = CacheConfig(redisURL: url)

    // After: one shared instance per configuration, for as long as the service runs.
    let caches = CacheRegistry()
    let cache = try await caches.cache(for: config)
    let web = try await caches.webCache(for: config)
    let ai = try await caches.aiCache(for: config)

    #expect(await cache.set("k", to: 1))
    #expect(await web.value(for: "k") == 1)
    #expect(await ai.value(for: "k") == 1)
    await caches.cleanUp()
  }

  @Test func settings() throws {
    // The application's settings become the configuration.
    let settings = CacheSettings(redisURL: url, debug: false)
    let config = try settings.makeConfig()

    #expect(config.environment == .production)
    #expect(config.redisURL == url)
  }

  // MARK: Phase 3

  @Test func testCaches() async throws {
    // A cache in memory that no other test sees.
    let cache = TestCaches.memory()

    // Or from the factory.
    let made = try await CacheFactory().forTesting(defaultTTL: .seconds(30), useMemoryCache: true)

    await cache.set("key", to: "value")
    #expect(await cache.value(for: "key") == "value")
    #expect(await made.cache.value(for: "key") == nil)
  }

  @Test func redisTestDatabase() async throws {
    let database = "\(url)/15"

    // A real Redis: TEST_REDIS_URL, or this one. What the test writes is removed afterwards.
    try await RedisTestDatabase.use(url: database) { cache in
      await cache.set("key", to: "value")
      #expect(await cache.value(for: "key") == "value")
    }

    #expect(try redis.client(database: 15).command("DBSIZE") == .integer(0))
  }

  // MARK: Phase 4

  @Test func genericErrors() async throws {
    // Before: a cache that cannot work, found out later.
    var cache: any Cache = LegacyAIResponseCache(redisURL: "invalid://url")
    if let legacy = cache as? LegacyAIResponseCache, await !legacy.connect() {
      cache = LegacyMemoryCache()
    }

    #expect(cache is LegacyMemoryCache)
  }

  @Test func structuredErrors() async throws {
    // After: who has to act, what to do, and the facts.
    do {
      _ = try await CacheFactory().forAIApp(
        redisURL: "redis://127.0.0.1:1", failOnConnectionError: true)
    } catch {
      switch error.kind {
      case .validation: logger.error("an argument is wrong: \(error.message)")
      case .infrastructure: logger.error("Redis cannot be reached: \(error.message)")
      case .configuration: logger.error("the configuration is wrong: \(error.message)")
      }
      logger.debug("facts: \(error.context)")
    }

    let error = await #expect(throws: CacheError.self) {
      try await CacheFactory().forAIApp(redisURL: "redis://127.0.0.1:1", failOnConnectionError: true)
    }
    #expect(error?.kind == .infrastructure)
  }
}
