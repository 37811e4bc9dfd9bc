import Foundation
import SluiceLocks

/// A cache of what AI models answered, over any other cache: keys from the text, the operation, the options
/// and the question; a time to live per operation; and figures per operation and text size.
///
/// It is a cache itself, and gives what it is asked under plain keys on to its store.
public final class AIResponseCache: ReportingCache {
  /// How the cache was made.
  public let settings: Settings

  let counters = Mutex(Counters())
  private let cache: any ReportingCache

  /// A cache of responses over `store`, normally a ``RedisCache``.
  ///
  /// - Throws: `validation` with everything that is wrong in the settings.
  public init(store: any Cache, settings: Settings = Settings()) throws(CacheError) {
    try settings.validate()
    self.settings = settings
    cache = reporting(store)
  }

  // MARK: Responses

  /// Stores a response for as long as its operation says.
  ///
  /// What is stored is the response with `cached_at`, `cache_hit`, `text_length`, `text_tier`, `operation`,
  /// `ai_version`, `options_hash` and `question_provided`, which replace what the response has under these
  /// names.
  ///
  /// - Returns: whether the response was stored; false if the store could not be asked.
  /// - Throws: `validation` for an empty text or operation.
  @discardableResult
  public func cacheResponse(
    text: String, operation: String, options: AIOptions = [:], response: [String: CacheValue],
    question: String? = nil
  ) async throws(CacheError) -> Bool {
    try Self.check(text, "text")
    try Self.check(operation, "operation")
    let length = text.unicodeScalars.count
    let tier = settings.textSizeTiers.tier(of: length)
    var stored = response
    stored["cached_at"] = .string(Date().ISO8601Format())
    stored["cache_hit"] = false
    stored["text_length"] = .int(length)
    stored["text_tier"] = .string(tier.rawValue)
    stored["operation"] = .string(operation)
    stored["ai_version"] = "sluice"
    stored["options_hash"] = options.isEmpty ? .null : .string(AICacheKey.optionsPart(options))
    stored["question_provided"] = .bool(question?.isEmpty == false)
    let key = key(text: text, operation: operation, options: options, question: question)
    let isStored = await cache.set(key, to: .object(stored), ttl: settings.ttl(of: operation))
    if isStored { count(operation, tier) { $0.stores += 1 } }
    return isStored
  }

  /// The response to this text, operation, options and question, with `cache_hit` true and `retrieved_at`;
  /// nil on a miss.
  public func cachedResponse(
    text: String, operation: String, options: AIOptions = [:], question: String? = nil
  ) async -> [String: CacheValue]? {
    let tier = settings.textSizeTiers.tier(of: text.unicodeScalars.count)
    let key = key(text: text, operation: operation, options: options, question: question)
    // A value under such a key that is no object is none of ours.
    guard case .object(var response) = await cache.value(for: key) else {
      count(operation, tier) { $0.misses += 1 }
      return nil
    }
    count(operation, tier) { $0.hits += 1 }
    response["cache_hit"] = true
    response["retrieved_at"] = .string(Date().ISO8601Format())
    return response
  }

  /// The key of a response, byte for byte the original's.
  public func key(
    text: String, operation: String, options: AIOptions = [:], question: String? = nil
  ) -> String {
    AICacheKey.make(
      text: text, operation: operation, options: options, question: question,
      textHashThreshold: settings.textHashThreshold)
  }

  // MARK: Invalidation

  /// Removes the responses of exactly this operation. Returns how many there were.
  ///
  /// - Throws: `validation` for an empty operation; `infrastructure` if the store could not be asked.
  @discardableResult
  public func invalidate(operation: String) async throws(CacheError) -> Int {
    try Self.check(operation, "operation")
    let removed = try await cache.removeAll(
      matching: "\(AICacheKey.prefix)op:\(escapedForPattern(operation))|txt:*"
    ).get()
    count(operation, nil) { $0.invalidated += UInt64(removed) }
    return removed
  }

  /// Removes every response. Returns how many there were.
  @discardableResult
  public func invalidateAll() async -> Int {
    await invalidate(pattern: "")
  }

  /// Removes the responses whose key has `pattern` anywhere in it, or matches it if it begins with
  /// `ai_cache:`; other entries of the store stay. The pattern is a glob: what is data in it is for the
  /// caller to escape (``escapedForPattern(_:)``).
  public func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    let isWhole = pattern.hasPrefix(AICacheKey.prefix)
    return await cache.removeAll(matching: isWhole ? pattern : "\(AICacheKey.prefix)*\(pattern)*")
  }

  // MARK: A plain cache

  public func lookup(_ key: String) async -> CacheLookup { await cache.lookup(key) }
  public func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError> {
    await cache.store(key, value, ttl: ttl ?? settings.defaultTTL)
  }
  public func remove(_ key: String) async -> Result<Bool, CacheError> { await cache.remove(key) }
  public func exists(_ key: String) async -> Bool { await cache.exists(key) }
  public func remainingTTL(of key: String) async -> Duration? { await cache.remainingTTL(of: key) }
  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await cache.storedValue(for: key)
  }
  public var flights: CacheFlights { cache.flights }
  public func disconnect() async { await cache.disconnect() }

  private static func check(_ text: String, _ name: String) throws(CacheError) {
    guard text.isEmpty else { return }
    throw CacheError(
      .validation, "Invalid \(name) parameter: must be non-empty string",
      context: ["parameter": .string(name)])
  }
}
