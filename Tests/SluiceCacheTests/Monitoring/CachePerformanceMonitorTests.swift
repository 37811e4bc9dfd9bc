import Foundation
import Testing

@testable import SluiceCache

@Suite struct CachePerformanceMonitorTests {
  @Test("The hit rate is over reads: writes and deletes do not dilute it")
  func hitRateOverReads() {
    let monitor = CachePerformanceMonitor()
    #expect(monitor.performanceSummary().hitRate == nil)
    monitor.record(.get, took: .milliseconds(1), outcome: .hit)
    monitor.record(.set, took: .milliseconds(1), outcome: .done)
    monitor.record(.delete, took: .milliseconds(1), outcome: .done)
    monitor.record(.exists, took: .milliseconds(1), outcome: .miss)
    let summary = monitor.performanceSummary()
    #expect(summary.hitRate == 1)
    #expect(summary.operations == 4)
    monitor.record(.get, took: .milliseconds(1), outcome: .miss)
    #expect(monitor.performanceSummary().hitRate == 0.5)
  }

  @Test("Times are summed exactly and spread over a histogram")
  func times() throws {
    let monitor = CachePerformanceMonitor()
    for milliseconds in 1...100 {
      monitor.record(.set, took: .milliseconds(milliseconds), outcome: milliseconds > 98 ? .failed : .done)
    }
    monitor.record(.delete, took: .seconds(-1), outcome: .done)
    monitor.record(.invalidate, took: .seconds(100_000), outcome: .done)
    let summary = monitor.performanceSummary()
    let times = try #require(summary.times["set"])
    #expect(times.count == 100)
    #expect(times.failures == 2)
    #expect(abs(times.average - 0.0505) < 1e-9)
    #expect(times.minimum == 0.001)
    #expect(times.maximum == 0.1)
    #expect(abs(times.p50 - 0.050) < 0.001)
    #expect(abs(times.p95 - 0.095) < 0.001)
    #expect(times.p99 <= times.maximum)
    #expect(summary.times["delete"]?.maximum == 0)
    #expect(summary.times["invalidate"]?.maximum == 100_000)
    #expect(summary.times["get"] == nil)
  }

  @Test("A slow operation is an alert; the limit itself is not slow")
  func slowOperations() async {
    let monitor = CachePerformanceMonitor()
    monitor.setPerformanceThreshold(maxOperationTime: .milliseconds(100))
    var alerts = monitor.alerts.makeAsyncIterator()
    monitor.record(.get, took: .milliseconds(100), outcome: .hit)
    monitor.record(.get, took: .milliseconds(101), outcome: .hit)
    let alert = await alerts.next()
    #expect(alert?.kind == .slowOperation)
    #expect(alert?.limit == 0.1)
    #expect(abs((alert?.measured ?? 0) - 0.101) < 1e-9)
    #expect(alert?.message.contains("a get took 101.0 ms") == true)
    let summary = monitor.performanceSummary()
    #expect(summary.alerts == ["slowOperation": 1])
    #expect(summary.times["get"]?.slow == 1)
  }

  @Test("A low hit rate is told once it means something, and again only after it was good")
  func lowHitRate() {
    let monitor = CachePerformanceMonitor()
    monitor.setPerformanceThreshold(minHitRate: 0.5)
    func read(_ outcome: CacheOutcome, times: UInt64) {
      for _ in 0..<times { monitor.record(.get, took: .zero, outcome: outcome) }
    }
    func alerts() -> UInt64 { monitor.performanceSummary().alerts["lowHitRate"] ?? 0 }
    read(.miss, times: PerformanceThreshold.minimumReads - 1)
    #expect(alerts() == 0)
    read(.miss, times: 5)
    #expect(alerts() == 1)
    read(.hit, times: 200)
    #expect(alerts() == 1)
    read(.miss, times: 300)
    #expect(alerts() == 2)
  }

  @Test("Memory above its limit is told; what a cache reports and the process count")
  func memory() {
    let monitor = CachePerformanceMonitor()
    monitor.recordMemory(bytes: 5000, entries: 3)
    #expect(monitor.performanceSummary().alerts.isEmpty)
    monitor.setPerformanceThreshold(maxMemoryUsage: 1)
    let summary = monitor.performanceSummary()
    #expect(summary.alerts == ["highMemory": 1])
    #expect(summary.memory.cacheBytes == 5000)
    #expect(summary.memory.cacheEntries == 3)
    #expect((summary.memory.processBytes ?? 0) > 0)
  }

