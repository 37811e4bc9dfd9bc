import Logging
import SluiceLocks

/// The old interface over a new cache, for code that has not moved yet. Each method says once that it goes.
///
/// The words are the old ones, the behaviour is the new one, with one exception: a time to live of zero is
/// the default, as the callers of the old interface are used to.
public final class LegacyCacheWrapper: Sendable {
  private struct State {
    var said: Set<String> = []
    var hits = 0
    var misses = 0
  }

  /// The cache that does the work.
  public let cache: any Cache
  private let ai: AIResponseCache
  private let tier: CacheTier
  private let logger: Logger
  private let state = Mutex(State())

  /// Puts the old interface over a cache; where it has no methods for AI responses, it gets them.
  ///
  /// - Parameters:
  ///   - tier: what ``getCacheStats()`` calls it.
  ///   - logger: told once per method, as a warning.
  public init(
    _ cache: any Cache, tier: CacheTier = .redis, logger: Logger = Logger(label: "sluice.cache")
  ) throws(CacheError) {
    self.cache = cache
    if let ai = cache as? AIResponseCache {
      self.ai = ai
    } else {
      ai = try AIResponseCache(store: cache)
    }
    self.tier = tier
    self.logger = logger
  }

  /// The guide's `LegacyCacheWrapper.create_ai_cache()`: the old interface over ``CacheFactory/forAIApp``.
  /// - Throws: as the factory.
  public static func createAICache(
    redisURL: String = "redis://redis:6379", failOnConnectionError: Bool = false,
    logger: Logger = Logger(label: "sluice.cache")
  ) async throws(CacheError) -> LegacyCacheWrapper {
    let made = try await CacheFactory(logger: logger).forAIApp(
      redisURL: redisURL, failOnConnectionError: failOnConnectionError)
    return try LegacyCacheWrapper(made.cache, tier: made.tier, logger: logger)
  }

  // MARK: Keys

  /// The value; nil on a miss.
  public func get(_ key: String) async -> CacheValue? {
    deprecated("get", use: "value(for:)")
    return counted(await cache.value(for: key))
  }

  /// Stores a value.
  /// - Parameter ttl: seconds; nil and zero are the cache's default.
  public func set(_ key: String, _ value: CacheValue, ttl: Int? = nil) async {
    deprecated("set", use: "set(_:to:ttl:)")
    await cache.set(key, to: value, ttl: ttl.flatMap { $0 == 0 ? nil : .seconds($0) })
  }

  /// Removes a key. Returns whether it was there.
  @discardableResult
  public func delete(_ key: String) async -> Bool {
    deprecated("delete", use: "delete(_:)")
    return await cache.delete(key)
  }

  // MARK: Responses

  /// The response; nil on a miss.
  public func getCachedResponse(
    _ text: String, _ operation: String, options: AIOptions = [:], question: String? = nil
  ) async -> [String: CacheValue]? {
    deprecated("getCachedResponse", use: "AIResponseCache.cachedResponse(text:operation:options:question:)")
    return counted(
      await ai.cachedResponse(text: text, operation: operation, options: options, question: question))
  }

  /// Stores a response.
  /// - Throws: for an empty text or operation.
  public func cacheResponse(
    _ text: String, _ operation: String, options: AIOptions = [:], response: [String: CacheValue],
    question: String? = nil
  ) async throws(LegacyCacheFailure) {
    deprecated(
      "cacheResponse", use: "AIResponseCache.cacheResponse(text:operation:options:response:question:)")
    do throws(CacheError) {
      try await ai.cacheResponse(
        text: text, operation: operation, options: options, response: response, question: question)
    } catch {
      throw LegacyCacheFailure(error.message)
    }
  }

  // MARK: Invalidation

  /// Removes the responses whose keys hold `pattern`, a glob.
  public func invalidatePattern(_ pattern: String) async {
    deprecated("invalidatePattern", use: "invalidate(pattern:)")
    await ai.invalidate(pattern: pattern)
  }

  /// Removes the responses of exactly this operation. Returns how many there were.
  /// - Throws: for an empty operation, and where the store could not be asked.
  @discardableResult
  public func invalidateByOperation(_ operation: String) async throws(LegacyCacheFailure) -> Int {
    deprecated("invalidateByOperation", use: "AIResponseCache.invalidate(operation:)")
    do throws(CacheError) {
      return try await ai.invalidate(operation: operation)
    } catch {
      throw LegacyCacheFailure(error.message)
    }
  }

  /// Removes every response.
  public func invalidateAll() async {
    deprecated("invalidateAll", use: "AIResponseCache.invalidateAll()")
    await ai.invalidateAll()
  }

  // MARK: Figures

  /// Hits among the reads through this wrapper, 0 to 100; 0 where there was none.
  public func getCacheHitRatio() -> Double {
    deprecated("getCacheHitRatio", use: "CachePerformanceMonitor")
    return hitRatio
  }

  /// The figures under their old names; asks Redis whether it is there.
  public func getCacheStats() async -> [String: CacheValue] {
    deprecated("getCacheStats", use: "the statistics of the cache, or CachePerformanceMonitor")
    let (hits, misses) = state.withLock { ($0.hits, $0.misses) }
    return [
      "redis": ["status": .string(await isConnected() ? "connected" : "unavailable")],
      "performance": [
        "cache_hit_rate": .double(hitRatio), "total_cache_operations": .int(hits + misses),
        "cache_hits": .int(hits), "cache_misses": .int(misses),
      ],
    ]
  }

  private var hitRatio: Double {
    state.withLock { state in
      let reads = state.hits + state.misses
      return reads == 0 ? 0 : Double(state.hits) / Double(reads) * 100
    }
  }

  private func isConnected() async -> Bool {
    guard tier == .redis else { return false }
    do throws(CacheError) {
      // A miss is an answer, too.
      _ = try await cache.storedValue(for: "sluice:is_connected")
      return true
    } catch {
      return false
    }
  }

  private func counted<Found>(_ found: Found?) -> Found? {
    state.withLock { if found == nil { $0.misses += 1 } else { $0.hits += 1 } }
    return found
  }

  private func deprecated(_ method: String, use replacement: String) {
    guard state.withLock({ $0.said.insert(method).inserted }) else { return }
    logger.warning(
      "Method '\(method)' is deprecated and will be removed in a future version; use \(replacement)",
      metadata: ["method": "\(method)"])
  }
}
