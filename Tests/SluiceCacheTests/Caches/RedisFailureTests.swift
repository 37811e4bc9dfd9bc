import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCache

/// Redis stops, hangs, comes back, refuses, or holds what nobody can read: a cache may forget, and never lies
/// or throws.
@Suite struct RedisFailureTests {
  @Test func aDeadRedisIsAMissAndARecoveryNeedsNoRestart() async throws {
    let fixture = try RedisFixture()
    let cache = fixture.cache
    await cache.set("k", to: 1)
    fixture.server.kill()
    // What is in L1 has not expired, and nothing has told of a loss.
    #expect(await cache.value(for: "k") == 1)
    #expect(await !cache.set("k", to: 2))
    // Nobody knows what Redis has now: the old value is not served any more.
    guard case .miss(.failed(let error)) = await cache.lookup("k") else {
      Issue.record("a value out of nowhere")
      return
    }
    #expect(error.kind == .infrastructure)
    #expect(await !cache.delete("k"))
    #expect(await !cache.exists("k"))
    #expect(await cache.remainingTTL(of: "k") == nil)
    #expect(await cache.invalidate(pattern: "*") == 0)
    #expect(!cache.isConnected)
    #expect(cache.lastFailure != nil)
    let thrown = await #expect(throws: CacheError.self) { try await cache.storedValue(for: "k") }
    #expect(thrown?.kind == .infrastructure)
    try fixture.server.start()
    // A failure is remembered for half a second of the cache's clock, and no longer.
    #expect(await !cache.set("k", to: 3))
    fixture.time.advance(by: .milliseconds(500))
    #expect(await cache.set("k", to: 3))
    #expect(cache.isConnected)
    #expect(await cache.value(for: "k") == 3)
  }

  @Test func aFailureIsRememberedAndNotTriedAgainAtOnce() async throws {
    var settings = RedisCache.Settings(url: "redis://127.0.0.1:\(try Ports.free())")
    settings.connectTimeout = .seconds(10)
    let time = FakeClock()
    let cache = try RedisCache(settings, clock: time.clock)
    let first = await #expect(throws: CacheError.self) { try await cache.connect() }
    #expect(first?.kind == .infrastructure)
    #expect(first?.context["reason"] == "connectFailed")
    // Something listens there now; the failure is still remembered.
    let again = await #expect(throws: CacheError.self) { try await cache.connect() }
    #expect(again == first)
  }

