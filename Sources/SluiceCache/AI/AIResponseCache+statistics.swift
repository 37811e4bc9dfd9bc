extension AIResponseCache {
  /// How often something happened.
  public struct Counts: Sendable, Hashable {
    public internal(set) var hits: UInt64 = 0
    public internal(set) var misses: UInt64 = 0
    public internal(set) var stores: UInt64 = 0
    /// Responses that went because their operation was invalidated.
    public internal(set) var invalidated: UInt64 = 0

    /// Hits among reads, 0...1; nil before the first read.
    public var hitRate: Double? {
      hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
    }
  }

  /// How the cache was asked for responses. Every ``cachedResponse(text:operation:options:question:)`` and
  /// every ``cacheResponse(text:operation:options:response:question:)`` counts once, in each of the three.
  public struct Statistics: Sendable, Hashable {
    public let total: Counts
    /// The first thousand operations by their names; the rest together under `(other)`.
    public let byOperation: [String: Counts]
    public let byTier: [TextSizeTiers.Tier: Counts]
  }

  struct Counters {
    var total = Counts()
    var byOperation: [String: Counts] = [:]
    var byTier: [TextSizeTiers.Tier: Counts] = [:]
  }

  /// The counters since the cache was made.
  public var statistics: Statistics {
    let counters = counters.withLock { $0 }
    return Statistics(
      total: counters.total, byOperation: counters.byOperation, byTier: counters.byTier)
  }

  func count(_ operation: String, _ tier: TextSizeTiers.Tier?, _ change: (inout Counts) -> Void) {
    counters.withLock { counters in
      change(&counters.total)
      let isNamed = counters.byOperation[operation] != nil || counters.byOperation.count < 1000
      change(&counters.byOperation[isNamed ? operation : "(other)", default: Counts()])
      if let tier { change(&counters.byTier[tier, default: Counts()]) }
    }
  }
}
