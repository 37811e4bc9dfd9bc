extension MemoryCache {
  /// What a memory cache holds and how it was asked.
  public struct Statistics: Sendable, Hashable {
    /// Entries that have not expired.
    public let entries: Int
    /// The most there may be.
    public let maxEntries: Int
    /// About how many bytes they take.
    public let bytes: Int
    public let hits: UInt64
    public let misses: UInt64
    /// Entries that went because a newer one needed the room.
    public let evictions: UInt64
    /// Entries that were found expired.
    public let expirations: UInt64

    /// Hits among reads, 0...1; nil before the first read.
    public var hitRate: Double? {
      hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
    }
  }
}
