/// Any cache with a monitor beside it: every operation is timed and counted, and nothing else changes.
public struct MonitoredCache: Cache {
  /// The cache that does the work.
  public let base: any Cache
  /// Where its operations are counted.
  public let monitor: CachePerformanceMonitor

  public init(_ base: any Cache, monitor: CachePerformanceMonitor) {
    self.base = base
    self.monitor = monitor
  }

  public func value(for key: String) async -> CacheValue? {
    await measured(.get, { $0 == nil ? .miss : .hit }) { await base.value(for: key) }
  }

  @discardableResult
  public func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    await measured(.set, { $0 ? .done : .failed }) { await base.set(key, to: value, ttl: ttl) }
  }

  @discardableResult
  public func delete(_ key: String) async -> Bool {
    await measured(.delete, { _ in .done }) { await base.delete(key) }
  }

  public func exists(_ key: String) async -> Bool {
    await measured(.exists, { $0 ? .hit : .miss }) { await base.exists(key) }
  }

  public func remainingTTL(of key: String) async -> Duration? {
    await measured(.ttl, { $0 == nil ? .miss : .hit }) { await base.remainingTTL(of: key) }
  }

  @discardableResult
  public func invalidate(pattern: String) async -> Int {
    let keys = await measured(.invalidate, { _ in .done }) { await base.invalidate(pattern: pattern) }
    monitor.recordInvalidation(pattern: pattern, keys: keys)
    return keys
  }

  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await base.storedValue(for: key)
  }

  public func disconnect() async { await base.disconnect() }

  private func measured<Result: Sendable>(
    _ operation: CacheOperation, _ outcome: (Result) -> CacheOutcome, _ work: () async -> Result
  ) async -> Result {
    let start = ContinuousClock.now
    let result = await work()
    monitor.record(operation, took: ContinuousClock.now - start, outcome: outcome(result))
    return result
  }
}
