import Foundation

/// Measures a cache as the guide does: pairs of `set` and `get`, one after the other, after a warm-up.
///
/// It writes keys under a prefix of its own and deletes them when it has measured, so that it may be run on a cache that is in
/// use; nothing else is touched.
public struct CacheBenchmark: Sendable {
  /// Pairs that are measured, 1 to 10,000,000.
  public var pairs: Int
  /// Pairs before, which are not measured: connections and tiers are to be warm. 0 warms nothing.
  public var warmUp: Int
  /// Bytes of each value, at least 1.
  public var valueBytes: Int
  /// How long what is left behind by a run that is killed lives.
  public var ttl: Duration

  /// The guide's 1,000 pairs after 10 to warm up, with values of about its size.
  public init(
    pairs: Int = 1000, warmUp: Int = 10, valueBytes: Int = 64, ttl: Duration = .seconds(300)
  ) {
    self.pairs = min(max(1, pairs), 10_000_000)
    self.warmUp = min(max(0, warmUp), 10_000_000)
    self.valueBytes = max(1, valueBytes)
    self.ttl = ttl
  }

  /// Runs it on a cache.
  ///
  /// - Parameter subject: what is measured, for people; no secrets.
  public func run(on cache: any Cache, subject: String) async -> BenchmarkResult {
    let prefix = "sluice-bench:\(UUID().uuidString):"
    for index in 0..<warmUp { _ = await pair("\(prefix)w\(index)", index, cache) }
    let memory = ProcessMemory.resident()
    var times: [Double] = []
    times.reserveCapacity(pairs)
    var succeeded = 0
    for index in 0..<pairs {
      let start = ContinuousClock.now
      let isRight = await pair("\(prefix)\(index)", index, cache)
      times.append((ContinuousClock.now - start).inSeconds)
      if isRight { succeeded += 1 }
    }
    let growth = memory.flatMap { before in ProcessMemory.resident().map { $0 - before } }
    for index in 0..<warmUp { await cache.delete("\(prefix)w\(index)") }
    for index in 0..<pairs { await cache.delete("\(prefix)\(index)") }
    return BenchmarkResult(
      subject: subject, times: times, succeeded: succeeded, memoryGrowthBytes: growth)
  }

  /// Sets and gets one key; whether the value came back.
  private func pair(_ key: String, _ index: Int, _ cache: any Cache) async -> Bool {
    let start = "value_\(index)_"
    let value = CacheValue.string(
      start + String(repeating: "x", count: max(0, valueBytes - start.utf8.count)))
    await cache.set(key, to: value, ttl: ttl)
    return await cache.value(for: key) == value
  }
}
