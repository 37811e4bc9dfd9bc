import SluiceRedisClient
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceCache

@Suite("Caches from the factory")
struct FactoryCacheTests {
  /// Port 1 of this machine: nobody listens there.
  private static let nowhere = "redis://:hush@127.0.0.1:1"

  @Test("with a Redis that answers, every method gives a cache in it")
  func connected() async throws {
    let server = try RedisServer(password: "hush")
    let web = try await CacheFactory().forWebApp(redisURL: server.url, failOnConnectionError: true)
    let ai = try await CacheFactory().forAIApp(redisURL: server.url, failOnConnectionError: true)
    let testing = try await CacheFactory().forTesting(redisURL: server.url, failOnConnectionError: true)
    #expect(web.tier == .redis && web.fallback == nil)
    #expect(ai.tier == .redis && ai.fallback == nil)
    #expect(testing.tier == .redis && testing.fallback == nil)
    #expect(await web.cache.set("k", to: ["a": 1]))
    #expect(await testing.cache.value(for: "k") == ["a": 1])
    #expect(try await ai.cache.cacheResponse(text: "t", operation: "qa", response: ["r": 1]))
    #expect(await ai.cache.cachedResponse(text: "t", operation: "qa")?["r"] == 1)
    await web.cache.disconnect()
    await ai.cache.disconnect()
    await testing.cache.disconnect()
  }

  @Test("the defaults of the methods, as Redis shows them")
  func defaults() async throws {
    let server = try RedisServer()
    let client = try server.client()
    func ttl(_ key: String) throws -> Int {
      guard case .integer(let seconds) = try client.command("TTL", key) else { return -3 }
      return Int(seconds)
    }
    func settings(_ cache: any Cache) -> RedisCache.Settings? { (cache as? RedisCache)?.settings }
    let web = try await CacheFactory().forWebApp(redisURL: server.url, failOnConnectionError: true)
    let ai = try await CacheFactory().forAIApp(redisURL: server.url, failOnConnectionError: true)
    let testing = try await CacheFactory().forTesting(redisURL: server.url, failOnConnectionError: true)
    await web.cache.set("web", to: 1)
    await ai.cache.set("ai", to: 1)
    await testing.cache.set("testing", to: 1)
    #expect((1500...1800).contains(try ttl("web")))
    #expect((3300...3600).contains(try ttl("ai")))
    #expect((30...60).contains(try ttl("testing")))
    #expect(settings(web.cache)?.l1Entries == 200)
    #expect(settings(web.cache)?.compressionThreshold == 2000)
    #expect(settings(web.cache)?.compressionLevel == 6)
    #expect(ai.cache.settings.textHashThreshold == 500)
    #expect(ai.cache.settings.ttl(of: "sentiment") == .seconds(86_400))
    #expect(settings(testing.cache)?.l1Entries == nil)
    #expect(settings(testing.cache)?.compressionThreshold == 1000)
    #expect(settings(testing.cache)?.compressionLevel == 1)
    for cache in [web.cache, ai.cache, testing.cache] { await cache.disconnect() }
  }

  @Test(
    "a configuration's dictionary reaches Redis with its password, where the original fell back to memory")
  func configTrap() async throws {
    let server = try RedisServer(password: "hush")
    let open = server.url.replacing(":hush@", with: "")
    let config = try CacheConfigBuilder().forEnvironment(.production).withRedis(open, password: "hush")
      .withAIFeatures { $0.textHashThreshold = 3 }.build()
    for made in [
      try await CacheFactory().makeCache(from: config.toDictionary(), failOnConnectionError: true),
      try await CacheFactory().makeCache(from: config, failOnConnectionError: true),
    ] {
      #expect(made.tier == .redis)
      #expect(made.fallback == nil)
      #expect(made.ai?.settings.textHashThreshold == 3)
      #expect(await made.cache.set("k", to: 1))
      await made.cache.disconnect()
    }
    let web = try await CacheFactory().makeCache(
      from: CacheConfig(redisURL: open, redisPassword: "hush"), failOnConnectionError: true)
    #expect(web.ai == nil)
    #expect(web.cache is RedisCache)
    await web.cache.disconnect()
  }

