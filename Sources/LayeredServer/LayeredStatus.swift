/// What a layered stack tells of itself: counters since the start, and where it stands.
public struct LayeredStatus: Sendable, Equatable {
  /// The layers that are on, in the order in which a command meets them.
  public var layers: [String] = []
  /// Reads that L1 answered, and those that it had to ask for.
  public var l1Hits: UInt64 = 0
  public var l1Misses: UInt64 = 0
  /// Entries in L1 now.
  public var l1Entries = 0
  /// Values that were stored compressed, their bytes before and after.
  public var compressed: UInt64 = 0
  public var bytesBefore: UInt64 = 0
  public var bytesAfter: UInt64 = 0
  /// Values that were read compressed.
  public var decompressed: UInt64 = 0
  /// Values that were stored plain again, because a command looks into their bytes.
  public var expanded: UInt64 = 0
  /// Stored values that could not be read; they are answered as misses.
  public var corrupt: UInt64 = 0
  /// Commands that a layer refused.
  public var refused: UInt64 = 0
  /// Nil while the endpoint answers; else since when the memory answers, in seconds since 1970.
  public var memorySince: Double?
  /// Why the endpoint was given up.
  public var reason: String?
  /// Keys whose copies at the endpoint are to be deleted before it answers again; nil is all of them.
  public var staleKeys: Int? = 0
  /// How often the endpoint was lost, and how often it was taken back.
  public var losses: UInt64 = 0
  public var recoveries: UInt64 = 0

  public init() {}
}

/// What an operator must hear of at once.
public enum LayeredEvent: Sendable, Equatable {
  /// The endpoint cannot be used; from here on the memory answers.
  case memoryAnswers(reason: String)
  /// The endpoint is back, and what it held of stale keys is deleted.
  case endpointAnswers
  /// The lanes have met it again, and have emptied it if they doubted it: what the outage left in doubt is settled.
  case outageIsSettled
}
