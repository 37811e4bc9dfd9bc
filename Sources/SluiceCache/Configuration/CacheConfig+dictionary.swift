extension CacheConfig {
  /// The settings by their names in files: what ``CacheFactory/makeCache(from:)`` accepts and
  /// ``CacheConfigBuilder`` reads.
  ///
  /// Durations are whole seconds, what is absent is null; of ``RedisOptions`` those that differ from the defaults. The
  /// password is in it: do not log it.
  public func toDictionary() -> [String: CacheValue] {
    [
      "redis_url": .init(redisURL),
      "redis_password": .init(redisPassword),
      "use_tls": .bool(useTLS),
      "tls_cert_path": .init(tlsCertificatePath),
      "tls_key_path": .init(tlsKeyPath),
      "default_ttl": .int(defaultTTL.wholeSeconds),
      "memory_cache_size": .int(memoryCacheSize),
      "compression_threshold": .int(compressionThreshold),
      "compression_level": .int(compressionLevel),
      "environment": .string(environment.rawValue),
      "ai_config": ai.map { .object($0.toDictionary()) } ?? .null,
    ].merging(redis.toDictionary()) { $1 }
  }

  /// Takes over every known setting that `reader` has; null leaves the optional ones empty and the others as
  /// they are.
  mutating func apply(_ reader: inout SettingsReader) {
    reader.text("redis_url") { redisURL = $0 }
    reader.text("redis_password") { redisPassword = $0 }
    reader.boolean("use_tls") { useTLS = $0 }
    reader.text("tls_cert_path") { tlsCertificatePath = $0 }
    reader.text("tls_key_path") { tlsKeyPath = $0 }
    reader.integer("default_ttl") { defaultTTL = .seconds($0) }
    reader.integer("memory_cache_size") { memoryCacheSize = $0 }
    reader.integer("compression_threshold") { compressionThreshold = $0 }
    reader.integer("compression_level") { compressionLevel = $0 }
    reader.choice("environment") { environment = $0 }
    redis.apply(&reader)
    if reader.isNull("ai_config") { ai = nil }
    reader.object("ai_config") { members in
      var config = ai ?? AIConfig()
      config.apply(&members)
      ai = config
    }
  }
}

extension AIConfig {
  /// The settings by their names in files; durations are whole seconds.
  public func toDictionary() -> [String: CacheValue] {
    [
      "text_hash_threshold": .int(textHashThreshold),
      "hash_algorithm": .string(hashAlgorithm),
      "text_size_tiers": .object([
        "small": .int(textSizeTiers.small),
        "medium": .int(textSizeTiers.medium),
        "large": .int(textSizeTiers.large),
      ]),
      "operation_ttls": .object(operationTTLs.mapValues { .int($0.wholeSeconds) }),
      "enable_smart_promotion": .bool(enableSmartPromotion),
      "max_text_length": .int(maxTextLength),
    ]
  }

  /// Takes over every known setting that `reader` has. A table of operations replaces the one before.
  mutating func apply(_ reader: inout SettingsReader) {
    reader.integer("text_hash_threshold") { textHashThreshold = $0 }
    reader.text("hash_algorithm") { if let name = $0 { hashAlgorithm = name } }
    reader.object("text_size_tiers") { tiers in
      tiers.integer("small") { textSizeTiers.small = $0 }
      tiers.integer("medium") { textSizeTiers.medium = $0 }
      tiers.integer("large") { textSizeTiers.large = $0 }
    }
    reader.object("operation_ttls") { table in
      operationTTLs = [:]
      for operation in table.names {
        table.integer(operation) { operationTTLs[operation] = .seconds($0) }
      }
    }
    reader.boolean("enable_smart_promotion") { enableSmartPromotion = $0 }
    reader.integer("max_text_length") { maxTextLength = $0 }
  }
}

extension CacheValue {
  /// The text, or null where there is none.
  init(_ text: String?) { self = text.map(CacheValue.string) ?? .null }

  /// The value as a person writes it, for messages.
  var plain: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let value): value
    case .array(let elements): "[\(elements.map(\.plain).joined(separator: ", "))]"
    case .object(let members):
      "{\(members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.plain)" }.joined(separator: ", "))}"
    }
  }
}

extension Duration {
  /// The seconds without their fraction.
  var wholeSeconds: Int { Int(components.seconds) }
}
