import Foundation

/// What a monitor saw since it was made or reset.
public struct PerformanceSummary: Sendable, Hashable, Codable {
  /// Times of one kind of operation, in seconds. All zero if there was none.
  public struct Times: Sendable, Hashable, Codable {
    public var count: UInt64
    public var failures: UInt64
    /// Operations that took longer than `maxOperationTime` allowed.
    public var slow: UInt64
    public var average: Double
    public var minimum: Double
    public var maximum: Double
    /// Percentiles, to one part in a hundred.
    public var p50: Double
    public var p95: Double
    public var p99: Double
  }

  /// What compression did.
  public struct Compression: Sendable, Hashable, Codable {
    public var count: UInt64
    public var bytesBefore: UInt64
    public var bytesAfter: UInt64
    /// Seconds spent on it.
    public var seconds: Double
    /// Bytes after per byte before; nil if nothing was compressed.
    public var ratio: Double? { bytesBefore == 0 ? nil : Double(bytesAfter) / Double(bytesBefore) }
  }

  /// What invalidation did.
  public struct Invalidation: Sendable, Hashable, Codable {
    public var count: UInt64
    public var keys: UInt64
    /// Calls by pattern, of at most ``CachePerformanceMonitor/patternLimit`` patterns; later ones count in `count` alone.
    public var patterns: [String: UInt64]
  }

  /// How much memory there was, when it was measured last.
  public struct Memory: Sendable, Hashable, Codable {
    /// Bytes and entries that a cache reported about itself; nil if none did.
    public var cacheBytes: Int?
    public var cacheEntries: Int?
    /// Bytes of this process that are in memory (RSS); nil where the system does not tell.
    public var processBytes: Int?
  }

  /// When counting began, and when this was asked.
  public var since: Date
  public var at: Date
  /// Operations of all kinds.
  public var operations: UInt64
  public var hits: UInt64
  public var misses: UInt64
  /// Hits per read, 0 to 1: writes and deletes are no reads. Nil before the first read.
  public var hitRate: Double?
  /// Alerts raised, by kind.
  public var alerts: [String: UInt64]
  public var times: [String: Times]
  public var compression: Compression
  public var invalidation: Invalidation
  public var memory: Memory
}

/// The summary with its histograms, as JSON for a dashboard or an incident.
// The names of the properties are those of the JSON.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct PerformanceExport: Encodable {
  struct Bucket: Encodable {
    var upper_us: UInt64
    var count: UInt64
  }

  struct Thresholds: Encodable {
    var max_operation_time_seconds: Double?
    var min_hit_rate: Double?
    var max_memory_usage_bytes: Int?
  }

  var summary: PerformanceSummary
  var thresholds: Thresholds
  var histograms: [String: [Bucket]]
}
