import Testing

@testable import SluiceCache

@Suite struct MemoryCacheTests {
  private let time = FakeClock()

  private func cache(ttl: Duration = .seconds(60), entries: Int = 3) -> MemoryCache {
    MemoryCache(defaultTTL: ttl, maxEntries: entries, clock: time.clock)
  }

  @Test func whatIsSetIsFound() async {
    let cache = cache()
    #expect(await cache.set("k", to: ["a": [1, 2.5, nil]]))
    #expect(await cache.value(for: "k") == ["a": [1, 2.5, nil]])
    #expect(await cache.exists("k"))
    #expect(await cache.delete("k"))
    #expect(await !cache.delete("k"))
    #expect(await cache.value(for: "k") == nil)
  }

  @Test func aStoredNullIsAHit() async {
    let cache = cache()
    await cache.set("k", to: .null)
    #expect(await cache.value(for: "k") == .some(.null))
  }

  @Test func entriesEnd() async {
    let cache = cache()
    await cache.set("default", to: 1)
    await cache.set("short", to: 2, ttl: .seconds(5))
    time.advance(by: .seconds(5) - .nanoseconds(1))
    #expect(await cache.remainingTTL(of: "short") == .nanoseconds(1))
    #expect(await cache.value(for: "short") == 2)
    time.advance(by: .nanoseconds(1))
    #expect(await cache.value(for: "short") == nil)
    #expect(await cache.remainingTTL(of: "short") == nil)
    #expect(await !cache.exists("short"))
    #expect(await !cache.delete("short"))
    #expect(await cache.remainingTTL(of: "default") == .seconds(55))
    time.advance(by: .seconds(55))
    #expect(await cache.value(for: "default") == nil)
  }

  @Test func aLifeOfZeroRemoves() async {
    let cache = cache()
    for ttl in [Duration.zero, .seconds(-1)] {
      await cache.set("k", to: 1)
      #expect(await !cache.set("k", to: 2, ttl: ttl))
      #expect(await cache.value(for: "k") == nil)
    }
  }

  @Test func aDefaultOfZeroIsForEver() async {
    let cache = cache(ttl: .zero)
    await cache.set("k", to: 1)
    time.advance(by: .seconds(100 * 365 * 86400))
    #expect(await cache.value(for: "k") == 1)
    #expect(await cache.remainingTTL(of: "k") == nil)
  }

  @Test func lifeOfAnyLengthIsNoTrap() async {
    let cache = cache()
    await cache.set("k", to: 1, ttl: .seconds(Int64.max))
    await cache.set("l", to: 1, ttl: .nanoseconds(1))
    #expect(await cache.value(for: "k") == 1)
    #expect(await cache.value(for: "l") == 1)
  }

  @Test func theOneUsedLongestAgoGoesAndAnUpdateEvictsNobody() async {
    let cache = cache()
    for name in ["a", "b", "c"] { await cache.set(name, to: 1) }
    await cache.set("a", to: 2)
    #expect(cache.statistics.evictions == 0)
    await cache.set("d", to: 1)
    #expect(await cache.value(for: "b") == nil)
    #expect(Set(cache.keys) == ["a", "c", "d"])
  }

  @Test func statisticsCountReads() async {
    let cache = cache()
    #expect(cache.statistics.hitRate == nil)
    await cache.set("a", to: "xx")
    _ = await cache.value(for: "a")
    _ = await cache.value(for: "b")
    await cache.delete("c")
    let statistics = cache.statistics
    #expect(statistics.hits == 1)
    #expect(statistics.misses == 1)
    #expect(statistics.hitRate == 0.5)
    #expect(statistics.entries == 1)
    #expect(statistics.bytes > 2)
    time.advance(by: .seconds(60))
    #expect(cache.statistics.entries == 0)
    #expect(cache.statistics.expirations == 1)
  }

  @Test func patternsAreGlobs() async {
    let cache = cache(entries: 100)
    for key in ["user:1", "user:2", "user*", "other"] { await cache.set(key, to: 1) }
    #expect(await cache.invalidate(pattern: escapedForPattern("user*")) == 1)
    #expect(await cache.invalidate(pattern: "user:?") == 2)
    #expect(await cache.invalidate(pattern: "nothing") == 0)
    #expect(cache.keys == ["other"])
    #expect(await cache.invalidate(pattern: "*") == 1)
  }

  @Test func disconnectingKeepsTheEntries() async {
    let cache = cache()
    await cache.set("k", to: 1)
    await cache.disconnect()
    #expect(await cache.value(for: "k") == 1)
    cache.removeAll()
    #expect(await cache.value(for: "k") == nil)
  }
}
