import Logging

/// Makes caches that say what they are for, instead of guessing it from the environment.
///
/// Every method checks its parameters first, then asks Redis once. If Redis does not answer,
/// `failOnConnectionError` decides: an `infrastructure` error, or a cache in memory, with the reason in
/// ``MadeCache/fallback`` and in the log. Settings that no Redis could ever be reached with, TLS among them,
/// always throw `configuration`.
///
/// In all methods: `redisURL` is `redis://[user:password@]host[:port][/db]`; a `defaultTTL` of zero means
/// that entries without a time to live of their own never expire; values whose JSON has more bytes than
/// `compressionThreshold` are compressed by zlib with `compressionLevel` (1 to 9).
public struct CacheFactory: Sendable {
  private let monitor: CachePerformanceMonitor?
  private let redis: RedisOptions
  private let logger: Logger

  /// - Parameters:
  ///   - monitor: watches every cache of this factory.
  ///   - redis: connections, timeouts, prefix and format of values of every cache of this factory; what a
  ///     configuration says wins.
  ///   - logger: told, as a warning, when memory stands in for Redis.
  public init(
    monitor: CachePerformanceMonitor? = nil, redis: RedisOptions = RedisOptions(),
    logger: Logger = Logger(label: "sluice.cache")
  ) {
    self.monitor = monitor
    self.redis = redis
    self.logger = logger
  }

  /// A cache for web sessions, pages and answers of an API.
  ///
  /// - Parameters:
  ///   - enableL1Cache: whether a tier in this process's memory stands before Redis.
  ///   - l1CacheSize: its entries, at least 1; also those of the cache that stands in for Redis.
  /// - Throws: `validation`, `configuration`, and `infrastructure` where `failOnConnectionError` asks for it.
  public func forWebApp(
    redisURL: String = "redis://redis:6379",
    defaultTTL: Duration = .seconds(1800),
    enableL1Cache: Bool = true,
    l1CacheSize: Int = 200,
    compressionThreshold: Int = 2000,
    compressionLevel: Int = 6,
    failOnConnectionError: Bool = false
  ) async throws(CacheError) -> MadeCache<any Cache> {
    let parameters = Parameters(
      redisURL, defaultTTL, enableL1Cache, l1CacheSize, compressionThreshold, compressionLevel,
      failOnConnectionError)
    return try await make(try parameters.plan(.webApp, options: redis), failOnConnectionError)
  }

  /// A cache of AI responses: keys from texts, a time to live per operation.
  ///
  /// As the original it has at most 10,000 entries in memory, and a `compressionThreshold` of at most 1,048,576.
  ///
  /// - Parameters:
  ///   - textHashThreshold: longer texts, in Unicode code points, appear in keys as their hash.
  ///   - memoryCacheSize: the old name of `l1CacheSize`; wins over it where it is given.
  ///   - operationTTLs: how long the answers of operations live; nil is the guide's table.
  /// - Throws: as `forWebApp`.
  public func forAIApp(
    redisURL: String = "redis://redis:6379",
    defaultTTL: Duration = .seconds(3600),
    enableL1Cache: Bool = true,
    l1CacheSize: Int = 100,
    compressionThreshold: Int = 1000,
    compressionLevel: Int = 6,
    textHashThreshold: Int = 500,
    memoryCacheSize: Int? = nil,
    operationTTLs: [String: Duration]? = nil,
    failOnConnectionError: Bool = false
  ) async throws(CacheError) -> MadeCache<AIResponseCache> {
    let parameters = Parameters(
      redisURL, defaultTTL, enableL1Cache, l1CacheSize, compressionThreshold,
      compressionLevel, failOnConnectionError)
    var plan = try parameters.plan(.aiApp, options: redis)
    var ai: [String: CacheValue] = ["text_hash_threshold": .int(textHashThreshold)]
    ai["memory_cache_size"] = memoryCacheSize.map(CacheValue.int)
    ai["operation_ttls"] = operationTTLs.map { .object($0.mapValues(\.ruleSeconds)) }
    let problems = FactoryRules.aiProblems(ai)
    guard problems.isEmpty else { throw FactoryRules.aiError(problems) }
    let entries = memoryCacheSize ?? l1CacheSize
    try FactoryRules.checkAILimits([
      memoryCacheSize == nil ? "l1_cache_size" : "memory_cache_size": .int(entries),
      "compression_threshold": .int(compressionThreshold),
    ])
    plan.memoryEntries = entries
    plan.redis?.l1Entries = enableL1Cache ? entries : nil
    var settings = AIResponseCache.Settings()
    settings.textHashThreshold = textHashThreshold
    settings.operationTTLs = operationTTLs
    settings.defaultTTL = defaultTTL
    plan.ai = settings
    return try await makeAI(plan, failOnConnectionError)
  }

