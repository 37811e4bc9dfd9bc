import Foundation

extension CacheConfig {
  /// What ``CacheConfig/validate()`` found.
  public struct Validation: Sendable, Hashable {
    /// What must be changed before a cache can be made.
    public var errors: [String]
    /// What works and is probably not meant.
    public var warnings: [String]

    /// Whether a cache can be made.
    public var isValid: Bool { errors.isEmpty }

    public init(errors: [String] = [], warnings: [String] = []) {
      self.errors = errors
      self.warnings = warnings
    }
  }

  /// Checks everything that can be checked without asking Redis.
  public func validate() -> Validation {
    var found = Validation()
    if let redisURL { found.errors += RedisURLRule.problems(of: redisURL) }
    if defaultTTL <= .zero { found.errors.append("default_ttl must be positive") }
    if defaultTTL > .longestTTL {
      found.errors.append("default_ttl must not exceed 365 days (31,536,000 seconds)")
    }
    if !defaultTTL.isWholeSeconds { found.errors.append("default_ttl must be a whole number of seconds") }
    if memoryCacheSize <= 0 { found.errors.append("memory_cache_size must be positive") }
    if !(1...9).contains(compressionLevel) {
      found.errors.append("compression_level must be between 1 and 9")
    }
    if compressionThreshold < 0 { found.errors.append("compression_threshold must be non-negative") }
    validateTLS(&found)
    found.errors += ai?.validate().errors ?? []
    found.warnings += ai?.validate().warnings ?? []
    return found
  }

  /// The files of TLS must be there in production; elsewhere they may come later.
  private func validateTLS(_ found: inout Validation) {
    guard useTLS else { return }
    for (name, path) in [("certificate", tlsCertificatePath), ("key", tlsKeyPath)] {
      guard let path, !FileManager.default.fileExists(atPath: path) else { continue }
      let problem = "TLS \(name) file not found: \(path)"
      if environment == .production { found.errors.append(problem) } else { found.warnings.append(problem) }
    }
  }
}

extension AIConfig {
  private static let week: Duration = .seconds(604_800)

  /// Checks what ``CacheConfig/validate()`` checks of the AI features.
  func validate() -> CacheConfig.Validation {
    var found = CacheConfig.Validation()
    if textHashThreshold <= 0 { found.errors.append("text_hash_threshold must be positive") }
    if textHashThreshold > 100_000 { found.errors.append("text_hash_threshold must not exceed 100,000") }
    let tiers = textSizeTiers
    for (name, size) in [("small", tiers.small), ("medium", tiers.medium), ("large", tiers.large)]
    where size <= 0 {
      found.errors.append("text_size_tiers['\(name)'] must be a positive integer")
    }
    // A warning in the original, whose configurations never reach the cache that refuses them.
    if !(tiers.small < tiers.medium && tiers.medium < tiers.large) {
      found.errors.append("text_size_tiers must be in ascending order: small < medium < large")
    }
    for (operation, ttl) in operationTTLs.sorted(by: { $0.key < $1.key }) {
      if operation.allSatisfy(\.isWhitespace) {
        found.errors.append("operation_ttls keys must be non-empty strings")
      }
      if ttl <= .zero || !ttl.isWholeSeconds {
        found.errors.append("operation_ttls['\(operation)'] must be a positive integer")
      } else if ttl > Self.week {
        found.warnings.append("operation_ttls['\(operation)'] is longer than a week (604,800 seconds)")
      }
    }
    if hashAlgorithm != "sha256" {
      found.errors.append("hash_algorithm '\(hashAlgorithm)' is not supported")
    }
    if maxTextLength <= 0 { found.errors.append("max_text_length must be positive") }
    return found
  }
}

extension Duration {
  /// 365 days: no time to live may be longer.
  static let longestTTL: Duration = .seconds(31_536_000)

  var isWholeSeconds: Bool { components.attoseconds == 0 }
}
