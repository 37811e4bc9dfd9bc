import SluiceLocks
import SluiceRedisClient
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite("The legacy caches, beside the new ones")
struct LegacyCacheTests {
  /// A clock that stands still until it is told otherwise.
  private final class Hand: Sendable {
    private let nanoseconds = Mutex<UInt64>(1_000_000_000)
    var clock: CacheClock { CacheClock { [self] in nanoseconds.withLock { $0 } } }
    func advance(seconds: UInt64) { nanoseconds.withLock { $0 += seconds * 1_000_000_000 } }
  }

  private func new(_ url: String, ttl: Int = 3600) throws -> RedisCache {
    var settings = RedisCache.Settings(url: url)
    settings.defaultTTL = .seconds(ttl)
    settings.connectTimeout = .seconds(5)
    settings.commandTimeout = .seconds(5)
    return try RedisCache(settings)
  }

  @Test("what one world writes, the other reads")
  func shared() async throws {
    let server = try RedisServer()
    let legacy = LegacyRedisCache(redisURL: server.url, enableL1Cache: false)
    let new = try new(server.url)
    let long = CacheValue.string(String(repeating: "long ", count: 1000))
    #expect(await legacy.set("a", to: ["n": 1]))
    #expect(await legacy.set("b", to: long))
    #expect(await new.value(for: "a") == ["n": 1])
    #expect(await new.value(for: "b") == long)
    #expect(await new.set("c", to: [1, 2.5, "x"]))
    #expect(await legacy.value(for: "c") == [1, 2.5, "x"])
    #expect(try server.client().command("GET", "a") == .string(Array(#"rawj:{"n":1}"#.utf8)))
    await legacy.disconnect()
    await new.disconnect()
  }

  @Test("legacy: an entry in L1 outlives its entry in Redis; new: it does not")
  func promotion() async throws {
    let server = try RedisServer()
    let hand = Hand()
    let writer = LegacyRedisCache(redisURL: server.url, enableL1Cache: false)
    let legacy = LegacyRedisCache(redisURL: server.url, clock: hand.clock)
    let new = try RedisCache(settings(server.url), clock: hand.clock)
    #expect(await writer.set("k", to: 1, ttl: .seconds(100)))
    #expect(await legacy.value(for: "k") == 1)
    #expect(await new.value(for: "k") == 1)
    #expect(await writer.delete("k"))
    hand.advance(seconds: 1800)
    #expect(await legacy.value(for: "k") == 1)
    #expect(await new.value(for: "k") == nil)
    for cache in [writer, legacy, new] as [any Cache] { await cache.disconnect() }
  }

  private func settings(_ url: String) -> RedisCache.Settings {
    var settings = RedisCache.Settings(url: url)
    settings.connectTimeout = .seconds(5)
    settings.commandTimeout = .seconds(5)
    return settings
  }

  static let lives: [(ttl: Duration?, inRedis: ClosedRange<Int64>?, stored: Bool)] = [
    (nil, 50...60, true), (.zero, 50...60, true), (.seconds(20), 10...20, true),
    (.seconds(-1), nil, false), (.milliseconds(60_500), nil, false),
  ]

  @Test(
    "legacy: a time to live of zero is the default, and what SETEX refuses is told nobody", arguments: lives)
  func life(ttl: Duration?, inRedis: ClosedRange<Int64>?, stored: Bool) async throws {
    let server = try RedisServer()
    let legacy = LegacyRedisCache(redisURL: server.url, defaultTTL: .seconds(60))
    #expect(await legacy.set("k", to: 1, ttl: ttl) == stored)
    guard case .integer(let seconds) = try server.client().command("TTL", "k") else {
      Issue.record("TTL did not answer")
      return
    }
    #expect(inRedis.map { $0.contains(seconds) } ?? (seconds == -2))
    // A fraction of a second is refused by Redis and kept by L1.
    #expect(await legacy.value(for: "k") == (ttl == .seconds(-1) ? nil : 1))
    await legacy.disconnect()
  }