  @Test func aConnectionThatTheServerClosedIsMadeAnewUnseen() async throws {
    let fixture = try RedisFixture { $0.l1Entries = nil }
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    for number in 0..<10 { await cache.set("k\(number)", to: .int(number)) }
    _ = try redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    for number in 0..<10 { #expect(await cache.value(for: "k\(number)") == .int(number)) }
    #expect(cache.lastFailure == nil)
    await cache.disconnect()
    #expect(!cache.isConnected)
    #expect(await cache.value(for: "k1") == 1)
    #expect(cache.isConnected)
  }

  @Test func aHangingRedisCostsOneTimeoutAndNotMore() async throws {
    let fixture = try RedisFixture {
      $0.commandTimeout = .milliseconds(100)
      $0.connections = 1
      $0.l1Entries = nil
    }
    let cache = fixture.cache
    fixture.server.pause()
    defer { fixture.server.resume() }
    // All at once; the first one waits, and what it learns spares the others the wait.
    let clock = ContinuousClock()
    let time = await clock.measure {
      await withTaskGroup { group in
        for number in 0..<2000 {
          group.addTask { #expect(await cache.lookup("k\(number)") != .miss(.absent)) }
        }
      }
    }
    // One by one they would take two hundred seconds.
    #expect(time < .seconds(100))
    #expect(cache.lastFailure?.context["reason"] == "timeout")
    fixture.server.resume()
    // The machine may be slow: tried again until an answer is in time.
    try await poll("the cache comes back") {
      fixture.time.advance(by: .seconds(1))
      return await cache.set("k", to: 1)
    }
    try await poll("the value is there") {
      fixture.time.advance(by: .seconds(1))
      return await cache.value(for: "k") == 1
    }
  }

  @Test func aWriteWhoseFateIsUnknownIsNotServedFromL1() async throws {
    let fixture = try RedisFixture { $0.commandTimeout = .milliseconds(100) }
    let cache = fixture.cache
    try await poll("a first write") {
      fixture.time.advance(by: .seconds(1))
      return await cache.set("k", to: 1)
    }
    fixture.server.pause()
    #expect(await !cache.set("k", to: 2))
    #expect(await cache.value(for: "k") == nil)
    fixture.server.resume()
    // The hanging server does the write late; whatever it is, Redis says it and not L1.
    try await poll("L1 says what Redis says") {
      fixture.time.advance(by: .seconds(1))
      let (stored, found) = (try? await cache.storedValue(for: "k"), await cache.value(for: "k"))
      return stored != nil && found == stored
    }
  }

  @Test func aRefusalIsAFailureAndTheConnectionStays() async throws {
    let fixture = try RedisFixture()
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    _ = try redis.command("LPUSH", "list", "1")
    guard case .miss(.failed(let error)) = await cache.lookup("list") else {
      Issue.record("a list is no value")
      return
    }
    #expect(error.message.contains("WRONGTYPE"))
    #expect(cache.isConnected)
    await cache.set("k", to: 1)
    _ = try redis.command("CONFIG", "SET", "maxmemory", "1")
    guard case .failure(let refusal) = await cache.store("k", 2, ttl: nil) else {
      Issue.record("stored without memory")
      return
    }
    #expect(refusal.message.contains("OOM"))
    #expect(await cache.value(for: "k") == 1)
    #expect(cache.statistics.storeHits == 1)
  }

  /// What others left under our keys.
  @Test(
    arguments: [
      (Array("rawj:{\"a\":1}".utf8), .hit(["a": 1])), (Array("{\"a\":1}".utf8), .hit(["a": 1])),
      (Array("5".utf8), .hit(5)), (Array("null".utf8), .hit(.null)),
      (Array("raw:".utf8) + [0x80, 4, 0x4B, 1, 0x2E], .miss(.foreign("pickle"))),
      (Array("compressed:".utf8) + [0x78, 0x9C, 3, 0], .miss(.foreign("pickle"))),
      (Array("rawj:".utf8), .miss(.foreign("JSON"))), (Array("rawj:{".utf8), .miss(.foreign("JSON"))),
      ([], .miss(.foreign("JSON"))), ([0xFF, 0xFE, 0], .miss(.foreign("JSON"))),
      (Array("hello".utf8), .miss(.foreign("JSON"))),
      ([0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0, 9, 1, 2, 3], .miss(.foreign("decompressed"))),
      ([0, 0x53, 0x4C, 0x43, 0x7A, 0xFF, 0xFF, 0xFF, 0xFF, 0x78], .miss(.foreign("limit"))),
      ([0, 0x53, 0x4C, 0x43, 0x3D] + Array("rawj:7".utf8), .hit(7)),
    ] as [([UInt8], CacheLookup)])
  func garbageIsAMissThatSaysWhy(_ stored: [UInt8], _ expected: CacheLookup) async throws {
    let fixture = try RedisFixture()
    _ = try fixture.server.client().command([Array("SET".utf8), Array("k".utf8), stored])
    let found = await fixture.cache.lookup("k")
    switch (found, expected) {
    case (.miss(.foreign(let why)), .miss(.foreign(let part))): #expect(why.contains(part), "\(why)")
    default: #expect(found == expected)
    }
    #expect(fixture.cache.lastFailure == nil)
    // It can be overwritten.
    #expect(await fixture.cache.set("k", to: "good"))
    #expect(try await fixture.cache.storedValue(for: "k") == "good")
  }
}

/// Asks again and again until `condition` holds.
func poll(
  _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw TestFailure("not within \(limit): \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}
