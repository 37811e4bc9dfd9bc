extension RedisCache {
  struct Counters {
    var l1Hits: UInt64 = 0
    var storeHits: UInt64 = 0
    var misses: UInt64 = 0
    var foreign: UInt64 = 0
    var failures: UInt64 = 0
  }

  /// How the cache was asked. Every read counts once.
  public struct Statistics: Sendable, Hashable {
    /// Reads answered by the tier in memory.
    public let l1Hits: UInt64
    /// Reads answered by Redis.
    public let storeHits: UInt64
    /// Reads for which Redis had nothing, or nothing that could be read.
    public let misses: UInt64
    /// Those of the misses for which something is there in a format that is not understood, such as a pickle.
    public let foreign: UInt64
    /// Reads and writes for which Redis could not be asked, or refused.
    public let failures: UInt64
    /// Entries of the tier in memory, those that have expired unseen included.
    public let l1Entries: Int

    /// Hits among the reads that had an answer, 0...1; nil before the first.
    public var hitRate: Double? {
      let hits = l1Hits + storeHits
      return hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
    }
  }

  /// The counters since the cache was made.
  public var statistics: Statistics {
    let counters = counters.withLock { $0 }
    return Statistics(
      l1Hits: counters.l1Hits, storeHits: counters.storeHits, misses: counters.misses,
      foreign: counters.foreign, failures: counters.failures, l1Entries: l1?.count ?? 0)
  }
}
