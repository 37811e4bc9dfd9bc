extension CacheFactory {
  /// The parameters that all methods share, before they are checked.
  struct Parameters {
    let redisURL: String
    let defaultTTL: Duration
    let enableL1Cache: Bool
    let l1CacheSize: Int
    let compressionThreshold: Int
    let compressionLevel: Int
    let failOnConnectionError: Bool

    init(
      _ redisURL: String, _ defaultTTL: Duration, _ enableL1Cache: Bool, _ l1CacheSize: Int,
      _ compressionThreshold: Int, _ compressionLevel: Int, _ failOnConnectionError: Bool
    ) {
      self.redisURL = redisURL
      self.defaultTTL = defaultTTL
      self.enableL1Cache = enableL1Cache
      self.l1CacheSize = l1CacheSize
      self.compressionThreshold = compressionThreshold
      self.compressionLevel = compressionLevel
      self.failOnConnectionError = failOnConnectionError
    }

    /// Checks them all.
    /// - Throws: `validation` with every problem in one message.
    func plan(
      _ purpose: CachePlan.Purpose, options: RedisOptions, inMemory: Bool = false
    ) throws(CacheError) -> CachePlan {
      let parameters: [String: CacheValue] = [
        "redis_url": .string(redisURL),
        "default_ttl": defaultTTL.ruleSeconds,
        "fail_on_connection_error": .bool(failOnConnectionError),
        "enable_l1_cache": .bool(enableL1Cache),
        "l1_cache_size": .int(l1CacheSize),
        "compression_threshold": .int(compressionThreshold),
        "compression_level": .int(compressionLevel),
      ]
      let problems = FactoryRules.problems(parameters)
      guard problems.isEmpty else { throw FactoryRules.error(problems, parameters) }
      var redis = RedisCache.Settings(url: redisURL)
      redis.defaultTTL = defaultTTL
      redis.l1Entries = enableL1Cache ? l1CacheSize : nil
      redis.compressionThreshold = compressionThreshold
      redis.compressionLevel = compressionLevel
      redis.apply(options)
      return CachePlan(
        purpose: purpose, redis: inMemory ? nil : redis, defaultTTL: defaultTTL, memoryEntries: l1CacheSize,
        ai: nil)
    }
  }
}
