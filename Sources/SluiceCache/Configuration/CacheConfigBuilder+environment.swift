import Foundation

extension CacheConfigBuilder {
  /// Takes over the `CACHE_*` variables. A variable that is absent or empty says nothing.
  ///
  /// `CACHE_PRESET` comes first and the others win over it, except that `CACHE_PRESET=disabled` keeps the
  /// cache in memory whatever `CACHE_REDIS_URL` says. `CACHE_ENVIRONMENT` sets the name alone, not the preset
  /// of that name. The variables of AI features are read if `CACHE_ENABLE_AI_FEATURES` is `true`, `1` or
  /// `yes`.
  ///
  /// - Throws: `configuration` that names the variable; its value is not repeated where it may be a secret.
  public func fromEnvironment(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(CacheError) -> Self {
    var builder = self
    let variables = Variables(environment)
    let preset: CachePreset? = try variables.choice("CACHE_PRESET", field: "preset")
    if let preset { builder = builder.withPreset(preset) }
    if preset != .disabled, let url = variables["CACHE_REDIS_URL"] { builder.config.redisURL = url }
    if let password = variables["CACHE_REDIS_PASSWORD"] { builder.config.redisPassword = password }
    if let tls = variables.boolean("CACHE_USE_TLS") { builder.config.useTLS = tls }
    if let path = variables["CACHE_TLS_CERT_PATH"] { builder.config.tlsCertificatePath = path }
    if let path = variables["CACHE_TLS_KEY_PATH"] { builder.config.tlsKeyPath = path }
    if let ttl = try variables.integer("CACHE_DEFAULT_TTL", field: "default_ttl") {
      builder.config.defaultTTL = .seconds(ttl)
    }
    if let size = try variables.integer("CACHE_MEMORY_SIZE", field: "memory_cache_size") {
      builder.config.memoryCacheSize = size
    }
    if let threshold = try variables.integer("CACHE_COMPRESSION_THRESHOLD", field: "compression_threshold") {
      builder.config.compressionThreshold = threshold
    }
    if let level = try variables.integer("CACHE_COMPRESSION_LEVEL", field: "compression_level") {
      builder.config.compressionLevel = level
    }
    if let name: CacheConfig.Environment = try variables.choice("CACHE_ENVIRONMENT", field: "environment") {
      builder.config.environment = name
    }
    try builder.config.redis.apply(variables)
    if ["true", "1", "yes"].contains(variables["CACHE_ENABLE_AI_FEATURES"]?.lowercased()) {
      var ai = builder.config.ai ?? AIConfig()
      try ai.apply(variables)
      builder.config.ai = ai
    }
    return builder
  }
}

extension AIConfig {
  fileprivate mutating func apply(_ variables: Variables) throws(CacheError) {
    if let threshold = try variables.integer("CACHE_TEXT_HASH_THRESHOLD", field: "text_hash_threshold") {
      textHashThreshold = threshold
    }
    if let algorithm = variables["CACHE_HASH_ALGORITHM"] { hashAlgorithm = algorithm }
    if let smart = variables.boolean("CACHE_ENABLE_SMART_PROMOTION") { enableSmartPromotion = smart }
    if let length = try variables.integer("CACHE_MAX_TEXT_LENGTH", field: "max_text_length") {
      maxTextLength = length
    }
    guard let text = variables["CACHE_OPERATION_TTLS"] else { return }
    let table = try SettingsDocument.json(text, "Invalid JSON in CACHE_OPERATION_TTLS")
    guard case .object(let members) = table else {
      throw CacheError(.configuration, "CACHE_OPERATION_TTLS must be a JSON object")
    }
    var reader = SettingsReader(members)
    for operation in reader.names {
      reader.integer(operation) { operationTTLs[operation] = .seconds($0) }
    }
    guard reader.errors.isEmpty else {
      throw CacheError(
        .configuration,
        "Invalid value for CACHE_OPERATION_TTLS: \(reader.errors.joined(separator: "; "))",
        context: ["field": "operation_ttls", "env_var": "CACHE_OPERATION_TTLS"])
    }
  }
}

extension RedisOptions {
  fileprivate mutating func apply(_ variables: Variables) throws(CacheError) {
    func time(_ name: String, _ field: String, _ path: WritableKeyPath<RedisOptions, Duration>)
      throws(CacheError)
    {
      if let value = try variables.integer(name, field: field) { self[keyPath: path] = .milliseconds(value) }
    }
    if let count = try variables.integer("CACHE_CONNECTIONS", field: "connections") { connections = count }
    try time("CACHE_CONNECT_TIMEOUT_MS", "connect_timeout_ms", \.connectTimeout)
    try time("CACHE_COMMAND_TIMEOUT_MS", "command_timeout_ms", \.commandTimeout)
    try time("CACHE_RETRY_AFTER_MS", "retry_after_ms", \.retryAfter)
    if let prefix = variables["CACHE_KEY_PREFIX"] { keyPrefix = prefix }
    guard let text = variables["CACHE_VALUE_FORMAT"] else { return }
    guard let format = ValueFormat(text.lowercased()) else {
      throw variables.invalid("CACHE_VALUE_FORMAT", text, "value_format", "not one of \(Self.formats)")
    }
    valueFormat = format
  }
}

/// The environment, an empty variable being the same as none.
private struct Variables {
  private let environment: [String: String]

  init(_ environment: [String: String]) {
    self.environment = environment
  }

  subscript(name: String) -> String? {
    environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// `true`, `1`, `yes` and `on` are true, and everything else that is said is false, as in the original.
  func boolean(_ name: String) -> Bool? {
    self[name].map { ["true", "1", "yes", "on"].contains($0.lowercased()) }
  }

  func integer(_ name: String, field: String) throws(CacheError) -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text.trimmingCharacters(in: .whitespaces)) else {
      throw invalid(name, text, field, "not a whole number")
    }
    return number
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, field: String
  ) throws(CacheError) -> Choice? {
    guard let text = self[name] else { return nil }
    guard let choice = Choice(rawValue: text.lowercased()) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(name, text, field, "not one of \(all)")
    }
    return choice
  }

  func invalid(_ name: String, _ text: String, _ field: String, _ reason: String) -> CacheError {
    CacheError(
      .configuration, "Invalid value for \(name): \(text) is \(reason)",
      context: ["field": .string(field), "env_var": .string(name), "error": .string(reason)])
  }
}