  @Test("new: a time to live of zero stores nothing and removes what was there, fractions count")
  func lifeOfNew() async throws {
    let server = try RedisServer()
    let new = try new(server.url)
    #expect(await new.set("k", to: 1))
    #expect(await new.set("k", to: 2, ttl: .zero) == false)
    #expect(await new.value(for: "k") == nil)
    #expect(await new.set("k", to: 3, ttl: .milliseconds(59_500)))
    let left = try server.client().command("PTTL", "k")
    guard case .integer(let left) = left else {
      Issue.record("PTTL did not answer")
      return
    }
    #expect((1...59_500).contains(left))
    await new.disconnect()
  }

  @Test("legacy: a null is a miss; new: a null is a value")
  func null() async throws {
    let server = try RedisServer()
    let legacy = LegacyRedisCache(redisURL: server.url)
    let new = try new(server.url)
    #expect(await legacy.set("k", to: .null))
    let seenByLegacy = await legacy.value(for: "k")
    let seenByNew = await new.value(for: "k")
    #expect(seenByLegacy == Optional<CacheValue>.none)
    #expect(seenByNew == .some(.null))
    await legacy.disconnect()
    await new.disconnect()
  }

  @Test("legacy: L1 keeps what Redis never got; new: it does not")
  func unreachable() async throws {
    let legacy = LegacyRedisCache(redisURL: "redis://127.0.0.1:1")
    #expect(await legacy.connect() == false)
    #expect(await legacy.set("k", to: 1) == false)
    #expect(await legacy.value(for: "k") == 1)
    let new = try new("redis://127.0.0.1:1")
    #expect(await new.set("k", to: 1) == false)
    #expect(await new.value(for: "k") == nil)
    let senseless = LegacyRedisCache(redisURL: "invalid://url")
    #expect(await senseless.connect() == false)
    #expect(await senseless.exists("k") == false)
  }

  @Test("legacy: an operation takes those that begin like it along; new: it does not")
  func operations() async throws {
    let server = try RedisServer()
    let legacy = LegacyAIResponseCache(redisURL: server.url)
    let new = try AIResponseCache(store: new(server.url))
    func fill() async throws {
      for operation in ["qa", "qa2"] {
        try await legacy.cacheResponse("t", operation, response: ["r": 1])
      }
    }
    try await fill()
    #expect(try await legacy.invalidateByOperation("qa") == 2)
    try await fill()
    #expect(try await new.invalidate(operation: "qa") == 1)
    #expect(await new.cachedResponse(text: "t", operation: "qa2")?["r"] == 1)
    await legacy.disconnect()
    await new.disconnect()
  }

  @Test("legacy: a pattern is a glob in Redis and a text in L1")
  func patterns() async throws {
    let server = try RedisServer()
    let legacy = LegacyAIResponseCache(redisURL: server.url)
    try await legacy.cacheResponse("abc", "op", response: ["r": 1])
    await legacy.invalidatePattern("a?c")
    #expect(try server.client().command("DBSIZE") == .integer(0))
    #expect(await legacy.getCachedResponse("abc", "op")?["r"] == 1)
    await legacy.invalidatePattern("abc")
    #expect(await legacy.getCachedResponse("abc", "op") == nil)
    await legacy.disconnect()
  }

  @Test("legacy: KEYS and one DEL; new: SCAN and UNLINK")
  func commands() async throws {
    let server = try RedisServer()
    let legacy = LegacyRedisCache(redisURL: server.url)
    let new = try new(server.url)
    let client = try server.client()
    func calls(_ command: String) throws -> Int {
      guard case .string(let info) = try client.command("INFO", "commandstats") else { return -1 }
      let line = String(decoding: info, as: UTF8.self).split(whereSeparator: \.isNewline)
        .first { $0.hasPrefix("cmdstat_\(command):calls=") }
      return line.flatMap { Int($0.drop { $0 != "=" }.dropFirst().prefix { $0.isNumber }) } ?? 0
    }
    for key in ["k1", "k2", "other"] { await legacy.set(key, to: 1) }
    #expect(await legacy.invalidate(pattern: "k*") == 2)
    #expect(try calls("keys") == 1 && calls("del") == 1 && calls("scan") == 0)
    for key in ["k1", "k2"] { await new.set(key, to: 1) }
    #expect(await new.invalidate(pattern: "k*") == 2)
    #expect(try calls("keys") == 1 && calls("del") == 1 && calls("scan") > 0 && calls("unlink") > 0)
    await legacy.disconnect()
    await new.disconnect()
  }

