import SluiceRouting

/// Keys that no way can carry to a stack, by name: those that were so when figures were taken.
///
/// Bounded: beyond `limit` keys none is added; how many there are in all `status` says.
public struct UncarriedKeys: Sendable {
  /// Which key, and which stack lacks it.
  public struct Place: Hashable, Sendable {
    public let stack: StackID
    public let key: [UInt8]

    public init(_ stack: StackID, _ key: [UInt8]) {
      self.stack = stack
      self.key = key
    }
  }

  /// What it holds, where that is known, why it is not carried, and the first and the last time it was seen so, in milliseconds since 1970.
  public struct Entry: Sendable, Equatable {
    public var type: String
    public var reason: String
    public var firstAt: Int64
    public var lastAt: Int64

    public init(type: String, reason: String, firstAt: Int64, lastAt: Int64) {
      self.type = type
      self.reason = reason
      self.firstAt = firstAt
      self.lastAt = lastAt
    }
  }

  /// Keys that are kept.
  public static let limit = 1000
  /// Bytes of a name that are kept.
  public static let longestKey = 4096

  public private(set) var entries: [Place: Entry] = [:]

  /// None yet.
  public init() {}

  public var isEmpty: Bool { entries.isEmpty }
  public var isFull: Bool { entries.count >= Self.limit }

  /// A key is not carried now.
  public mutating func record(_ key: [UInt8], to stack: StackID, type: String, reason: String, at now: Int64)
  {
    add(
      Entry(type: type, reason: reason, firstAt: now, lastAt: now),
      to: Place(stack, Array(key.prefix(Self.longestKey))))
  }

  /// Adds what another one has seen.
  public mutating func merge(_ other: UncarriedKeys) {
    for (place, entry) in other.entries { add(entry, to: place) }
  }

  private mutating func add(_ entry: Entry, to place: Place) {
    guard var known = entries[place] else {
      if !isFull { entries[place] = entry }
      return
    }
    let isLater = entry.lastAt >= known.lastAt
    known.firstAt = min(known.firstAt, entry.firstAt)
    if isLater { (known.type, known.reason, known.lastAt) = (entry.type, entry.reason, entry.lastAt) }
    entries[place] = known
  }
}
