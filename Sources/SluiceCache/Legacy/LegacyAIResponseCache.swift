import Foundation
import SluiceRedis

/// The legacy cache of AI responses, with its habits: see the table in `docs/cache-library.md`.
public final class LegacyAIResponseCache: Cache {
  private let base: LegacyRedisCache
  private let textHashThreshold: Int
  private let operationTTLs: [String: Duration]
  private let defaultTTL: Duration
  private let memoryCacheSize: Int

  /// A cache that is not connected.
  ///
  /// - Parameters:
  ///   - textHashThreshold: longer texts, in Unicode code points, appear in keys as their hash.
  ///   - memoryCacheSize: the entries of the tier in memory, which is always there.
  ///   - operationTTLs: replaces the table of the original unless it is empty.
  public init(
    redisURL: String = "redis://redis:6379", defaultTTL: Duration = .seconds(3600),
    textHashThreshold: Int = 1000, compressionThreshold: Int? = 1000, compressionLevel: Int = 6,
    memoryCacheSize: Int = 100, operationTTLs: [String: Duration] = [:], clock: CacheClock = .system
  ) {
    base = LegacyRedisCache(
      redisURL: redisURL, defaultTTL: defaultTTL, l1CacheSize: memoryCacheSize,
      compressionThreshold: compressionThreshold, compressionLevel: compressionLevel, clock: clock)
    self.textHashThreshold = textHashThreshold
    self.operationTTLs =
      operationTTLs.isEmpty ? AIResponseCache.Settings.standardOperationTTLs : operationTTLs
    self.defaultTTL = defaultTTL
    self.memoryCacheSize = memoryCacheSize
  }

  /// Connects and sends `PING`; false where Redis does not answer.
  public func connect() async -> Bool { await base.connect() }

  // MARK: Responses

  /// The response with `cache_hit`, `retrieved_at` and `retrieval_count`, which grows while the entry is in
  /// memory.
  ///
  /// Without Redis it is a miss, also where the tier in memory has it. One read is counted twice.
  public func getCachedResponse(
    _ text: String, _ operation: String, options: AIOptions = [:], question: String? = nil
  ) async -> [String: CacheValue]? {
    guard await base.connect() else {
      base.count(readHit: false)
      return nil
    }
    let key = key(text, operation, options, question)
    let found = await base.value(for: key)
    base.count(readHit: found != nil)
    guard case .object(var response) = found else { return nil }
    if case .int(let count) = response["retrieval_count"] ?? 0 {
      response["retrieval_count"] = .int(count &+ 1)
    }
    response["cache_hit"] = true
    response["retrieved_at"] = .string(Date().ISO8601Format())
    base.changeNear(key) { $0 = .object(response) }
    return response
  }

  /// Stores a response for as long as its operation says; failures of Redis are not told.
  /// - Throws: for an empty text or operation.
  public func cacheResponse(
    _ text: String, _ operation: String, options: AIOptions = [:], response: [String: CacheValue],
    question: String? = nil
  ) async throws(LegacyCacheFailure) {
    guard !text.isEmpty else {
      throw LegacyCacheFailure("Invalid text parameter: must be non-empty string")
    }
    try check(operation)
    let length = text.unicodeScalars.count
    var stored = response
    stored["cached_at"] = .string(Date().ISO8601Format())
    stored["cache_hit"] = false
    stored["text_length"] = .int(length)
    stored["text_tier"] = .string(TextSizeTiers().tier(of: length).rawValue)
    stored["operation"] = .string(operation)
    stored["ai_version"] = "refactored_inheritance"
    stored["question_provided"] = .bool(question?.isEmpty == false)
    await base.set(
      key(text, operation, options, question), to: .object(stored),
      ttl: operationTTLs[operation] ?? defaultTTL)
  }

  // MARK: Invalidation

  /// Removes keys that hold `pattern`: as a glob in Redis, letter by letter in memory.
  public func invalidatePattern(_ pattern: String) async {
    _ = await base.invalidate(glob: "\(AICacheKey.prefix)*\(pattern)*") { $0.contains(pattern) }
  }

  /// Removes the responses of every operation that begins with `operation`. Returns how many there were.
  /// - Throws: for an empty operation.
  public func invalidateByOperation(_ operation: String) async throws(LegacyCacheFailure) -> Int {
    try check(operation)
    let part = "op:\(operation)"
    return await base.invalidate(glob: "\(AICacheKey.prefix)*\(part)*") { $0.contains(part) }
  }

  // MARK: Figures

  /// Hits among all operations, writes and the double counts included, 0 to 100.
  public func getCacheHitRatio() -> Double { base.hitRate }

  /// What Redis and the tier in memory hold, and the figures; asks `KEYS` and `INFO`.
  public func getCacheStats() async -> [String: CacheValue] {
    var redis: [String: CacheValue] = ["status": "unavailable", "keys": 0]
    if case .array(let keys) = await base.ask(["KEYS", "\(AICacheKey.prefix)*"]) {
      redis = ["status": "connected", "keys": .int(keys.count)]
      if case .string(let info) = await base.ask(["INFO"]) {
        let fields = String(decoding: info, as: UTF8.self).split(whereSeparator: \.isNewline)
          .map { $0.split(separator: ":", maxSplits: 1) }.filter { $0.count == 2 }
        let names = [("memory_used", "used_memory_human"), ("memory_used_bytes", "used_memory")]
        for (name, field) in names + [("connected_clients", "connected_clients")] {
          guard let text = fields.first(where: { $0[0] == field })?[1] else { continue }
          redis[name] = Int(text).map(CacheValue.int) ?? .string(String(text))
        }
      }
    }
    let near = base.nearKeys.count
    let figures = base.figures
    return [
      "redis": .object(redis),
      "memory": [
        "memory_cache_entries": .int(near), "memory_cache_size_limit": .int(memoryCacheSize),
        "memory_cache_utilization": .string("\(near)/\(memoryCacheSize)"),
      ],
      "performance": [
        "cache_hit_rate": .double(figures.hitRate), "total_cache_operations": .int(figures.operations),
        "cache_hits": .int(figures.hits), "cache_misses": .int(figures.misses),
      ],
    ]
  }

  // MARK: A plain cache

  public func value(for key: String) async -> CacheValue? { await base.value(for: key) }
  @discardableResult
  public func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    await base.set(key, to: value, ttl: ttl)
  }
  @discardableResult
  public func delete(_ key: String) async -> Bool { await base.delete(key) }
  public func exists(_ key: String) async -> Bool { await base.exists(key) }
  public func remainingTTL(of key: String) async -> Duration? { await base.remainingTTL(of: key) }
  /// As ``LegacyRedisCache/invalidate(pattern:)``: over all keys, not those of responses alone.
  @discardableResult
  public func invalidate(pattern: String) async -> Int { await base.invalidate(pattern: pattern) }
  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await base.storedValue(for: key)
  }
  public func disconnect() async { await base.disconnect() }

  private func key(
    _ text: String, _ operation: String, _ options: AIOptions, _ question: String?
  ) -> String {
    AICacheKey.make(
      text: text, operation: operation, options: options, question: question,
      textHashThreshold: textHashThreshold)
  }

  private func check(_ operation: String) throws(LegacyCacheFailure) {
    guard operation.isEmpty else { return }
    throw LegacyCacheFailure("Invalid operation parameter: must be non-empty string")
  }
}
