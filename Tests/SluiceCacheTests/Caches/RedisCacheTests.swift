import SluiceRedisClient
import SluiceTestSupport
import Testing

@testable import SluiceCache

/// A Redis cache on a server of its own.
struct RedisFixture {
  let server: RedisServer
  let cache: RedisCache
  let time = FakeClock()

  init(_ place: RedisServer.Place = .port, change: (inout RedisCache.Settings) -> Void = { _ in }) throws {
    server = try RedisServer(place)
    var settings = RedisCache.Settings(url: server.url)
    // A loaded machine is not what most tests are about.
    settings.connectTimeout = .seconds(10)
    settings.commandTimeout = .seconds(10)
    change(&settings)
    cache = try RedisCache(settings, clock: time.clock)
  }
}

@Suite struct RedisCacheTests {
  @Test(arguments: [RedisServer.Place.port, .unixSocket])
  func whatIsSetIsFound(_ place: RedisServer.Place) async throws {
    let fixture = try RedisFixture(place)
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    #expect(!cache.isConnected)
    try await cache.connect()
    #expect(cache.isConnected)
    #expect(await cache.set("k", to: ["a": [1, 2.5, nil, "é"]]))
    #expect(try redis.command("GET", "k").text == #"rawj:{"a":[1,2.5,null,"\u00e9"]}"#)
    #expect(await cache.value(for: "k") == ["a": [1, 2.5, nil, "é"]])
    #expect(try await cache.storedValue(for: "k") == ["a": [1, 2.5, nil, "é"]])
    #expect(await cache.exists("k"))
    #expect(await cache.delete("k"))
    #expect(await !cache.delete("k"))
    #expect(await !cache.exists("k"))
    #expect(await cache.lookup("k") == .miss(.absent))
    #expect(try redis.command("DBSIZE") == .integer(0))
  }

  @Test func falseAndZeroAndNullAreHits() async throws {
    let fixture = try RedisFixture { $0.l1Entries = nil }
    let cache = fixture.cache
    for value: CacheValue in [false, 0, "", nil, [], [:]] {
      await cache.set("k", to: value)
      #expect(await cache.value(for: "k") == .some(value))
    }
  }

  @Test func everyEntryHasItsLife() async throws {
    let fixture = try RedisFixture { $0.defaultTTL = .seconds(1800) }
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    func pttl(_ key: String) throws -> Int64 {
      guard case .integer(let left) = try redis.command("PTTL", key) else { return -3 }
      return left
    }
    await cache.set("default", to: 1)
    #expect(1_700_000...1_800_000 ~= (try pttl("default")))
    await cache.set("given", to: 1, ttl: .milliseconds(90_500))
    #expect(30_000...90_500 ~= (try pttl("given")))
    let left = await cache.remainingTTL(of: "given")
    #expect(left.map { $0 <= .milliseconds(90_500) && $0 > .seconds(30) } == true)
    // Zero or less removes, in Redis and in L1.
    #expect(await !cache.set("given", to: 2, ttl: .zero))
    #expect(try pttl("given") == -2)
    #expect(await cache.value(for: "given") == nil)
    #expect(await cache.remainingTTL(of: "given") == nil)
    await cache.set("long", to: 1, ttl: .seconds(Int64.max))
    #expect(try pttl("long") > 1_000_000_000)
  }

  @Test func aDefaultOfZeroIsForEver() async throws {
    let fixture = try RedisFixture { $0.defaultTTL = .zero }
    await fixture.cache.set("k", to: 1)
    #expect(try fixture.server.client().command("PTTL", "k") == .integer(-1))
    #expect(await fixture.cache.remainingTTL(of: "k") == nil)
    fixture.time.advance(by: .seconds(1_000_000))
    #expect(await fixture.cache.value(for: "k") == 1)
    #expect(fixture.cache.statistics.l1Hits == 1)
  }

  @Test func largeValuesAreCompressed() async throws {
    let fixture = try RedisFixture {
      $0.compressionThreshold = 100
      $0.l1Entries = nil
    }
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    // 98 letters and two quotes are 100 bytes of JSON.
    let atThreshold = CacheValue.string(String(repeating: "x", count: 98))
    let over = CacheValue.string(String(repeating: "x", count: 99))
    await cache.set("at", to: atThreshold)
    await cache.set("over", to: over)
    #expect(try redis.command("STRLEN", "at") == .integer(105))
    guard case .string(let stored) = try redis.command("GET", "over") else {
      Issue.record("nothing stored")
      return
    }
    #expect(stored.count < 50)
    #expect(stored.starts(with: [0, 0x53, 0x4C, 0x43, 0x7A]))
    #expect(await cache.value(for: "at") == atThreshold)
    #expect(await cache.value(for: "over") == over)
    // One that compresses nothing reads it all the same.
    var settings = cache.settings
    settings.compressionThreshold = nil
    let plain = try RedisCache(settings)
    #expect(await plain.value(for: "over") == over)
  }

