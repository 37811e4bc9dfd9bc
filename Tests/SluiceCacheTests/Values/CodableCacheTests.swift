import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct CodableCacheTests {
  struct Session: Codable, Sendable, Equatable {
    var user: String
    var visits: Int
    var rate: Double
    var tags: [String]?
  }

  @Test("values of a service's own types, and their place where they are of another")
  func codable() async throws {
    let cache = MemoryCache()
    let session = Session(user: "Zoë", visits: 3, rate: 2, tags: ["a"])
    #expect(try await cache.set("s", encoding: session))
    #expect(await cache.value(for: "s") == ["user": "Zoë", "visits": 3, "rate": 2, "tags": ["a"]])
    #expect(try await cache.value(for: "s", as: Session.self) == session)
    #expect(try await cache.value(for: "nothing", as: Session.self) == nil)
    await cache.set("s", to: ["user": "ada", "visits": "three", "rate": 1])
    do throws(CacheError) {
      _ = try await cache.value(for: "s", as: Session.self)
      Issue.record("a text is no number")
    } catch {
      #expect(error.kind == .validation)
      #expect(error.message.contains("visits"))
    }
    await #expect(throws: CacheError.self) { try await cache.set("n", encoding: Double.nan) }
    #expect(try await cache.set("n", encoding: 5))
    #expect(try await cache.value(for: "n", as: Int.self) == 5)
  }

  @Test("what is inside of a value is read without unpacking it, and a value shows itself as JSON")
  func accessors() throws {
    let value: CacheValue = ["user": ["name": "ada", "ids": [1, 2.0, 2.5]], "on": true, "off": nil]
    #expect(value["user"]?["name"]?.string == "ada")
    #expect(value["user"]?["ids"]?[0]?.int == 1)
    #expect(value["user"]?["ids"]?[1]?.int == 2)
    #expect(value["user"]?["ids"]?[2]?.int == nil)
    #expect(value["user"]?["ids"]?[2]?.double == 2.5)
    #expect(value["user"]?["ids"]?[3] == nil)
    #expect(value["user"]?["ids"]?[-1] == nil)
    #expect(value["on"]?.bool == true)
    #expect(value["off"] == .some(.null))
    #expect(value["x"] == nil)
    #expect(value.object?.count == 3)
    #expect(value["user"]?["ids"]?.array?.count == 3)
    #expect("\(value)" == #"{"off":null,"on":true,"user":{"ids":[1,2.0,2.5],"name":"ada"}}"#)
    #expect(try CacheValue(encoding: value) == value)
    struct Wrapped: Codable, Equatable { var inner: CacheValue }
    let wrapped = Wrapped(inner: value)
    #expect(try CacheValue(encoding: wrapped).decoded(as: Wrapped.self).inner["user"]?["name"] == "ada")
  }

  @Test("of many who miss one key at once, one makes the value")
  func oneFlight() async throws {
    let cache = MemoryCache()
    let made = Tally()
    let values = await withTaskGroup(of: String.self) { group in
      for _ in 0..<100 {
        group.addTask {
          await cache.getOrSet("k") {
            made.add()
            try? await Task.sleep(for: .milliseconds(50))
            return "made"
          }
        }
      }
      return await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(values == ["made"])
    #expect(made.value == 1)
    #expect(await cache.value(for: "k") == "made")
    #expect(await cache.getOrSet("k") { "other" } == "made")
    // Another key is another flight.
    #expect(await cache.getOrSet("l") { "other" } == "other")
  }

  struct Refusal: Error, Equatable { var number: Int }

  @Test("what the maker throws is what all who wait throw, by its own type, and the next one tries again")
  func makersErrors() async throws {
    let cache = MemoryCache()
    let made = Tally()
    let refused = await withTaskGroup(of: Refusal?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do throws(Refusal) {
            _ = try await cache.getOrSet("k", as: Int.self) { () async throws(Refusal) -> Int in
              let number = made.add()
              try? await Task.sleep(for: .milliseconds(50))
              throw Refusal(number: number)
            }
            return nil
          } catch {
            return error
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(refused.allSatisfy { $0 != nil })
    #expect(made.value < 20)
    #expect(await cache.value(for: "k") == nil)
    #expect(await cache.getOrSet("k") { 7 } == 7)
  }

  @Test("a maker that is cancelled takes nobody with it, and who is cancelled does not wait")
  func cancelledFlights() async throws {
    let cache = MemoryCache()
    let making = Tally()
    let first = Task {
      try await cache.getOrSet("k", as: Int.self) { () async throws -> Int in
        making.add()
        try await Task.sleep(for: .seconds(60))
        return 1
      }
    }
    try await poll("the first one makes it") { making.value > 0 }
    let second = Task { try await cache.getOrSet("k", as: Int.self) { () async throws -> Int in 2 } }
    let third = Task {
      try await cache.getOrSet("k", as: Int.self) { () async throws -> Int in
        try Task.checkCancellation()
        return 3
      }
    }
    try await Task.sleep(for: .milliseconds(30))
    third.cancel()
    await #expect(throws: CancellationError.self) { try await third.value }
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(try await second.value == 2)
    #expect(await cache.value(for: "k") == 2)
  }

  @Test("a stored value of another kind, and a Redis that is away, are misses that are made anew")
  func missesOfAllKinds() async throws {
    let cache = MemoryCache()
    await cache.set("k", to: "text")
    #expect(await cache.getOrSet("k") { 5 } == 5)
    #expect(await cache.value(for: "k") == 5)
    let away = try RedisCache(.init(url: "redis://127.0.0.1:\(try Ports.free())"))
    #expect(await away.getOrSet("k") { 6 } == 6)
  }
}

/// Many keys, set-if-absent and counters: in Redis and in memory alike.
@Suite struct AtomicCacheTests {
  private func each(_ body: (any AtomicCache, String) async throws -> Void) async throws {
    let near = try RedisFixture()
    let far = try RedisFixture { $0.l1Entries = nil }
    try await body(near.cache, "Redis with L1")
    try await body(far.cache, "Redis")
    try await body(MemoryCache(), "memory")
  }

  @Test("many keys at once")
  func many() async throws {
    try await each { cache, name in
      let values = Dictionary(uniqueKeysWithValues: (0..<300).map { ("k\($0)", CacheValue.int($0)) })
      #expect(await cache.set(values, ttl: .seconds(60)) == 300, "\(name)")
      #expect(await cache.values(for: values.keys + ["nothing", "k1", "k1"]) == values, "\(name)")
      #expect(await cache.values(for: []).isEmpty, "\(name)")
      let left = await cache.remainingTTL(of: "k7")
      #expect(left.map { $0 > .seconds(30) && $0 <= .seconds(60) } == true, "\(name)")
    }
    let fixture = try RedisFixture { $0.keyPrefix = "p:" }
    await fixture.cache.set("a", to: 1, ttl: .seconds(100))
    let redis = try fixture.server.client()
    _ = try redis.command("SET", "p:b", "rawj:2")
    _ = try redis.command("LPUSH", "p:list", "x")
    _ = try redis.command("SET", "p:pickle", "raw:x")
    _ = try redis.command("CONFIG", "RESETSTAT")
    #expect(await fixture.cache.values(for: ["a", "b", "list", "pickle", "none"]) == ["a": 1, "b": 2])
    #expect(try (redis.command("INFO", "commandstats").text ?? "").contains("cmdstat_mget"))
    #expect(fixture.cache.statistics.foreign == 1)
    // From L1 by now.
    let before = fixture.cache.statistics.l1Hits
    #expect(await fixture.cache.values(for: ["a", "b"]) == ["a": 1, "b": 2])
    #expect(fixture.cache.statistics.l1Hits == before + 2)
  }

  @Test("a value is stored where nothing is, by one of many")
  func setIfAbsent() async throws {
    try await each { cache, name in
      let won = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<50 {
          group.addTask { try await cache.setIfAbsent("lock", to: .int(number), ttl: .seconds(60)) }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(won == 1, "\(name)")
      #expect(await cache.value(for: "lock") != nil)
      #expect(try await !cache.setIfAbsent("lock", to: 1, ttl: nil))
      #expect(try await !cache.setIfAbsent("other", to: 1, ttl: .zero))
      await cache.delete("lock")
      #expect(try await cache.setIfAbsent("lock", to: 1, ttl: nil))
      let left = await cache.remainingTTL(of: "lock")
      #expect(left.map { $0 > .seconds(3000) } == true, "\(name)")
    }
  }

  @Test("counters add up, live from their first increment on, and refuse what is no number")
  func counters() async throws {
    try await each { cache, name in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 { group.addTask { try await cache.increment("n", by: 2, ttl: .seconds(60)) } }
        try await group.waitForAll()
      }
      #expect(await cache.value(for: "n") == 100, "\(name)")
      #expect(try await cache.increment("n", by: -1, ttl: .seconds(5000)) == 99)
      let left = await cache.remainingTTL(of: "n")
      #expect(left.map { $0 > .seconds(30) && $0 <= .seconds(60) } == true, "\(name)")
      #expect(try await cache.increment("one") == 1)
      await cache.set("text", to: "x")
      await #expect(throws: CacheError.self) { try await cache.increment("text") }
      #expect(await cache.value(for: "text") == "x")
    }
    let away = try RedisCache(.init(url: "redis://127.0.0.1:\(try Ports.free())"))
    await #expect(throws: CacheError.self) { try await away.increment("n") }
    await #expect(throws: CacheError.self) { try await away.setIfAbsent("n", to: 1, ttl: nil) }
  }
}