  @Test("Memory above its limit is told while the cache is used, also where nobody asks for a summary")
  func memoryUnasked() async throws {
    var monitor: CachePerformanceMonitor? = CachePerformanceMonitor()
    monitor?.setPerformanceThreshold(maxMemoryUsage: 1)
    let alerts = try #require(monitor?.alerts)
    for _ in 0..<3 { monitor?.record(.get, took: .zero, outcome: .hit) }
    monitor = nil
    var kinds: [CacheAlert.Kind] = []
    for await alert in alerts { kinds.append(alert.kind) }
    #expect(kinds == [.highMemory])
  }

  @Test("Every reader gets every alert, and the stream ends with the monitor")
  func readers() async {
    var monitor: CachePerformanceMonitor? = CachePerformanceMonitor()
    monitor?.setPerformanceThreshold(maxOperationTime: .zero)
    let streams = [monitor?.alerts, monitor?.alerts].compactMap { $0 }
    for _ in 0..<3 { monitor?.record(.set, took: .seconds(1), outcome: .done) }
    monitor = nil
    for stream in streams {
      var count = 0
      for await _ in stream { count += 1 }
      #expect(count == 3)
    }
  }

  @Test("Patterns are bounded, counts are not")
  func patterns() {
    let monitor = CachePerformanceMonitor()
    for number in 0..<250 { monitor.recordInvalidation(pattern: "p\(number)", keys: 2) }
    monitor.recordInvalidation(pattern: "p0", keys: 1)
    let invalidation = monitor.performanceSummary().invalidation
    #expect(invalidation.count == 251)
    #expect(invalidation.keys == 501)
    #expect(invalidation.patterns.count == CachePerformanceMonitor.patternLimit)
    #expect(invalidation.patterns["p0"] == 2)
  }

  @Test("The export is JSON with thresholds and histograms; a reset forgets, but keeps the thresholds")
  func export() throws {
    let monitor = CachePerformanceMonitor()
    monitor.setPerformanceThreshold(
      maxOperationTime: .milliseconds(100), minHitRate: 0.7, maxMemoryUsage: 100_000_000)
    monitor.record(.get, took: .milliseconds(3), outcome: .hit)
    monitor.recordCompression(from: 4000, to: 1000, took: .milliseconds(1))
    let root = try #require(
      try JSONSerialization.jsonObject(with: monitor.exportPerformanceData()) as? [String: Any])
    let thresholds = try #require(root["thresholds"] as? [String: Any])
    #expect(thresholds["max_operation_time_seconds"] as? Double == 0.1)
    #expect(thresholds["min_hit_rate"] as? Double == 0.7)
    #expect(thresholds["max_memory_usage_bytes"] as? Int == 100_000_000)
    let histograms = try #require(root["histograms"] as? [String: [[String: Any]]])
    #expect(histograms["get"]?.count == 1)
    let summary = try #require(root["summary"] as? [String: Any])
    #expect((summary["compression"] as? [String: Any])?["bytesAfter"] as? Int == 1000)
    monitor.reset()
    #expect(monitor.performanceSummary().operations == 0)
    #expect(monitor.threshold.minHitRate == 0.7)
  }

  @Test("A monitored cache does what the cache does, and every operation is counted")
  func decorator() async {
    let monitor = CachePerformanceMonitor()
    let base = DictionaryCache()
    let cache = MonitoredCache(base, monitor: monitor)
    #expect(await cache.value(for: "k") == nil)
    #expect(await cache.set("k", to: "v"))
    #expect(await cache.value(for: "k") == "v")
    #expect(await cache.exists("k"))
    #expect(await cache.remainingTTL(of: "k") == nil)
    #expect(await cache.delete("k"))
    base.isDown = true
    #expect(await !cache.set("k", to: "v"))
    #expect(await cache.invalidate(pattern: "*") == 0)
    let summary = monitor.performanceSummary()
    #expect(summary.operations == 8)
    #expect(summary.hitRate == 0.5)
    #expect(summary.times["set"]?.count == 2)
    #expect(summary.times["set"]?.failures == 1)
    #expect(summary.invalidation.patterns == ["*": 1])
  }
}