  static let kinds = ["web_app", "ai_app", "testing"]

  private func make(_ kind: String, fail: Bool) async throws -> (tier: CacheTier, fallback: CacheError?) {
    let factory = CacheFactory()
    switch kind {
    case "web_app":
      let made = try await factory.forWebApp(redisURL: Self.nowhere, failOnConnectionError: fail)
      return (made.tier, made.fallback)
    case "ai_app":
      let made = try await factory.forAIApp(redisURL: Self.nowhere, failOnConnectionError: fail)
      #expect(try await made.cache.cacheResponse(text: "t", operation: "qa", response: ["r": 1]))
      #expect(await made.cache.cachedResponse(text: "t", operation: "qa")?["r"] == 1)
      return (made.tier, made.fallback)
    default:
      let made = try await factory.forTesting(redisURL: Self.nowhere, failOnConnectionError: fail)
      return (made.tier, made.fallback)
    }
  }

  private static let titles = [
    "web_app": "web application", "ai_app": "AI application", "testing": "testing",
  ]

  @Test("without Redis, memory stands in and says why", arguments: kinds)
  func fallback(kind: String) async throws {
    let made = try await make(kind, fail: false)
    #expect(made.tier == .memory)
    expect(made.fallback, kind, fail: false)
  }

  @Test("without Redis, an error where it is asked for", arguments: kinds)
  func failure(kind: String) async {
    let error = await #expect(throws: CacheError.self) { try await make(kind, fail: true) }
    expect(error, kind, fail: true)
  }

  private func expect(_ error: CacheError?, _ kind: String, fail: Bool) {
    #expect(error?.kind == .infrastructure)
    let title = "Redis connection failed for \(Self.titles[kind] ?? "") cache"
    #expect(error?.message.hasPrefix(title) == true, "\(error?.message ?? "")")
    #expect(error?.context["redis_url"] == "redis://***@127.0.0.1:1")
    #expect(error?.context["cache_type"] == .string(kind))
    #expect(error?.context["fail_on_connection_error"] == .bool(fail))
    #expect("\(String(describing: error))\(error?.context ?? [:])".contains("hush") == false)
  }

