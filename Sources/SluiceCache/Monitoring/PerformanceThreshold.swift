/// The limits beyond which a monitor raises an alert. Nil means that nobody is to be told.
public struct PerformanceThreshold: Sendable, Hashable {
  /// An operation that takes longer is slow.
  public var maxOperationTime: Duration?
  /// Hits per read, 0 to 1, below which the cache does not do its work; counted from ``minimumReads`` reads on.
  public var minHitRate: Double?
  /// Bytes of memory, above which there is too much of it.
  public var maxMemoryUsage: Int?

  /// Reads before their hit rate says anything: a cold cache misses, and zero of zero is no rate.
  public static let minimumReads: UInt64 = 100

  /// No limits.
  public init(maxOperationTime: Duration? = nil, minHitRate: Double? = nil, maxMemoryUsage: Int? = nil) {
    self.maxOperationTime = maxOperationTime
    self.minHitRate = minHitRate
    self.maxMemoryUsage = maxMemoryUsage
  }
}
