/// Puts a ``CacheConfig`` together, step by step, and checks it as a whole.
///
/// A value: every step returns a new builder. Later steps win over earlier ones, so a preset comes first.
public struct CacheConfigBuilder: Sendable {
  var config = CacheConfig()
  /// What the sources said that nobody understood.
  var sourceWarnings: [String] = []

  /// Starts with the defaults of ``CacheConfig``.
  public init() {}

  /// Starts with a configuration that is there already, such as one of ``EnvironmentPresets``.
  public init(_ config: CacheConfig) {
    self.config = config
  }

  /// Takes the time to live, sizes and compression of an environment, over what was set before.
  public func forEnvironment(_ environment: CacheConfig.Environment) -> Self {
    sized(as: EnvironmentPresets.of(environment))
  }

  /// Takes the settings of the environment of this name.
  /// - Throws: `validation` for any other name than development, testing and production.
  public func forEnvironment(named name: String) throws(CacheError) -> Self {
    guard let environment = CacheConfig.Environment(rawValue: name) else {
      let valid = CacheConfig.Environment.allCases.map(\.rawValue).sorted()
      throw CacheError(
        .validation, "Invalid environment: \(name). Must be one of \(pythonSet(valid))",
        context: [
          "provided_environment": .string(name),
          "valid_environments": .array(valid.map(CacheValue.string)),
        ])
    }
    return forEnvironment(environment)
  }

  /// Takes the settings of a named preset, AI features included; ``CachePreset/disabled`` also forgets the
  /// Redis.
  public func withPreset(_ preset: CachePreset) -> Self {
    changed {
      let before = $0.config
      $0 = $0.sized(as: preset.config)
      $0.config.ai = preset.config.ai
      $0.config.redisURL = preset == .disabled ? nil : before.redisURL
    }
  }

  /// Names the Redis.
  /// - Parameters:
  ///   - url: `redis://[user:password@]host[:port][/db]`, checked by ``build()``.
  ///   - password: if it is not in the URL.
  ///   - useTLS: whether it is reached by TLS although the URL says `redis://`.
  public func withRedis(_ url: String, password: String? = nil, useTLS: Bool = false) -> Self {
    changed {
      $0.config.redisURL = url
      $0.config.redisPassword = password
      $0.config.useTLS = useTLS
    }
  }

  /// Names the files of TLS; either turns TLS on.
  public func withSecurity(certificatePath: String? = nil, keyPath: String? = nil) -> Self {
    changed {
      $0.config.tlsCertificatePath = certificatePath
      $0.config.tlsKeyPath = keyPath
      if certificatePath != nil || keyPath != nil { $0.config.useTLS = true }
    }
  }

  /// Sets from how many bytes on values are compressed, and how hard zlib tries (1 to 9).
  public func withCompression(threshold: Int = 1000, level: Int = 6) -> Self {
    changed {
      $0.config.compressionThreshold = threshold
      $0.config.compressionLevel = level
    }
  }

  /// Sets the entries of the L1 tier, or of the cache in memory.
  public func withMemoryCache(_ entries: Int) -> Self {
    changed { $0.config.memoryCacheSize = entries }
  }

  /// Sets how long an entry lives that is stored without a time to live: whole seconds.
  public func withDefaultTTL(_ ttl: Duration) -> Self {
    changed { $0.config.defaultTTL = ttl }
  }

  /// Makes it a cache of AI responses; `configure` changes what is there, or the defaults.
  public func withAIFeatures(_ configure: (inout AIConfig) -> Void = { _ in }) -> Self {
    changed {
      var ai = $0.config.ai ?? AIConfig()
      configure(&ai)
      $0.config.ai = ai
    }
  }

  /// Makes it a cache of AI responses with options by their names in files; values replace, they do not
  /// merge.
  /// - Throws: `validation` for unknown options and for values of another type.
  public func withAIFeatures(options: [String: CacheValue]) throws(CacheError) -> Self {
    let valid = Set(AIConfig().toDictionary().keys)
    let unknown = options.keys.filter { !valid.contains($0) }.sorted()
    guard unknown.isEmpty else {
      throw CacheError(
        .validation, "Unknown AI configuration options: \(pythonSet(unknown))",
        context: [
          "unknown_options": .array(unknown.map(CacheValue.string)),
          "valid_options": .array(valid.sorted().map(CacheValue.string)),
        ])
    }
    var reader = SettingsReader(options)
    let made = withAIFeatures { $0.apply(&reader) }
    let problems = reader.errors + reader.unknown.map { "\($0) is an unknown setting" }
    guard problems.isEmpty else {
      throw .validation("AI configuration options are invalid", problems)
    }
    return made
  }

  /// Checks what has been set so far, and what the sources said.
  public func validate() -> CacheConfig.Validation {
    var found = config.validate()
    found.warnings = sourceWarnings + found.warnings
    return found
  }

  /// The finished configuration.
  /// - Throws: `validation` with every error in one message, and errors and warnings in the context.
  public func build() throws(CacheError) -> CacheConfig {
    let found = validate()
    guard found.isValid else {
      throw CacheError(
        .validation, "Configuration validation failed: \(found.errors.joined(separator: "; "))",
        context: [
          "errors": .array(found.errors.map(CacheValue.string)),
          "warnings": .array(found.warnings.map(CacheValue.string)),
        ])
    }
    return config
  }

  /// The settings so far by their names in files.
  public func toDictionary() -> [String: CacheValue] { config.toDictionary() }

  func changed(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }

  private func sized(as preset: CacheConfig) -> Self {
    changed {
      $0.config.environment = preset.environment
      $0.config.defaultTTL = preset.defaultTTL
      $0.config.memoryCacheSize = preset.memoryCacheSize
      $0.config.compressionThreshold = preset.compressionThreshold
      $0.config.compressionLevel = preset.compressionLevel
    }
  }

  /// A set as the original's messages write it.
  private func pythonSet(_ names: [String]) -> String {
    "{\(names.map { "'\($0)'" }.joined(separator: ", "))}"
  }
}
