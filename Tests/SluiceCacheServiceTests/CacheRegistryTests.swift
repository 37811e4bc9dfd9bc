import Logging
import ServiceLifecycle
import SluiceCache
import SluiceCacheService
import SluiceTestSupport
import Testing

@Suite struct CacheRegistryTests {
  private func config(_ url: String?) -> CacheConfig { CacheConfig(redisURL: url) }

  /// The caches' own time-outs are short and the machine may be slow: asks again and again, for a while.
  private func eventually<Answer>(
    _ ask: () async throws -> Answer, until isGood: (Answer) -> Bool
  ) async throws -> Answer {
    var answer = try await ask()
    for _ in 0..<200 where !isGood(answer) {
      try await Task.sleep(for: .milliseconds(25))
      answer = try await ask()
    }
    return answer
  }

  /// In the Redis, and not in the memory that stands in for a slow one.
  private func redisCache(_ caches: CacheRegistry, _ url: String) async throws -> any Cache {
    func ask() async throws -> any Cache {
      let cache = try await caches.cache(for: config(url))
      if !(cache is RedisCache) { await caches.cleanUp() }
      return cache
    }
    return try await eventually(ask, until: { $0 is RedisCache })
  }

  @Test(
    "Equal configurations share one instance, also when they ask at once; roles and other configurations do not"
  )
  func shares() async throws {
    let caches = CacheRegistry()
    let made = try await withThrowingTaskGroup(of: (any Cache).self) { tasks in
      for _ in 0..<20 { tasks.addTask { try await caches.cache(for: CacheConfig()) } }
      return try await tasks.reduce(into: [any Cache]()) { $0.append($1) }
    }
    await made[0].set("k", to: "v")
    for cache in made { #expect(await cache.value(for: "k") == "v") }
    #expect(await caches.keys.count == 1)
    #expect(try await caches.webCache(for: CacheConfig()).value(for: "k") == nil)
    #expect(try await caches.cache(for: CacheConfig(memoryCacheSize: 7)).value(for: "k") == nil)
    #expect(try await caches.aiCache(for: CacheConfig()).value(for: "k") == nil)
    #expect(await caches.keys.count == 4)
  }

  @Test("Keys are stable and hold no secret")
  func keys() {
    var config = CacheConfig(redisURL: "redis://u:hunter2@h:1")
    config.redisPassword = "topsecret"
    let key = CacheRegistry.key(.web, config)
    #expect(key == CacheRegistry.key(.web, config))
    #expect(key.hasPrefix("web_cache: "))
    #expect(!key.contains("hunter2") && !key.contains("topsecret"))
  }

  @Test("A web cache has no AI features, an AI cache has the default ones")
  func roles() async throws {
    let caches = CacheRegistry()
    var config = CacheConfig()
    config.ai = AIConfig()
    #expect(!(try await caches.webCache(for: config) is AIResponseCache))
    _ = try await caches.aiCache(for: CacheConfig())
  }

  @Test("What cannot be made is told, and tried again the next time")
  func failures() async throws {
    let caches = CacheRegistry()
    let error = await #expect(throws: CacheError.self) { try await caches.cache(for: config("nonsense")) }
    #expect(error?.kind == .validation)
    #expect(await caches.keys.isEmpty)
    #expect(await caches.cleanUp() == CacheRegistry.CleanupReport())
  }

  @Test("Clean-up lets go of everything and says what it did; the caches can be had again")
  func cleansUp() async throws {
    let redis = try RedisServer()
    let caches = CacheRegistry()
    let cache = try await redisCache(caches, redis.url)
    _ = try await eventually({ await cache.set("k", to: 1) }, until: { $0 })
    _ = try await caches.cache(for: CacheConfig())
    let report = await caches.cleanUp()
    #expect(report.total == 2 && report.active == 2 && report.disconnected == 2 && report.errors.isEmpty)
    #expect(await caches.keys.isEmpty)
    let again = try await redisCache(caches, redis.url)
    #expect(try await eventually({ await again.value(for: "k") }, until: { $0 != nil }) == 1)
    await caches.cleanUp()
  }

  @Test("As a service it cleans up on graceful shutdown")
  func service() async throws {
    let caches = CacheRegistry()
    _ = try await caches.cache(for: CacheConfig())
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: caches)], logger: Logger(label: "test")))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
    #expect(await caches.keys.isEmpty)
  }

  @Test(
    "Health asks Redis itself: healthy, unhealthy when it is away although L1 knows the key, healthy again")
  func health() async throws {
    let redis = try RedisServer()
    let caches = CacheRegistry()
    let cache = try await redisCache(caches, redis.url)
    let well = try await eventually({ await caches.health(of: cache) }, until: { $0.status == .healthy })
    #expect(well.status == .healthy && well.reasons.isEmpty && well.seconds != nil)
    let all = try await eventually(
      { await caches.health().values.map(\.status) }, until: { $0 == [.healthy] })
    #expect(all == [.healthy])
    #expect(try redis.client().command("DBSIZE") == .integer(0))
    redis.kill()
    let away = await caches.health(of: cache)
    #expect(away.status == .unhealthy && !away.reasons.isEmpty && away.seconds == nil)
    try redis.start()
    let again = try await eventually({ await caches.health(of: cache) }, until: { $0.status == .healthy })
    #expect(again.status == .healthy)
    await caches.cleanUp()
  }

  @Test("Memory in the place of Redis is degraded, memory that was asked for is healthy")
  func fallback() async throws {
    let caches = CacheRegistry()
    _ = try await caches.cache(for: config("redis://127.0.0.1:1"))
    let health = try #require(await caches.health().values.first)
    #expect(health.status == .degraded)
    #expect(health.reasons.first?.contains("memory stands in for Redis") == true)
    #expect(await CacheHealth.check(MemoryCache()).status == .healthy)
  }

  @Test("A store that forgets or garbles is degraded")
  func garbled() async {
    #expect(await CacheHealth.check(Garbling(answer: "other")).status == .degraded)
    #expect(await CacheHealth.check(Garbling(answer: nil)).status == .degraded)
  }

  @Test(
    "Settings of an application become a configuration",
    arguments: [
      ([:], CacheConfig.Environment.production, "redis://redis:6379", false),
      (["DEBUG": "true", "REDIS_URL": "redis://h:1"], .development, "redis://h:1", false),
      (["ENABLE_AI_CACHE": "True"], .production, "redis://redis:6379", true),
    ])
  func settings(
    _ variables: [String: String], _ environment: CacheConfig.Environment, _ url: String, _ hasAI: Bool
  ) throws {
    let config = try CacheSettings(environment: variables).makeConfig()
    #expect(config.environment == environment)
    #expect(config.redisURL == url)
    #expect((config.ai != nil) == hasAI)
  }

  @Test("Settings that cannot be a configuration are an error, not another configuration")
  func badSettings() {
    let error = #expect(throws: CacheError.self) { try CacheSettings(redisURL: "nonsense").makeConfig() }
    #expect(error?.kind == .validation)
  }
}

/// A store that takes everything and gives back something else.
private struct Garbling: Cache {
  let answer: CacheValue?
  func value(for key: String) async -> CacheValue? { answer }
  func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool { true }
  func delete(_ key: String) async -> Bool { true }
  func exists(_ key: String) async -> Bool { answer != nil }
  func remainingTTL(of key: String) async -> Duration? { nil }
  func invalidate(pattern: String) async -> Int { 0 }
  func disconnect() async {}
}