  @Test("the entry fail_on_connection_error of a dictionary is heard")
  func failEntry() async throws {
    let error = await #expect(throws: CacheError.self) {
      try await CacheFactory().makeCache(from: [
        "redis_url": .string(Self.nowhere), "fail_on_connection_error": true,
      ])
    }
    #expect(error?.kind == .infrastructure)
    let made = try await CacheFactory().makeCache(from: ["redis_url": .string(Self.nowhere)])
    #expect(made.fallback?.kind == .infrastructure)
  }

  @Test("the stand-in has the time to live and the size of the cache that was asked for")
  func standIn() async throws {
    let made = try await CacheFactory().forWebApp(
      redisURL: Self.nowhere, defaultTTL: .seconds(50), l1CacheSize: 2)
    for key in ["a", "b", "c"] { await made.cache.set(key, to: 1) }
    #expect(await made.cache.value(for: "a") == nil)
    #expect(await made.cache.value(for: "c") == 1)
    let left = try #require(await made.cache.remainingTTL(of: "c"))
    #expect(left > .seconds(20) && left <= .seconds(50))
  }

  @Test("memoryCacheSize wins over l1CacheSize, before Redis and in its place")
  func oldName() async throws {
    let server = try RedisServer()
    let near = try await CacheFactory().forAIApp(
      redisURL: server.url, memoryCacheSize: 1, failOnConnectionError: true)
    await near.cache.set("a", to: 1)
    await near.cache.set("b", to: 1)
    // Behind the cache's back, so that what L1 has can be told.
    #expect(try server.client().command("FLUSHALL") == .status("OK"))
    #expect(await near.cache.value(for: "b") == 1)
    #expect(await near.cache.value(for: "a") == nil)
    await near.cache.disconnect()
    let memory = try await CacheFactory().forAIApp(
      redisURL: Self.nowhere, l1CacheSize: 50, memoryCacheSize: 1)
    await memory.cache.set("a", to: 1)
    await memory.cache.set("b", to: 1)
    #expect(await memory.cache.value(for: "a") == nil)
    #expect(await memory.cache.value(for: "b") == 1)
  }

  @Test("a factory's monitor sees what its caches compress")
  func compressions() async throws {
    let server = try RedisServer()
    let monitor = CachePerformanceMonitor()
    let made = try await CacheFactory(monitor: monitor).forTesting(
      redisURL: server.url, failOnConnectionError: true)
    await made.cache.set("short", to: "x")
    #expect(monitor.performanceSummary().compression.count == 0)
    await made.cache.set("long", to: .string(String(repeating: "x", count: 5000)))
    let compression = monitor.performanceSummary().compression
    // The JSON with its two quotes, behind its prefix.
    #expect(compression.count == 1 && compression.bytesBefore == 5007)
    #expect(compression.bytesAfter > 0 && compression.bytesAfter < 200)
    await made.cache.disconnect()
  }

  @Test("a factory's monitor watches its caches, of whatever kind")
  func monitor() async throws {
    let monitor = CachePerformanceMonitor()
    let factory = CacheFactory(monitor: monitor)
    let plain = try await factory.forTesting(useMemoryCache: true)
    await plain.cache.set("k", to: 1)
    #expect(await plain.cache.value(for: "k") == 1)
    #expect(monitor.performanceSummary().hits == 1)
    let ai = try await factory.forAIApp(redisURL: Self.nowhere)
    #expect(ai.tier == .memory)
    #expect(await ai.cache.cachedResponse(text: "t", operation: "qa") == nil)
    #expect(monitor.performanceSummary().misses == 1)
  }

  @Test("TLS and addresses that nobody can reach are errors, never memory")
  func configuration() async {
    let tls = await #expect(throws: CacheError.self) {
      try await CacheFactory().forWebApp(redisURL: "rediss://h?ca=/no/such.pem")
    }
    #expect(tls?.kind == .configuration)
    let flag = await #expect(throws: CacheError.self) {
      try await CacheFactory().makeCache(
        from: CacheConfig(redisURL: "redis://h", useTLS: true, tlsCertificatePath: "/no/such.pem"))
    }
    #expect(flag?.kind == .configuration)
    let port = await #expect(throws: CacheError.self) {
      try await CacheFactory().forWebApp(redisURL: "redis://:hush@h:99999")
    }
    #expect(port?.kind == .configuration)
    #expect(port?.message.contains("hush") == false)
  }

  @Test("a memory cache that was asked for asks no Redis and is no fallback")
  func memory() async throws {
    let made = try await CacheFactory().forTesting(
      redisURL: Self.nowhere, useMemoryCache: true, failOnConnectionError: true)
    #expect(made.tier == .memory)
    #expect(made.fallback == nil)
    #expect(made.cache is MemoryCache)
  }

  @Test("a default time to live of zero is none")
  func forever() async throws {
    let server = try RedisServer()
    let redis = try await CacheFactory().forWebApp(
      redisURL: server.url, defaultTTL: .zero, failOnConnectionError: true)
    let memory = try await CacheFactory().forTesting(defaultTTL: .zero, useMemoryCache: true)
    for cache in [redis.cache, memory.cache] {
      #expect(await cache.set("k", to: 1))
      #expect(await cache.value(for: "k") == 1)
      #expect(await cache.remainingTTL(of: "k") == nil)
      await cache.disconnect()
    }
    #expect(try server.client().command("TTL", "k") == .integer(-1))
  }

  @Test("an AI cache that never expires is refused, as in the original")
  func aiForever() async {
    let error = await #expect(throws: CacheError.self) {
      try await CacheFactory().forAIApp(redisURL: Self.nowhere, defaultTTL: .zero)
    }
    #expect(
      error?.message
        == "AIResponseCache parameter validation failed: Parameter 'default_ttl' must be >= 1, got 0")
  }
}
