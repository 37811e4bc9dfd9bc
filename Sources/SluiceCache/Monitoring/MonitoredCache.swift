/// Any cache with a monitor beside it: every operation is timed and counted, and nothing else changes.
public struct MonitoredCache: ReportingCache {
  /// The cache that does the work.
  public let base: any Cache
  /// Where its operations are counted.
  public let monitor: CachePerformanceMonitor
  private let cache: any ReportingCache

  public init(_ base: any Cache, monitor: CachePerformanceMonitor) {
    self.base = base
    self.monitor = monitor
    cache = reporting(base)
  }

  public func lookup(_ key: String) async -> CacheLookup {
    await measured(.get, Self.outcome) { await cache.lookup(key) }
  }

  public func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError> {
    let storesNothing = ttl.map { $0 <= .zero } ?? false
    func outcome(_ result: Result<Bool, CacheError>) -> CacheOutcome {
      (try? result.get()) == true || storesNothing ? .done : .failed
    }
    return await measured(.set, outcome) { await cache.store(key, value, ttl: ttl) }
  }

  public func remove(_ key: String) async -> Result<Bool, CacheError> {
    await measured(.delete, Self.outcome) { await cache.remove(key) }
  }

  public func exists(_ key: String) async -> Bool {
    await measured(.exists, Self.outcome) { await base.exists(key) }
  }

  public func remainingTTL(of key: String) async -> Duration? {
    await measured(.ttl, Self.outcome) { await base.remainingTTL(of: key) }
  }

  public func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    let result = await measured(.invalidate, Self.outcome) { await cache.removeAll(matching: pattern) }
    monitor.recordInvalidation(pattern: pattern, keys: (try? result.get()) ?? 0)
    return result
  }

  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await base.storedValue(for: key)
  }

  public var flights: CacheFlights { cache.flights }
  public func disconnect() async { await base.disconnect() }

  private static func outcome(_ lookup: CacheLookup) -> CacheOutcome {
    switch lookup {
    case .hit: .hit
    case .miss(.failed): .failed
    case .miss: .miss
    }
  }

  private static func outcome(_ exists: Bool) -> CacheOutcome { exists ? .hit : .miss }

  private static func outcome(_ remaining: Duration?) -> CacheOutcome { remaining == nil ? .miss : .hit }

  private static func outcome<Value>(_ result: Result<Value, CacheError>) -> CacheOutcome {
    if case .failure = result { .failed } else { .done }
  }

  private func measured<Answer: Sendable>(
    _ operation: CacheOperation, _ outcome: (Answer) -> CacheOutcome, _ work: () async -> Answer
  ) async -> Answer {
    let start = ContinuousClock.now
    let result = await work()
    monitor.record(operation, took: ContinuousClock.now - start, outcome: outcome(result))
    return result
  }
}