  /// A cache for tests: short lives, a database of its own, no tier before it that would hide what Redis
  /// holds.
  ///
  /// - Parameter useMemoryCache: a cache in memory that nothing shares, without asking Redis.
  /// - Throws: as `forWebApp`.
  public func forTesting(
    redisURL: String = "redis://redis:6379/15",
    defaultTTL: Duration = .seconds(60),
    enableL1Cache: Bool = false,
    l1CacheSize: Int = 50,
    compressionThreshold: Int = 1000,
    compressionLevel: Int = 1,
    useMemoryCache: Bool = false,
    failOnConnectionError: Bool = false
  ) async throws(CacheError) -> MadeCache<any Cache> {
    let parameters = Parameters(
      redisURL, defaultTTL, enableL1Cache, l1CacheSize, compressionThreshold, compressionLevel,
      failOnConnectionError)
    return try await make(
      try parameters.plan(.testing, options: redis, inMemory: useMemoryCache), failOnConnectionError)
  }

  /// The cache that a configuration describes: one of AI responses exactly if it has AI features, in memory
  /// if it names no Redis.
  ///
  /// - Throws: as the other `makeCache`, and `validation` with what
  ///   ``CacheConfigBuilder/build()`` would say.
  public func makeCache(
    from config: CacheConfig, failOnConnectionError: Bool = false
  ) async throws(CacheError) -> MadeCache<any Cache> {
    let config = try CacheConfigBuilder(config).build()
    return try await makeCache(from: config.toDictionary(), failOnConnectionError: failOnConnectionError)
  }

  /// The cache that a dictionary describes: what ``CacheConfig/toDictionary()`` writes, or the parameters of
  /// the factory's methods by their names in Python.
  ///
  /// It is one of AI responses exactly if `ai_config` is there, or `text_hash_threshold`, `text_size_tiers` or
  /// `operation_ttls` beside the others. A `redis_url` of null is a cache in memory.
  ///
  /// - Throws: `validation` for what is missing, unknown or wrong; `configuration`; and `infrastructure`
  ///   where `failOnConnectionError` or the entry `fail_on_connection_error` asks for it.
  public func makeCache(
    from dictionary: [String: CacheValue], failOnConnectionError: Bool = false
  ) async throws(CacheError) -> MadeCache<any Cache> {
    let plan = try CachePlan(dictionary, options: redis)
    return try await make(plan, failOnConnectionError || dictionary["fail_on_connection_error"] == true)
  }
}

extension CacheFactory {
  private func make(
    _ plan: CachePlan, _ failOnConnectionError: Bool
  ) async throws(CacheError) -> MadeCache<any Cache> {
    guard plan.ai == nil else {
      let made = try await makeAI(plan, failOnConnectionError)
      return MadeCache(made.cache, tier: made.tier, fallback: made.fallback)
    }
    return try await watched(plan, failOnConnectionError)
  }

  private func makeAI(
    _ plan: CachePlan, _ failOnConnectionError: Bool
  ) async throws(CacheError) -> MadeCache<AIResponseCache> {
    let made = try await watched(plan, failOnConnectionError)
    let cache = try AIResponseCache(store: made.cache, settings: plan.ai ?? AIResponseCache.Settings())
    return MadeCache(cache, tier: made.tier, fallback: made.fallback)
  }

  private func watched(
    _ plan: CachePlan, _ failOnConnectionError: Bool
  ) async throws(CacheError) -> MadeCache<any Cache> {
    let made = try await plan.make(failOnConnectionError: failOnConnectionError, monitor: monitor)
    if let fallback = made.fallback {
      logger.warning("\(fallback.message); its entries are kept in memory from now on")
    }
    guard let monitor else { return made }
    return MadeCache(
      MonitoredCache(made.cache, monitor: monitor), tier: made.tier, fallback: made.fallback)
  }
}
