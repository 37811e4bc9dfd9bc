import Testing

@testable import SluiceCache

@Suite("What the factory asks of its parameters")
struct FactoryRulesTests {
  private static let redis = "redis://h"

  static let commonRows: [(key: String, value: CacheValue, message: String?)] = [
    ("redis_url", 1, "redis_url must be a string"),
    ("redis_url", "", "redis_url cannot be empty"),
    ("redis_url", "  ", "redis_url cannot be empty"),
    ("redis_url", "http://h", "redis_url must start with 'redis://' or 'rediss://'"),
    ("redis_url", "invalid-url", "redis_url must start with 'redis://' or 'rediss://'"),
    ("redis_url", "redis://", "redis_url must include host information"),
    ("redis_url", "redis:///", "redis_url must include host information"),
    ("redis_url", "redis://h:6379", nil),
    ("default_ttl", "60", "default_ttl must be an integer"),
    ("default_ttl", 1.5, "default_ttl must be an integer"),
    ("default_ttl", true, "default_ttl must be an integer"),
    ("default_ttl", .null, "default_ttl must be an integer"),
    ("default_ttl", -1, "default_ttl must be non-negative (0 means no expiration)"),
    ("default_ttl", 31_536_001, "default_ttl must not exceed 365 days (31,536,000 seconds)"),
    ("default_ttl", .int(.max), "default_ttl must not exceed 365 days (31,536,000 seconds)"),
    ("default_ttl", 0, nil),
    ("default_ttl", 31_536_000, nil),
    ("fail_on_connection_error", "yes", "fail_on_connection_error must be a boolean"),
    ("fail_on_connection_error", 1, "fail_on_connection_error must be a boolean"),
    ("enable_l1_cache", "yes", "enable_l1_cache must be a boolean"),
    ("l1_cache_size", 0, "l1_cache_size must be a positive integer"),
    ("l1_cache_size", -1, "l1_cache_size must be a positive integer"),
    ("l1_cache_size", "1", "l1_cache_size must be a positive integer"),
    ("l1_cache_size", 1, nil),
    ("compression_threshold", -1, "compression_threshold must be a non-negative integer"),
    ("compression_threshold", "1", "compression_threshold must be a non-negative integer"),
    ("compression_threshold", 0, nil),
    ("compression_level", 0, "compression_level must be an integer between 1 and 9"),
    ("compression_level", 10, "compression_level must be an integer between 1 and 9"),
    ("compression_level", 6.5, "compression_level must be an integer between 1 and 9"),
    ("compression_level", 9, nil),
    ("redis_password", 1, "redis_password must be a string"),
    ("use_tls", "no", "use_tls must be a boolean"),
    ("environment", "staging", "environment must be one of development, testing, production"),
    ("tls_cert_path", 1, "tls_cert_path must be a string"),
    ("colour", "red", "colour is an unknown setting"),
  ]

  @Test("the messages of every cache", arguments: commonRows)
  func common(key: String, value: CacheValue, message: String?) {
    check(["redis_url": .string(Self.redis)], key, value, message, "Factory input validation failed: ")
  }

  static let aiRows: [(key: String, value: CacheValue, message: String?)] = [
    ("text_hash_threshold", -1, "text_hash_threshold must be a non-negative integer"),
    ("text_hash_threshold", "1", "text_hash_threshold must be a non-negative integer"),
    ("text_hash_threshold", 1, nil),
    ("memory_cache_size", 0, "memory_cache_size must be a positive integer"),
    ("memory_cache_size", .null, "memory_cache_size must be a positive integer"),
    ("operation_ttls", [1], "operation_ttls must be a dictionary"),
    ("operation_ttls", ["": 1], "operation_ttls keys must be non-empty strings"),
    ("operation_ttls", ["qa": -1], "operation_ttls['qa'] must be a non-negative integer"),
    ("operation_ttls", ["qa": "1"], "operation_ttls['qa'] must be a non-negative integer"),
    ("operation_ttls", ["qa": 1], nil),
    ("operation_ttls", .null, nil),
    (
      "text_size_tiers", ["small": 3, "medium": 2],
      "text_size_tiers must be in ascending order: small < medium < large"
    ),
    ("text_size_tiers", ["huge": 3], "text_size_tiers.huge is an unknown setting"),
    ("hash_algorithm", "md5", "hash_algorithm 'md5' is not supported"),
    ("ai_config", ["text_hash_threshold": 0], "text_hash_threshold must be positive"),
    ("ai_config", ["text_hash_threshold": "5"], "ai_config.text_hash_threshold must be an integer"),
    ("ai_config", ["zeal": 0], "ai_config.zeal is an unknown setting"),
    ("ai_config", [], "ai_config must be a dictionary"),
    ("ai_config", [:], nil),
  ]

  @Test("the messages of AI caches", arguments: aiRows)
  func ai(key: String, value: CacheValue, message: String?) {
    check(["redis_url": .string(Self.redis)], key, value, message, "AI application cache validation failed: ")
  }

  private func check(
    _ base: [String: CacheValue], _ key: String, _ value: CacheValue, _ message: String?, _ title: String
  ) {
    let dictionary = base.merging([key: value]) { $1 }
    guard let message else {
      #expect(throws: Never.self) { try CachePlan(dictionary) }
      return
    }
    let error = #expect(throws: CacheError.self) { try CachePlan(dictionary) }
    #expect(error?.kind == .validation)
    #expect(error?.message == title + message)
    #expect(error?.context["validation_errors"] == [.string(message)])
  }

