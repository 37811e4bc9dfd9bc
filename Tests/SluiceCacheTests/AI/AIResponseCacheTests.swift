import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct AIResponseCacheTests {
  private let store = MemoryCache(maxEntries: 100)

  private func cache(change: (inout AIResponseCache.Settings) -> Void = { _ in }) throws -> AIResponseCache {
    var settings = AIResponseCache.Settings()
    change(&settings)
    return try AIResponseCache(store: store, settings: settings)
  }

  @Test func aResponseComesBackWithItsFacts() async throws {
    let cache = try cache()
    let isStored = try await cache.cacheResponse(
      text: "Ünïcode", operation: "qa", options: ["n": 1], response: ["answer": "42", "cache_hit": "mine"],
      question: "why?")
    #expect(isStored)
    let found = await cache.cachedResponse(
      text: "Ünïcode", operation: "qa", options: ["n": 1], question: "why?")
    let response = try #require(found)
    #expect(response["answer"] == "42")
    #expect(response["cache_hit"] == true)
    #expect(response["text_length"] == 7)
    #expect(response["text_tier"] == "small")
    #expect(response["operation"] == "qa")
    #expect(response["question_provided"] == true)
    #expect(response["cached_at"] != nil)
    #expect(response["retrieved_at"] != nil)
    // What is stored has not been read.
    let key = cache.key(text: "Ünïcode", operation: "qa", options: ["n": 1], question: "why?")
    guard case .object(let stored) = await store.value(for: key) else {
      Issue.record("nothing under \(key)")
      return
    }
    #expect(stored["cache_hit"] == false)
    #expect(stored["retrieved_at"] == nil)
    #expect(
      await cache.cachedResponse(text: "Ünïcode", operation: "qa", options: ["n": 2], question: "why?") == nil
    )
    #expect(await cache.cachedResponse(text: "Ünïcode", operation: "qa", options: ["n": 1]) == nil)
  }

  @Test(arguments: [
    ("summarize", 7200), ("sentiment", 86400), ("key_points", 7200), ("questions", 3600), ("qa", 1800),
    ("translate", 3600),
  ])
  func everyOperationHasItsLife(_ operation: String, _ seconds: Int64) async throws {
    for table: [String: Duration]? in [nil, [:]] {
      let cache = try cache { $0.operationTTLs = table }
      try await cache.cacheResponse(text: "t", operation: operation, response: [:])
      let left = await cache.remainingTTL(of: cache.key(text: "t", operation: operation))
      #expect(left.map { $0 <= .seconds(seconds) && $0 > .seconds(seconds - 60) } == true)
    }
  }

  @Test func aTableOfOnesOwnReplacesTheTable() throws {
    let cache = try cache {
      $0.operationTTLs = ["qa": .seconds(5)]
      $0.defaultTTL = .seconds(99)
    }
    #expect(cache.settings.ttl(of: "qa") == .seconds(5))
    #expect(cache.settings.ttl(of: "summarize") == .seconds(99))
  }

  @Test func emptyArgumentsAreRefused() async throws {
    let cache = try cache()
    let text = await #expect(throws: CacheError.self) {
      try await cache.cacheResponse(text: "", operation: "qa", response: [:])
    }
    #expect(text?.kind == .validation)
    #expect(text?.message == "Invalid text parameter: must be non-empty string")
    let operation = await #expect(throws: CacheError.self) {
      try await cache.cacheResponse(text: "t", operation: "", response: [:])
    }
    #expect(operation?.message == "Invalid operation parameter: must be non-empty string")
    let invalidation = await #expect(throws: CacheError.self) { try await cache.invalidate(operation: "") }
    #expect(invalidation?.kind == .validation)
  }

  private static func settings(
    _ change: (inout AIResponseCache.Settings) -> Void
  ) -> AIResponseCache.Settings {
    var settings = AIResponseCache.Settings()
    change(&settings)
    return settings
  }

  @Test(arguments: [
    ("Parameter 'text_hash_threshold' must be >= 1, got 0", settings { $0.textHashThreshold = 0 }),
    (
      "Parameter 'text_hash_threshold' must be <= 100000, got 100001",
      settings { $0.textHashThreshold = 100_001 }
    ),
    ("Parameter 'default_ttl' must be >= 1, got 0", settings { $0.defaultTTL = .zero }),
    (
      "Parameter 'default_ttl' must be <= 31536000, got 31536001",
      settings { $0.defaultTTL = .seconds(31_536_001) }
    ),
    (
      "Text size tiers must be ordered: small < medium < large, got: small=5, medium=5, large=9",
      settings { $0.textSizeTiers = TextSizeTiers(small: 5, medium: 5, large: 9) }
    ),
    (
      "Operation TTL for 'qa' must be a positive integer, got: -1",
      settings { $0.operationTTLs = ["qa": .seconds(-1)] }
    ),
    (
      "Parameter 'default_ttl' must be >= 1, got 0; Parameter 'text_hash_threshold' must be >= 1, got 0",
      settings {
        $0.defaultTTL = .zero
        $0.textHashThreshold = 0
      }
    ),
  ])
  func settingsAreChecked(_ message: String, _ settings: AIResponseCache.Settings) {
    let error = #expect(throws: CacheError.self) { try AIResponseCache(store: store, settings: settings) }
    #expect(error?.kind == .validation)
    #expect(error?.message == "AIResponseCache parameter validation failed: \(message)")
  }

  @Test func anInvalidationMeansExactlyItsOperation() async throws {
    let cache = try cache()
    for operation in ["qa", "qa2", "q*", "q*|txt"] {
      try await cache.cacheResponse(text: "t", operation: operation, response: [:])
      try await cache.cacheResponse(text: "u", operation: operation, response: [:])
    }
    #expect(try await cache.invalidate(operation: "qa") == 2)
    #expect(await cache.cachedResponse(text: "t", operation: "qa") == nil)
    #expect(await cache.cachedResponse(text: "t", operation: "qa2") != nil)
    #expect(try await cache.invalidate(operation: "q*") == 2)
    #expect(await cache.cachedResponse(text: "t", operation: "qa2") != nil)
    #expect(cache.statistics.byOperation["qa"]?.invalidated == 2)
  }

  @Test func patternsReachResponsesAndNothingElse() async throws {
    let cache = try cache()
    await cache.set("summarize", to: 1)
    for text in ["one", "two"] {
      for operation in ["summarize", "qa"] {
        try await cache.cacheResponse(text: text, operation: operation, response: [:])
      }
    }
    #expect(await cache.invalidate(pattern: "txt:one") == 2)
    #expect(await cache.invalidate(pattern: "ai_cache:op:qa|*") == 1)
    #expect(await cache.invalidateAll() == 1)
    #expect(await cache.value(for: "summarize") == 1)
  }

  @Test func everythingCountsOnce() async throws {
    let cache = try cache()
    let long = String(repeating: "x", count: 600)
    try await cache.cacheResponse(text: "t", operation: "qa", response: [:])
    try await cache.cacheResponse(text: long, operation: "summarize", response: [:])
    for _ in 0..<3 { _ = await cache.cachedResponse(text: "t", operation: "qa") }
    _ = await cache.cachedResponse(text: long, operation: "qa")
    let statistics = cache.statistics
    #expect(statistics.total.hits == 3)
    #expect(statistics.total.misses == 1)
    #expect(statistics.total.stores == 2)
    #expect(statistics.total.hitRate == 0.75)
    #expect(statistics.byOperation["qa"]?.hits == 3)
    #expect(statistics.byOperation["qa"]?.misses == 1)
    #expect(statistics.byOperation["summarize"]?.stores == 1)
    #expect(statistics.byTier[.small]?.hits == 3)
    #expect(statistics.byTier[.medium]?.misses == 1)
    #expect(statistics.byTier[.medium]?.stores == 1)
    #expect(statistics.byOperation.values.reduce(0) { $0 + $1.hits } == statistics.total.hits)
    for number in 0..<1200 { _ = await cache.cachedResponse(text: "t", operation: "op\(number)") }
    #expect(cache.statistics.byOperation.count <= 1001)
    #expect(cache.statistics.total.misses == 1201)
  }

  @Test func inRedisItIsWhatPythonFindsThere() async throws {
    let fixture = try RedisFixture()
    let cache = try AIResponseCache(store: fixture.cache)
    try await cache.cacheResponse(
      text: "Hello: world|x", operation: "summarize", options: ["max_length": 100],
      response: ["summary": "Hi"])
    let key = "ai_cache:op:summarize|txt:Hello_ world_x|opts:5104236b"
    let redis = try fixture.server.client()
    #expect(try redis.command("EXISTS", key) == .integer(1))
    // A response that Python wrote under the same rules.
    _ = try redis.command("SETEX", "ai_cache:op:qa|txt:t|q:fd156261", "60", #"rawj:{"answer":"because"}"#)
    let found = await cache.cachedResponse(text: "t", operation: "qa", question: "why?")
    #expect(found?["answer"] == "because")
    #expect(try await cache.invalidate(operation: "qa") == 1)
    #expect(try redis.command("DBSIZE") == .integer(1))
    fixture.server.kill()
    let error = await #expect(throws: CacheError.self) { try await cache.invalidate(operation: "summarize") }
    #expect(error?.kind == .infrastructure)
    #expect(try await !cache.cacheResponse(text: "t", operation: "qa", response: [:]))
    #expect(await cache.cachedResponse(text: "t", operation: "qa") == nil)
  }
}
