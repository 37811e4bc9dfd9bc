import Testing

@testable import SluiceCache

@Suite("The builder of configurations")
struct ConfigBuilderTests {
  @Test("the guide's example")
  func guide() throws {
    let config = try CacheConfigBuilder()
      .forEnvironment(.production)
      .withRedis("redis://production:6379")
      .withAIFeatures()
      .withCompression(threshold: 1000, level: 6)
      .build()
    #expect(
      config
        == CacheConfig(
          redisURL: "redis://production:6379", defaultTTL: .seconds(7200), memoryCacheSize: 200,
          environment: .production, ai: AIConfig()))
  }

  @Test("later steps win, and a builder that others were made from stays as it was")
  func order() throws {
    let base = CacheConfigBuilder().withMemoryCache(7).withDefaultTTL(.seconds(5))
    #expect(try base.forEnvironment(.testing).build().memoryCacheSize == 25)
    #expect(try base.forEnvironment(.testing).withMemoryCache(7).build().memoryCacheSize == 7)
    #expect(try base.build().memoryCacheSize == 7)
    #expect(try base.build().defaultTTL == .seconds(5))
  }

  @Test("an environment by name")
  func environmentName() throws {
    #expect(
      try CacheConfigBuilder().forEnvironment(named: "testing").build() == EnvironmentPresets.testing)
    let error = #expect(throws: CacheError.self) { try CacheConfigBuilder().forEnvironment(named: "staging") }
    #expect(error?.kind == .validation)
    #expect(
      error?.message
        == "Invalid environment: staging. Must be one of {'development', 'production', 'testing'}")
    #expect(
      error?.context == [
        "provided_environment": "staging", "valid_environments": ["development", "production", "testing"],
      ])
  }

  @Test("either file of TLS turns it on")
  func security() {
    #expect(CacheConfigBuilder().withSecurity(certificatePath: "/c").config.useTLS)
    #expect(CacheConfigBuilder().withSecurity(keyPath: "/k").config.useTLS)
    #expect(!CacheConfigBuilder().withSecurity().config.useTLS)
    #expect(CacheConfigBuilder().withRedis("redis://h", useTLS: true).withSecurity().config.useTLS)
  }

  @Test("AI options by name replace, and unknown ones are refused")
  func aiOptions() throws {
    let options: [String: CacheValue] = ["text_hash_threshold": 5, "operation_ttls": ["qa": 7]]
    let config = try CacheConfigBuilder().withAIFeatures(options: options).build()
    #expect(config.ai?.textHashThreshold == 5)
    #expect(config.ai?.operationTTLs == ["qa": .seconds(7)])
    let unknown = #expect(throws: CacheError.self) {
      try CacheConfigBuilder().withAIFeatures(options: ["zeal": 1, "colour": "red"])
    }
    #expect(unknown?.message == "Unknown AI configuration options: {'colour', 'zeal'}")
    #expect(unknown?.context["unknown_options"] == ["colour", "zeal"])
    #expect(
      unknown?.context["valid_options"] == [
        "enable_smart_promotion", "hash_algorithm", "max_text_length", "operation_ttls",
        "text_hash_threshold", "text_size_tiers",
      ])
    let wrong = #expect(throws: CacheError.self) {
      try CacheConfigBuilder().withAIFeatures(options: ["text_size_tiers": ["small": "1", "huge": 2]])
    }
    #expect(
      wrong?.message == "AI configuration options are invalid: text_size_tiers.small must be an integer; "
        + "text_size_tiers.huge is an unknown setting")
  }

  @Test("AI features are changed step by step")
  func aiSteps() throws {
    let config = try CacheConfigBuilder()
      .withAIFeatures { $0.textHashThreshold = 10 }
      .withAIFeatures { $0.operationTTLs["qa"] = .seconds(1) }
      .build()
    #expect(config.ai?.textHashThreshold == 10)
    #expect(config.ai?.operationTTLs["qa"] == .seconds(1))
    #expect(config.ai?.operationTTLs["summarize"] == .seconds(7200))
  }

  @Test("what is wrong is told all at once")
  func build() {
    let builder = CacheConfigBuilder().withRedis("invalid-url").withMemoryCache(0)
      .withSecurity(certificatePath: "/no/such/certificate")
    let error = #expect(throws: CacheError.self) { try builder.build() }
    #expect(error?.kind == .validation)
    #expect(
      error?.message
        == "Configuration validation failed: redis_url must start with 'redis://' or 'rediss://'; "
        + "memory_cache_size must be positive")
    #expect(
      error?.context["errors"] == [
        "redis_url must start with 'redis://' or 'rediss://'", "memory_cache_size must be positive",
      ])
    #expect(
      error?.context["warnings"] == [
        "TLS certificate file not found: /no/such/certificate"
      ])
  }

  struct Fault: Sendable {
    let error: String
    let change: @Sendable (inout CacheConfig) -> Void

    init(_ error: String, _ change: @escaping @Sendable (inout CacheConfig) -> Void) {
      self.error = error
      self.change = change
    }
  }

  static let errors: [Fault] = [
    Fault("redis_url must start with 'redis://' or 'rediss://'") { $0.redisURL = "http://h" },
    Fault("redis_url cannot be empty") { $0.redisURL = " " },
    Fault("redis_url must include host information") { $0.redisURL = "redis:///" },
    Fault("default_ttl must be positive") { $0.defaultTTL = .zero },
    Fault("default_ttl must be positive") { $0.defaultTTL = .seconds(-5) },
    Fault("default_ttl must not exceed 365 days (31,536,000 seconds)") {
      $0.defaultTTL = .seconds(31_536_001)
    },
    Fault("default_ttl must be a whole number of seconds") { $0.defaultTTL = .milliseconds(1500) },
    Fault("memory_cache_size must be positive") { $0.memoryCacheSize = 0 },
    Fault("compression_level must be between 1 and 9") { $0.compressionLevel = 0 },
    Fault("compression_level must be between 1 and 9") { $0.compressionLevel = 10 },
    Fault("compression_threshold must be non-negative") { $0.compressionThreshold = -1 },
    Fault("text_hash_threshold must be positive") { $0.ai = AIConfig(textHashThreshold: 0) },
    Fault("text_size_tiers['small'] must be a positive integer") {
      $0.ai = AIConfig(textSizeTiers: .init(small: 0))
    },
    Fault("text_size_tiers must be in ascending order: small < medium < large") {
      $0.ai = AIConfig(textSizeTiers: .init(small: 10, medium: 10, large: 20))
    },
    Fault("text_hash_threshold must not exceed 100,000") { $0.ai = AIConfig(textHashThreshold: 100_001) },
    Fault("operation_ttls['qa'] must be a positive integer") {
      $0.ai = AIConfig(operationTTLs: ["qa": .zero])
    },
    Fault("operation_ttls keys must be non-empty strings") {
      $0.ai = AIConfig(operationTTLs: ["": .seconds(1)])
    },
    Fault("hash_algorithm 'rot13' is not supported") { $0.ai = AIConfig(hashAlgorithm: "rot13") },
    Fault("max_text_length must be positive") { $0.ai = AIConfig(maxTextLength: 0) },
    Fault("TLS certificate file not found: /no/c") {
      $0 = CacheConfig(useTLS: true, tlsCertificatePath: "/no/c", environment: .production)
    },
    Fault("TLS key file not found: /no/k") {
      $0 = CacheConfig(useTLS: true, tlsKeyPath: "/no/k", environment: .production)
    },
  ]

  @Test("errors, in the guide's words", arguments: errors)
  func error(fault: Fault) {
    var config = CacheConfig()
    fault.change(&config)
    #expect(config.validate().errors == [fault.error])
    #expect(!config.validate().isValid)
  }

  static let warnings: [Fault] = [
    Fault("operation_ttls['qa'] is longer than a week (604,800 seconds)") {
      $0.ai = AIConfig(operationTTLs: ["qa": .seconds(604_801)])
    }
  ]

  @Test("warnings do not stop a build", arguments: warnings)
  func warning(fault: Fault) {
    var config = CacheConfig()
    fault.change(&config)
    #expect(config.validate() == CacheConfig.Validation(warnings: [fault.error]))
    #expect(throws: Never.self) { try CacheConfigBuilder(config).build() }
  }

  @Test("the limits themselves are allowed")
  func limits() {
    let config = CacheConfig(
      redisURL: "rediss://h", defaultTTL: .seconds(31_536_000), memoryCacheSize: 1, compressionThreshold: 0,
      compressionLevel: 9, ai: AIConfig(textHashThreshold: 1, operationTTLs: ["x": .seconds(604_800)]))
    #expect(config.validate() == CacheConfig.Validation())
  }
}
