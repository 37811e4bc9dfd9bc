import Testing

@testable import SluiceCache

@Suite("Defaults and presets of a configuration")
struct ConfigDefaultsTests {
  @Test("the defaults are the guide's")
  func defaults() {
    #expect(
      CacheConfig().toDictionary() == [
        "redis_url": .null, "redis_password": .null, "use_tls": false, "tls_cert_path": .null,
        "tls_key_path": .null, "default_ttl": 3600, "memory_cache_size": 100, "compression_threshold": 1000,
        "compression_level": 6, "environment": "development", "ai_config": .null,
      ])
    #expect(
      AIConfig().toDictionary() == [
        "text_hash_threshold": 1000, "hash_algorithm": "sha256",
        "text_size_tiers": ["small": 1000, "medium": 10_000, "large": 100_000],
        "operation_ttls": [
          "summarize": 7200, "sentiment": 3600, "key_points": 5400, "questions": 4800, "qa": 3600,
        ],
        "enable_smart_promotion": true, "max_text_length": 100_000,
      ])
  }

  struct Row: Sendable {
    let name: String
    let config: CacheConfig
    let ttl, entries, threshold, level: Int
    let environment: CacheConfig.Environment
    let ai: Bool
  }

  static let environments: [Row] = [
    Row(
      name: "development", config: EnvironmentPresets.development, ttl: 1800, entries: 50, threshold: 2000,
      level: 4, environment: .development, ai: false),
    Row(
      name: "testing", config: EnvironmentPresets.testing, ttl: 60, entries: 25, threshold: 1000, level: 1,
      environment: .testing, ai: false),
    Row(
      name: "production", config: EnvironmentPresets.production, ttl: 7200, entries: 200, threshold: 1000,
      level: 6, environment: .production, ai: false),
    Row(
      name: "ai_development", config: EnvironmentPresets.aiDevelopment, ttl: 1800, entries: 50,
      threshold: 2000, level: 4, environment: .development, ai: true),
    Row(
      name: "ai_production", config: EnvironmentPresets.aiProduction, ttl: 7200, entries: 200,
      threshold: 1000, level: 6, environment: .production, ai: true),
  ]

  static let named: [Row] = [
    ("disabled", 300, 10, 10_000, 1, false), ("minimal", 900, 25, 5000, 1, false),
    ("simple", 3600, 100, 1000, 6, false), ("development", 600, 50, 2000, 3, false),
    ("production", 7200, 500, 500, 9, false), ("ai-development", 1800, 100, 1000, 6, true),
    ("ai-production", 14_400, 1000, 300, 9, true),
  ].compactMap { name, ttl, entries, threshold, level, ai in
    CachePreset(rawValue: name).map {
      Row(
        name: name, config: $0.config, ttl: ttl, entries: entries, threshold: threshold, level: level,
        environment: name.hasSuffix("production") ? .production : .development, ai: ai)
    }
  }

  @Test("presets", arguments: environments + named)
  func preset(row: Row) {
    #expect(row.config.redisURL == nil)
    #expect(row.config.defaultTTL == .seconds(row.ttl))
    #expect(row.config.memoryCacheSize == row.entries)
    #expect(row.config.compressionThreshold == row.threshold)
    #expect(row.config.compressionLevel == row.level)
    #expect(row.config.environment == row.environment)
    #expect((row.config.ai != nil) == row.ai)
    #expect(row.config.validate() == CacheConfig.Validation())
  }

  @Test("every preset has its row")
  func complete() {
    #expect(Self.named.map(\.name) == CachePreset.allCases.map(\.rawValue))
  }

  @Test("the AI presets of environments differ from the defaults where the guide says so")
  func aiPresets() {
    #expect(EnvironmentPresets.aiDevelopment.ai == AIConfig(textHashThreshold: 500))
    #expect(EnvironmentPresets.aiProduction.ai == AIConfig(maxTextLength: 200_000))
  }
}
