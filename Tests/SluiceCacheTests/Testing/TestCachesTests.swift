import SluiceCache
import SluiceCacheTesting
import SluiceTestSupport
import Testing

@Suite struct TestCachesTests {
  @Test("Caches in memory share nothing")
  func memory() async throws {
    let (one, other) = (TestCaches.memory(), TestCaches.memory())
    await one.set("k", to: "v")
    #expect(await one.value(for: "k") == "v")
    #expect(await other.value(for: "k") == nil)
    #expect(await one.remainingTTL(of: "k").map { $0 <= .seconds(60) } == true)
    _ = try TestCaches.ai()
  }

  @Test("A Redis database for tests removes what it wrote, and only that")
  func cleansUp() async throws {
    let redis = try RedisServer()
    let one = try await RedisTestDatabase(url: "\(redis.url)/15", environment: [:])
    let other = try await RedisTestDatabase(url: "\(redis.url)/15", environment: [:])
    for number in 0..<700 { await one.cache.set("k\(number)", to: .int(number)) }
    await other.cache.set("k1", to: "other")
    #expect(await one.cache.value(for: "k1") == 1)
    #expect(try await one.cleanUp() == 700)
    #expect(await other.cache.value(for: "k1") == "other")
    #expect(try await other.cleanUp() == 1)
    #expect(try redis.client(database: 15).command("DBSIZE") == .integer(0))
  }

  @Test("A database that holds other keys is refused unless it is meant, and stays as it is")
  func refuses() async throws {
    let redis = try RedisServer()
    let client = try redis.client(database: 15)
    #expect(try client.command("SET", "precious", "1") == .status("OK"))
    let url = "\(redis.url)/15"
    let error = await #expect(throws: CacheError.self) {
      try await RedisTestDatabase(url: url, environment: [:])
    }
    #expect(error?.kind == .validation)
    #expect(error?.message.contains("TEST_REDIS_URL") == true)
    let meant = try await RedisTestDatabase(url: url, allowsOthersKeys: true, environment: [:])
    await meant.cache.set("k", to: 1)
    try await meant.cleanUp()
    #expect(try client.command("DBSIZE") == .integer(1))
  }

  @Test("TEST_REDIS_URL wins over the given address, and one that does not answer is an error")
  func environment() async throws {
    let redis = try RedisServer()
    let database = try await RedisTestDatabase(
      url: "redis://127.0.0.1:1/15", environment: ["TEST_REDIS_URL": "\(redis.url)/3"])
    await database.cache.set("k", to: 1)
    #expect(try redis.client(database: 3).command("DBSIZE") == .integer(1))
    try await database.cleanUp()
    for (url, kind) in [
      ("redis://127.0.0.1:1/15", CacheError.Kind.infrastructure), ("nonsense", .configuration),
    ] {
      let error = await #expect(throws: CacheError.self) {
        try await RedisTestDatabase(url: url, environment: [:])
      }
      #expect(error?.kind == kind)
    }
  }
}