  @Test("legacy: writes are in the denominator of the hit rate, and reads of responses count twice")
  func hitRate() async throws {
    let server = try RedisServer()
    let legacy = LegacyRedisCache(redisURL: server.url)
    #expect(legacy.hitRate == 0)
    await legacy.set("k", to: 1)
    #expect(await legacy.value(for: "k") == 1)
    await legacy.delete("k")
    #expect((legacy.hitRate * 10).rounded() == 333)
    let ai = LegacyAIResponseCache(redisURL: server.url)
    try await ai.cacheResponse("t", "qa", response: ["r": 1])
    #expect(await ai.getCachedResponse("t", "qa") != nil)
    guard case .object(let performance) = await ai.getCacheStats()["performance"] else {
      Issue.record("no figures")
      return
    }
    #expect(performance["cache_hits"] == 2)
    #expect(performance["total_cache_operations"] == 3)
    await legacy.disconnect()
    await ai.disconnect()
  }

  @Test("legacy: retrievals are counted in memory; without Redis memory is not asked, new: it is")
  func retrievals() async throws {
    let server = try RedisServer()
    let ai = LegacyAIResponseCache(redisURL: server.url)
    let new = try AIResponseCache(store: new(server.url))
    try await ai.cacheResponse("t", "qa", response: ["r": 1])
    #expect(await new.cachedResponse(text: "t", operation: "qa") != nil)
    for count in 1...3 {
      #expect(await ai.getCachedResponse("t", "qa")?["retrieval_count"] == .int(count))
    }
    guard case .object(let redis) = await ai.getCacheStats()["redis"] else {
      Issue.record("no figures")
      return
    }
    #expect(redis["status"] == "connected")
    #expect(redis["keys"] == 1)
    server.kill()
    #expect(await ai.getCachedResponse("t", "qa") == nil)
    #expect(await new.cachedResponse(text: "t", operation: "qa") != nil)
    await new.disconnect()
    #expect(await ai.getCacheStats()["redis"] == ["status": "unavailable", "keys": 0])
    await ai.disconnect()
  }

  @Test("legacy: the table of operations, and what replaces it")
  func operationTTLs() async throws {
    let server = try RedisServer()
    let client = try server.client()
    let table: [(operation: String, seconds: Int64)] = [
      ("summarize", 7200), ("sentiment", 86_400), ("key_points", 7200), ("questions", 3600), ("qa", 1800),
      ("other", 500),
    ]
    let ai = LegacyAIResponseCache(redisURL: server.url, defaultTTL: .seconds(500))
    for (operation, seconds) in table {
      try await ai.cacheResponse("t", operation, response: [:])
      let left = try client.command("TTL", "ai_cache:op:\(operation)|txt:t")
      guard case .integer(let left) = left else {
        Issue.record("no time to live")
        return
      }
      #expect((seconds - 60...seconds).contains(left), "\(operation)")
    }
    await ai.disconnect()
  }

  @Test("the errors of the legacy world are sentences")
  func failures() async {
    let ai = LegacyAIResponseCache(redisURL: "redis://127.0.0.1:1")
    await #expect(throws: LegacyCacheFailure("Invalid text parameter: must be non-empty string")) {
      try await ai.cacheResponse("", "qa", response: [:])
    }
    await #expect(throws: LegacyCacheFailure("Invalid operation parameter: must be non-empty string")) {
      try await ai.invalidateByOperation("")
    }
    #expect(LegacyCacheFailure("redis://:hush@h").description == "redis://***@h")
  }
}
