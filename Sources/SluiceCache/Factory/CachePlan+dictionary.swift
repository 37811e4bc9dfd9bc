extension CachePlan {
  /// What the rules of ``FactoryRules`` check.
  private static let ruled = [
    "redis_url", "default_ttl", "fail_on_connection_error", "enable_l1_cache", "l1_cache_size",
    "compression_threshold", "compression_level", "memory_cache_size",
  ]
  /// What may stand beside the others instead of in `ai_config`.
  private static let flatAI = ["text_hash_threshold", "text_size_tiers", "operation_ttls", "hash_algorithm"]

  /// The plan that a dictionary asks for.
  ///
  /// - Throws: `validation`: in the guide's words for what the guide knows, and with the names of what nobody
  ///   knows. The original takes an unknown name for a reason to fall back to memory in silence; its own
  ///   configurations have some.
  init(_ dictionary: [String: CacheValue], options: RedisOptions = RedisOptions()) throws(CacheError) {
    guard !dictionary.isEmpty else { throw CacheError(.validation, "config dictionary cannot be empty") }
    guard let url = dictionary["redis_url"] else {
      throw CacheError(
        .validation, "redis_url is required in config",
        context: ["config_keys": .array(dictionary.keys.sorted().map(CacheValue.string))])
    }
    var redis = RedisCache.Settings(url: url.text ?? "")
    var reader = SettingsReader(dictionary)
    reader.expect(Self.ruled + Self.flatAI + ["ai_config"])
    reader.text("redis_password") { redis.password = $0 }
    reader.boolean("use_tls") { redis.useTLS = $0 }
    reader.text("tls_cert_path") { redis.tlsCertificatePath = $0 }
    reader.text("tls_key_path") { redis.tlsKeyPath = $0 }
    var options = options
    options.apply(&reader)
    redis.apply(options)
    reader.choice("environment") { (_: CacheConfig.Environment) in }
    let entries = (dictionary["l1_cache_size"]?.number, dictionary["memory_cache_size"]?.number)
    // Null is what a configuration without a Redis says.
    var problems = FactoryRules.problems(
      url == .null ? dictionary.filter { $0.key != "redis_url" } : dictionary)
    problems += reader.errors + reader.unknown.map { "\($0) is an unknown setting" }
    if let l1 = entries.0, let memory = entries.1, l1 != memory {
      problems.append("l1_cache_size and memory_cache_size differ; give one of them")
    }
    guard problems.isEmpty else { throw FactoryRules.error(problems, dictionary) }

    let size = entries.0 ?? entries.1 ?? 100
    redis.defaultTTL = .seconds(dictionary["default_ttl"]?.number ?? 3600)
    redis.l1Entries = dictionary["enable_l1_cache"] == false ? nil : size
    redis.compressionThreshold = dictionary["compression_threshold"]?.number ?? 1000
    redis.compressionLevel = dictionary["compression_level"]?.number ?? 6
    let ai = try Self.ai(dictionary, defaultTTL: redis.defaultTTL)
    self.init(
      purpose: ai == nil ? .webApp : .aiApp, redis: url == .null ? nil : redis,
      defaultTTL: redis.defaultTTL, memoryEntries: size, ai: ai)
  }

  /// The settings of AI responses; nil if the dictionary says nothing about them.
  private static func ai(
    _ dictionary: [String: CacheValue], defaultTTL: Duration
  ) throws(CacheError) -> AIResponseCache.Settings? {
    let flat = dictionary.filter { flatAI.contains($0.key) && $0.value != .null }
    let nested = dictionary["ai_config"] ?? .null
    var problems = FactoryRules.aiProblems(
      flat.merging(dictionary.filter { $0.key == "memory_cache_size" }) { $1 })
    guard problems.isEmpty else { throw FactoryRules.aiError(problems) }
    guard !flat.isEmpty || nested != .null else { return nil }

    // What `ai_config` leaves out has the defaults of a configuration; without it, those of `forAIApp`.
    var config =
      nested == .null
      ? AIConfig(textHashThreshold: 500, textSizeTiers: TextSizeTiers(), operationTTLs: [:]) : AIConfig()
    for settings in [["ai_config": nested], flat] {
      var reader = SettingsReader(settings)
      if settings["ai_config"] != nil {
        reader.object("ai_config") { config.apply(&$0) }
      } else {
        config.apply(&reader)
      }
      problems += reader.errors + reader.unknown.map { "\($0) is an unknown setting" }
    }
    problems += config.validate().errors
    guard problems.isEmpty else { throw FactoryRules.aiError(problems) }
    try FactoryRules.checkAILimits(dictionary)
    var settings = AIResponseCache.Settings()
    settings.textHashThreshold = config.textHashThreshold
    settings.textSizeTiers = config.textSizeTiers
    settings.operationTTLs = config.operationTTLs
    settings.defaultTTL = defaultTTL
    return settings
  }
}

extension CacheValue {
  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
  fileprivate var number: Int? { if case .int(let number) = self { number } else { nil } }
}