  @Test func keysCarryThePrefixAndOthersAreLeftAlone() async throws {
    let fixture = try RedisFixture { $0.keyPrefix = "app[1]:" }
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    _ = try redis.command("MSET", "k", "other", "app1:k", "other")
    await cache.set("k", to: 1)
    #expect(try redis.command("EXISTS", "app[1]:k") == .integer(1))
    #expect(await cache.value(for: "k") == 1)
    // The prefix is data: as a glob it would be app1.
    #expect(await cache.invalidate(pattern: "*") == 1)
    #expect(await cache.value(for: "k") == nil)
    #expect(try redis.command("DBSIZE") == .integer(2))
  }

  @Test func invalidationGoesInBatchesAndNeverByKEYS() async throws {
    let fixture = try RedisFixture()
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    for number in 0..<3000 { try redis.append("SET", "item:\(number)", "1") }
    for _ in 0..<3000 { _ = try redis.reply() }
    await cache.set("kept", to: 1)
    await cache.set("item:x", to: 1)
    _ = try redis.command("CONFIG", "RESETSTAT")
    #expect(await cache.invalidate(pattern: "item:*") == 3001)
    let commands = try redis.command("INFO", "commandstats").text ?? ""
    #expect(commands.contains("cmdstat_scan"))
    #expect(commands.contains("cmdstat_unlink"))
    #expect(!commands.contains("cmdstat_keys"))
    #expect(!commands.contains("cmdstat_del"))
    #expect(await cache.value(for: "item:x") == nil)
    #expect(await cache.value(for: "kept") == 1)
    #expect(try redis.command("DBSIZE") == .integer(1))
  }

  /// A request that is cancelled half way must not leave half of what it was to remove, and say that it is done.
  @Test func anInvalidationWhoseTaskIsCancelledIsCarriedThrough() async throws {
    let fixture = try RedisFixture()
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    for number in 0..<3000 { try redis.append("SET", "item:\(number)", "1") }
    for _ in 0..<3000 { _ = try redis.reply() }
    let removed = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await cache.invalidate(pattern: "item:*")
    }
    #expect(await removed.value == 3000)
    #expect(try redis.command("DBSIZE") == .integer(0))
  }

  @Test func databasesAndPasswords() async throws {
    let server = try RedisServer(password: "s3cret")
    var settings = RedisCache.Settings(url: server.url.replacing(":s3cret@", with: "") + "/3")
    settings.commandTimeout = .seconds(10)
    settings.retryAfter = .zero
    let stranger = try RedisCache(settings)
    let error = await #expect(throws: CacheError.self) { try await stranger.connect() }
    #expect(error?.kind == .infrastructure)
    #expect(await !stranger.set("k", to: 1))
    settings.password = "s3cret"
    let friend = try RedisCache(settings)
    try await friend.connect()
    await friend.set("k", to: 1)
    #expect(try server.client(database: 3).command("EXISTS", "k") == .integer(1))
    settings.password = "wrong"
    let liar = try RedisCache(settings)
    let refusal = await #expect(throws: CacheError.self) { try await liar.connect() }
    #expect(refusal?.kind == .infrastructure)
    #expect(refusal.map { !"\($0)\($0.context)".contains("wrong") } == true)
  }

  private static func settings(
    _ url: String, _ change: (inout RedisCache.Settings) -> Void = { _ in }
  ) -> RedisCache.Settings {
    var settings = RedisCache.Settings(url: url)
    change(&settings)
    return settings
  }

  @Test(arguments: [
    ("redis_url", settings("http://localhost")), ("redis_url", settings("redis://")),
    ("redis_url", settings("rediss://localhost?ca=/no/such.pem")),
    ("redis_url", settings("rediss://localhost?cert=/only/half.pem")),
    ("use_tls", settings("unix:///run/redis.sock") { $0.useTLS = true }),
    ("tls_cert_path", settings("redis://localhost") { ($0.useTLS, $0.tlsKeyPath) = (true, "/k") }),
    ("compression_level", settings("redis://localhost") { $0.compressionLevel = 10 }),
    ("compression_threshold", settings("redis://localhost") { $0.compressionThreshold = -1 }),
    ("l1_cache_size", settings("redis://localhost") { $0.l1Entries = 0 }),
    ("connections", settings("redis://localhost") { $0.connections = 0 }),
    ("timeout", settings("redis://localhost") { $0.commandTimeout = .zero }),
  ])
  func settingsAreChecked(_ name: String, _ settings: RedisCache.Settings) {
    let error = #expect(throws: CacheError.self) { try RedisCache(settings) }
    #expect(error?.kind == .configuration)
    #expect(error?.context["setting"] == .string(name))
  }
}
