import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct RedisL1Tests {
  @Test func aReadAfterTheFirstComesFromL1() async throws {
    let fixture = try RedisFixture()
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    _ = try redis.command("SET", "k", "rawj:1")
    for _ in 0..<3 { #expect(await cache.value(for: "k") == 1) }
    #expect(cache.statistics.storeHits == 1)
    #expect(cache.statistics.l1Hits == 2)
    await cache.set("l", to: 2)
    #expect(await cache.value(for: "l") == 2)
    #expect(cache.statistics.l1Hits == 3)
    #expect(cache.statistics.hitRate == 1)
  }

  /// The original keeps it for the whole default time: the defect that the new world does not have.
  @Test func anEntryNeverOutlivesItsRedisEntry() async throws {
    let fixture = try RedisFixture { $0.defaultTTL = .seconds(1800) }
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    _ = try redis.command("SET", "read", "rawj:1", "PX", "60000")
    #expect(await cache.value(for: "read") == 1)
    await cache.set("written", to: 2, ttl: .seconds(60))
    _ = try redis.command("MSET", "read", "rawj:10", "written", "rawj:20")
    fixture.time.advance(by: .seconds(20))
    #expect(await cache.value(for: "written") == 2)
    fixture.time.advance(by: .seconds(40))
    #expect(await cache.value(for: "read") == 10)
    #expect(await cache.value(for: "written") == 20)
  }

  @Test func noEntryOutlivesTheDefault() async throws {
    let fixture = try RedisFixture { $0.defaultTTL = .seconds(10) }
    let (cache, redis) = (fixture.cache, try fixture.server.client())
    _ = try redis.command("SET", "k", "rawj:1")
    await cache.set("l", to: 1, ttl: .seconds(3600))
    #expect(await cache.value(for: "k") == 1)
    _ = try redis.command("MSET", "k", "rawj:2", "l", "rawj:2")
    fixture.time.advance(by: .seconds(10))
    #expect(await cache.value(for: "k") == 2)
    #expect(await cache.value(for: "l") == 2)
  }

  @Test func theTierIsBoundedAndCanBeLeftOut() async throws {
    let two = try RedisFixture { $0.l1Entries = 2 }
    let small = two.cache
    for number in 0..<5 { await small.set("k\(number)", to: .int(number)) }
    #expect(small.statistics.l1Entries == 2)
    #expect(await small.value(for: "k0") == 0)
    #expect(small.statistics.storeHits == 1)
    let without = try RedisFixture { $0.l1Entries = nil }
    let none = without.cache
    await none.set("k", to: 1)
    #expect(await none.value(for: "k") == 1)
    #expect(none.statistics.storeHits == 1)
  }

  @Test func theStoredValueIsTheStoresOwn() async throws {
    let fixture = try RedisFixture()
    await fixture.cache.set("k", to: 1)
    _ = try fixture.server.client().command("DEL", "k")
    #expect(try await fixture.cache.storedValue(for: "k") == nil)
    #expect(await fixture.cache.value(for: "k") == 1)
  }

  @Test func aServerThatCameBackEmptyEmptiesL1() async throws {
    let fixture = try RedisFixture()
    for number in 0..<20 { await fixture.cache.set("k\(number)", to: .int(number)) }
    fixture.server.kill()
    try fixture.server.start()
    // The first word with the new server; until then nobody can know.
    #expect(await fixture.cache.value(for: "unknown") == nil)
    for number in 0..<20 { #expect(await fixture.cache.value(for: "k\(number)") == nil) }
  }

  /// Writers, readers and invalidations at once: what L1 says afterwards is what Redis says.
  @Test func l1AgreesWithRedisAfterAStorm() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let fixture = try RedisFixture()
    let cache = fixture.cache
    await withTaskGroup { group in
      for worker in 0..<8 {
        group.addTask {
          var random = SplitMix64(seed: seed &+ UInt64(worker))
          for step in 0..<400 {
            let key = "k\(Int.random(in: 0..<6, using: &random))"
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<9: await cache.set(key, to: .int(worker * 1000 + step))
            case 9..<16: _ = await cache.value(for: key)
            case 16..<19: await cache.delete(key)
            default: await cache.invalidate(pattern: "k[0-2]")
            }
          }
        }
      }
    }
    #expect(cache.lastFailure == nil)
    for number in 0..<6 {
      let stored = try await cache.storedValue(for: "k\(number)")
      #expect(await cache.value(for: "k\(number)") == stored, "seed \(seed), key k\(number)")
    }
    #expect(cache.statistics.l1Hits > 0)
  }

  /// What was learned from Redis before a removal of many keys is not kept after it.
  @Test func knowledgeFromBeforeARemovalIsRefused() {
    let tier = L1Tier(maxEntries: 10, clock: FakeClock().clock)
    let key = Array("k".utf8)
    tier.put(key, 1, expiresAt: .max, generation: tier.generation)
    #expect(tier.value(for: key) == 1)
    let before = tier.generation
    tier.removeAll(matching: Array("other".utf8))
    // A writer whose word with Redis began before cannot know what came after: the old value goes as well.
    tier.put(key, 2, expiresAt: .max, generation: before)
    #expect(tier.value(for: key) == nil)
    tier.put(key, 3, expiresAt: .max, generation: tier.generation)
    #expect(tier.value(for: key) == 3)
  }
}
