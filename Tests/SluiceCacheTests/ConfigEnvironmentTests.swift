import Testing

@testable import SluiceCache

@Suite("A configuration from the environment")
struct ConfigEnvironmentTests {
  private func config(_ environment: [String: String]) throws -> CacheConfig {
    try CacheConfigBuilder().fromEnvironment(environment).config
  }

  @Test("every variable")
  func all() throws {
    let made = try config([
      "CACHE_REDIS_URL": "redis://db", "CACHE_REDIS_PASSWORD": "hush", "CACHE_USE_TLS": "yes",
      "CACHE_TLS_CERT_PATH": "/c", "CACHE_TLS_KEY_PATH": "/k", "CACHE_DEFAULT_TTL": "11",
      "CACHE_MEMORY_SIZE": "12", "CACHE_COMPRESSION_THRESHOLD": "13", "CACHE_COMPRESSION_LEVEL": "4",
      "CACHE_ENVIRONMENT": "production", "CACHE_ENABLE_AI_FEATURES": "true",
      "CACHE_TEXT_HASH_THRESHOLD": "14", "CACHE_HASH_ALGORITHM": "sha256",
      "CACHE_ENABLE_SMART_PROMOTION": "false", "CACHE_MAX_TEXT_LENGTH": "15",
      "CACHE_OPERATION_TTLS": #"{"qa": 16, "mine": 17}"#,
    ])
    var operations = AIConfig.defaultOperationTTLs
    operations["qa"] = .seconds(16)
    operations["mine"] = .seconds(17)
    #expect(
      made
        == CacheConfig(
          redisURL: "redis://db", redisPassword: "hush", useTLS: true, tlsCertificatePath: "/c",
          tlsKeyPath: "/k", defaultTTL: .seconds(11), memoryCacheSize: 12, compressionThreshold: 13,
          compressionLevel: 4, environment: .production,
          ai: AIConfig(
            textHashThreshold: 14, operationTTLs: operations, enableSmartPromotion: false, maxTextLength: 15))
    )
  }

  @Test("an empty environment and empty variables change nothing")
  func empty() throws {
    let builder = CacheConfigBuilder().withRedis("redis://kept").withMemoryCache(3)
    #expect(try builder.fromEnvironment([:]).config == builder.config)
    let blank = ["CACHE_REDIS_URL": "", "CACHE_MEMORY_SIZE": "", "CACHE_PRESET": "", "CACHE_USE_TLS": ""]
    #expect(try builder.fromEnvironment(blank).config == builder.config)
  }

  @Test("the environment's name brings no preset")
  func nameOnly() throws {
    #expect(try config(["CACHE_ENVIRONMENT": "testing"]) == CacheConfig(environment: .testing))
  }

  @Test(
    "truth values",
    arguments: [
      ("true", true), ("1", true), ("YES", true), ("on", true), ("false", false), ("0", false),
      ("maybe", false),
    ])
  func truth(text: String, value: Bool) throws {
    #expect(try config(["CACHE_USE_TLS": text]).useTLS == value)
  }

  @Test(
    "what turns AI features on",
    arguments: [("true", true), ("1", true), ("Yes", true), ("on", false), ("false", false)])
  func ai(text: String, value: Bool) throws {
    let made = try config(["CACHE_ENABLE_AI_FEATURES": text, "CACHE_TEXT_HASH_THRESHOLD": "7"])
    #expect((made.ai?.textHashThreshold == 7) == value)
  }

  @Test("presets by name, and variables win over them", arguments: CachePreset.allCases)
  func preset(preset: CachePreset) throws {
    let environment = ["CACHE_PRESET": preset.rawValue, "CACHE_REDIS_URL": "redis://db"]
    var expected = preset.config
    expected.redisURL = preset == .disabled ? nil : "redis://db"
    #expect(try config(environment) == expected)
    expected.compressionLevel = 8
    #expect(try config(environment.merging(["CACHE_COMPRESSION_LEVEL": "8"]) { $1 }) == expected)
  }

  @Test("a preset keeps the Redis that is there, and disabled forgets it")
  func presetOverRedis() {
    let builder = CacheConfigBuilder().withRedis("redis://db", password: "p").withAIFeatures()
    #expect(builder.withPreset(.simple).config.redisURL == "redis://db")
    #expect(builder.withPreset(.simple).config.ai == nil)
    #expect(builder.withPreset(.disabled).config.redisURL == nil)
  }

  static let faults: [(variables: [String: String], message: String)] = [
    (["CACHE_DEFAULT_TTL": "1h"], "Invalid value for CACHE_DEFAULT_TTL: 1h is not a whole number"),
    (["CACHE_MEMORY_SIZE": "1.5"], "Invalid value for CACHE_MEMORY_SIZE: 1.5 is not a whole number"),
    (
      ["CACHE_COMPRESSION_THRESHOLD": "99999999999999999999"],
      "Invalid value for CACHE_COMPRESSION_THRESHOLD: 99999999999999999999 is not a whole number"
    ),
    (["CACHE_COMPRESSION_LEVEL": "x"], "Invalid value for CACHE_COMPRESSION_LEVEL: x is not a whole number"),
    (
      ["CACHE_ENVIRONMENT": "staging"],
      "Invalid value for CACHE_ENVIRONMENT: staging is not one of development, testing, production"
    ),
    (
      ["CACHE_PRESET": "fast"],
      "Invalid value for CACHE_PRESET: fast is not one of disabled, minimal, simple, development, production, "
        + "ai-development, ai-production"
    ),
    (
      ["CACHE_ENABLE_AI_FEATURES": "1", "CACHE_TEXT_HASH_THRESHOLD": "x"],
      "Invalid value for CACHE_TEXT_HASH_THRESHOLD: x is not a whole number"
    ),
    (
      ["CACHE_ENABLE_AI_FEATURES": "1", "CACHE_OPERATION_TTLS": "[1]"],
      "CACHE_OPERATION_TTLS must be a JSON object"
    ),
    (
      ["CACHE_ENABLE_AI_FEATURES": "1", "CACHE_OPERATION_TTLS": #"{"qa": "1"}"#],
      "Invalid value for CACHE_OPERATION_TTLS: qa must be an integer"
    ),
  ]

  @Test("what is wrong names its variable", arguments: faults)
  func fault(variables: [String: String], message: String) {
    let error = #expect(throws: CacheError.self) { try config(variables) }
    #expect(error?.kind == .configuration)
    #expect(error?.message == message)
  }

  @Test("the context of a wrong number, and broken JSON")
  func context() {
    let number = #expect(throws: CacheError.self) { try config(["CACHE_DEFAULT_TTL": "x"]) }
    #expect(
      number?.context == [
        "field": "default_ttl", "env_var": "CACHE_DEFAULT_TTL", "error": "not a whole number",
      ])
    let json = #expect(throws: CacheError.self) {
      try config(["CACHE_ENABLE_AI_FEATURES": "1", "CACHE_OPERATION_TTLS": "{"])
    }
    #expect(json?.message.hasPrefix("Invalid JSON in CACHE_OPERATION_TTLS: ") == true)
  }

  @Test("the AI variables are not read while AI features are off")
  func aiOff() throws {
    #expect(try config(["CACHE_OPERATION_TTLS": "{", "CACHE_TEXT_HASH_THRESHOLD": "x"]) == CacheConfig())
  }
}
