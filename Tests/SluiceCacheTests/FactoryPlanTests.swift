import SluiceLoadGenerator
import Testing

@testable import SluiceCache

@Suite("What the factory makes of its parameters")
struct FactoryPlanTests {
  @Test("the defaults of a dictionary")
  func dictionaryDefaults() throws {
    let plan = try CachePlan(["redis_url": "redis://h"])
    #expect(plan.purpose == .webApp)
    #expect(plan.ai == nil)
    #expect(plan.defaultTTL == .seconds(3600))
    #expect(plan.memoryEntries == 100)
    #expect(plan.redis?.url == "redis://h")
    #expect(plan.redis?.defaultTTL == .seconds(3600))
    #expect(plan.redis?.l1Entries == 100)
    #expect(plan.redis?.compressionThreshold == 1000)
    #expect(plan.redis?.compressionLevel == 6)
  }

  @Test("every setting of a dictionary arrives")
  func dictionary() throws {
    let plan = try CachePlan([
      "redis_url": "redis://h", "redis_password": "p", "use_tls": true, "default_ttl": 0, "l1_cache_size": 7,
      "enable_l1_cache": false, "compression_threshold": 8, "compression_level": 9,
    ])
    var redis = RedisCache.Settings(url: "redis://h")
    redis.password = "p"
    redis.useTLS = true
    redis.defaultTTL = .zero
    redis.l1Entries = nil
    redis.compressionThreshold = 8
    redis.compressionLevel = 9
    #expect(
      plan == CachePlan(purpose: .webApp, redis: redis, defaultTTL: .zero, memoryEntries: 7, ai: nil))
  }

  static let kinds: [(extra: [String: CacheValue], isAI: Bool)] = [
    ([:], false),
    (["memory_cache_size": 5], false),
    (["ai_config": .null], false),
    (["text_hash_threshold": .null, "operation_ttls": .null], false),
    (["ai_config": [:]], true),
    (["text_hash_threshold": 5], true),
    (["operation_ttls": [:]], true),
    (["text_size_tiers": [:]], true),
  ]

  @Test("a dictionary is for AI exactly if it says something about it", arguments: kinds)
  func kind(extra: [String: CacheValue], isAI: Bool) throws {
    let plan = try CachePlan(extra.merging(["redis_url": "redis://h"]) { $1 })
    #expect((plan.ai != nil) == isAI)
    #expect(plan.purpose == (isAI ? .aiApp : .webApp))
  }

  @Test("AI settings: those of ai_config with a configuration's defaults, flat ones with the factory's")
  func ai() throws {
    let nested = try CachePlan(["redis_url": "redis://h", "default_ttl": 9, "ai_config": [:]]).ai
    #expect(nested?.textHashThreshold == 1000)
    #expect(nested?.textSizeTiers == TextSizeTiers(small: 1000, medium: 10_000, large: 100_000))
    #expect(nested?.ttl(of: "sentiment") == .seconds(3600))
    #expect(nested?.ttl(of: "other") == .seconds(9))
    let flat = try CachePlan(["redis_url": "redis://h", "operation_ttls": .object([:])]).ai
    #expect(flat?.textHashThreshold == 500)
    #expect(flat?.textSizeTiers == TextSizeTiers())
    #expect(flat?.ttl(of: "sentiment") == .seconds(86_400))
    let both = try CachePlan([
      "redis_url": "redis://h", "text_hash_threshold": 3, "operation_ttls": ["mine": 4],
      "ai_config": ["text_hash_threshold": 5, "text_size_tiers": ["small": 6]],
    ]).ai
    #expect(both?.textHashThreshold == 3)
    #expect(both?.textSizeTiers.small == 6)
    #expect(both?.operationTTLs == ["mine": .seconds(4)])
  }

  @Test("what a configuration writes, the factory accepts and understands", arguments: 0..<300)
  func roundTrip(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let config = CacheConfig.random(&random)
    #expect(config.validate().errors == [], "seed \(seed)")
    let plan = try CachePlan(config.toDictionary())
    #expect((plan.redis == nil) == (config.redisURL == nil), "seed \(seed)")
    #expect(plan.defaultTTL == config.defaultTTL, "seed \(seed)")
    #expect(plan.memoryEntries == config.memoryCacheSize, "seed \(seed)")
    #expect((plan.ai == nil) == (config.ai == nil), "seed \(seed)")
    #expect(plan.ai?.textHashThreshold == config.ai?.textHashThreshold, "seed \(seed)")
    #expect(plan.ai?.textSizeTiers == config.ai?.textSizeTiers, "seed \(seed)")
    #expect(plan.ai?.operationTTLs == config.ai?.operationTTLs, "seed \(seed)")
    if let ai = plan.ai {
      #expect(throws: Never.self, "seed \(seed)") { try ai.validate() }
    }
    guard let redis = plan.redis else { return }
    #expect(redis.url == config.redisURL, "seed \(seed)")
    #expect(redis.password == config.redisPassword, "seed \(seed)")
    #expect(redis.useTLS == config.useTLS, "seed \(seed)")
    #expect(redis.l1Entries == config.memoryCacheSize, "seed \(seed)")
    #expect(redis.compressionThreshold == config.compressionThreshold, "seed \(seed)")
    #expect(redis.compressionLevel == config.compressionLevel, "seed \(seed)")
  }

  @Test("the presets are configurations that the factory accepts", arguments: CachePreset.allCases)
  func presets(preset: CachePreset) async throws {
    let made = try await CacheFactory().makeCache(from: preset.config)
    #expect(made.tier == .memory)
    #expect(made.fallback == nil)
    #expect((made.ai != nil) == (preset.config.ai != nil))
  }
}