  @Test("problems come in the guide's order, and the context holds what was given, without secrets")
  func order() {
    let dictionary: [String: CacheValue] = [
      "redis_url": "http://:hush@h", "default_ttl": -1, "compression_level": 0, "l1_cache_size": 0,
      "compression_threshold": -1, "enable_l1_cache": 1, "fail_on_connection_error": 1,
      "redis_password": "hush",
    ]
    let error = #expect(throws: CacheError.self) { try CachePlan(dictionary) }
    #expect(
      error?.message == "Factory input validation failed: "
        + "redis_url must start with 'redis://' or 'rediss://'; "
        + "default_ttl must be non-negative (0 means no expiration); "
        + "fail_on_connection_error must be a boolean; enable_l1_cache must be a boolean; "
        + "l1_cache_size must be a positive integer; compression_threshold must be a non-negative integer; "
        + "compression_level must be an integer between 1 and 9")
    #expect(error?.context["redis_url"] == "http://***@h")
    #expect(error?.context["default_ttl"] == -1)
    #expect(error?.context["fail_on_connection_error"] == 1)
    #expect(
      error?.context["additional_params"] == [
        "compression_level": 0, "l1_cache_size": 0, "compression_threshold": -1, "enable_l1_cache": 1,
        "redis_password": "***",
      ])
  }

  @Test("dictionaries that say too little")
  func tooLittle() {
    let empty = #expect(throws: CacheError.self) { try CachePlan([:]) }
    #expect(empty?.message == "config dictionary cannot be empty")
    let nameless = #expect(throws: CacheError.self) { try CachePlan(["default_ttl": 1, "colour": 2]) }
    #expect(nameless?.message == "redis_url is required in config")
    #expect(nameless?.context == ["config_keys": ["colour", "default_ttl"]])
  }

  static let limitRows: [(name: String, most: Int)] = [
    ("l1_cache_size", 10_000), ("memory_cache_size", 10_000), ("compression_threshold", 1_048_576),
  ]

  @Test("what the cache of AI responses asks besides, and no other", arguments: limitRows)
  func limits(name: String, most: Int) {
    func plan(_ value: Int, _ extra: [String: CacheValue] = ["ai_config": [:]]) throws(CacheError)
      -> CachePlan
    {
      try CachePlan(extra.merging(["redis_url": .string(Self.redis), name: .int(value)]) { $1 })
    }
    #expect(throws: Never.self) { try plan(most) }
    #expect(throws: Never.self) { try plan(most + 1, [:]) }
    let error = #expect(throws: CacheError.self) { try plan(most + 1) }
    #expect(
      error?.message
        == "AIResponseCache parameter validation failed: Parameter '\(name)' must be <= \(most), got \(most + 1)"
    )
  }

  @Test("the typed method has the limits of the cache of AI responses")
  func typedLimits() async {
    let error = await #expect(throws: CacheError.self) {
      try await CacheFactory().forAIApp(l1CacheSize: 10_001, compressionThreshold: 1_048_577)
    }
    #expect(
      error?.message == "AIResponseCache parameter validation failed: "
        + "Parameter 'l1_cache_size' must be <= 10000, got 10001; "
        + "Parameter 'compression_threshold' must be <= 1048576, got 1048577")
  }

  @Test("two sizes that differ are a conflict, and two that agree are none")
  func sizes() throws {
    let error = #expect(throws: CacheError.self) {
      try CachePlan(["redis_url": "redis://h", "l1_cache_size": 1, "memory_cache_size": 2])
    }
    #expect(error?.message.hasSuffix("l1_cache_size and memory_cache_size differ; give one of them") == true)
    let same = try CachePlan(["redis_url": "redis://h", "l1_cache_size": 2, "memory_cache_size": 2])
    #expect(same.memoryEntries == 2)
  }

  static let typed: [(ttl: Duration, ok: Bool)] = [
    (.zero, true), (.milliseconds(5), true), (.seconds(31_536_000), true),
    (.milliseconds(-1), false), (.seconds(-1), false), (.milliseconds(31_536_000_001), false),
    (.seconds(Int64.max), false), (.seconds(Int64.min), false),
  ]

  @Test("a fraction of a second slips through no limit", arguments: typed)
  func fractions(ttl: Duration, ok: Bool) async throws {
    do {
      _ = try await CacheFactory().forTesting(defaultTTL: ttl, useMemoryCache: true)
      #expect(ok)
    } catch {
      #expect(!ok)
      #expect(error.message.hasPrefix("Factory input validation failed: default_ttl must "))
    }
  }

  @Test("the typed methods pass the same rules")
  func typedMethods() async {
    let web = await #expect(throws: CacheError.self) {
      try await CacheFactory().forWebApp(
        redisURL: "nowhere", defaultTTL: .seconds(-1), l1CacheSize: 0, compressionThreshold: -1,
        compressionLevel: 10)
    }
    #expect(
      web?.message == "Factory input validation failed: "
        + "redis_url must start with 'redis://' or 'rediss://'; "
        + "default_ttl must be non-negative (0 means no expiration); "
        + "l1_cache_size must be a positive integer; compression_threshold must be a non-negative integer; "
        + "compression_level must be an integer between 1 and 9")
    let ai = await #expect(throws: CacheError.self) {
      try await CacheFactory().forAIApp(
        textHashThreshold: -1, memoryCacheSize: 0, operationTTLs: ["": .seconds(1), "qa": .seconds(-1)])
    }
    #expect(
      ai?.message == "AI application cache validation failed: "
        + "text_hash_threshold must be a non-negative integer; memory_cache_size must be a positive integer; "
        + "operation_ttls keys must be non-empty strings; operation_ttls['qa'] must be a non-negative integer"
    )
  }
}
