/// What became of the reads that were to be compared and of the writes that were to be mirrored.
///
/// Every claim carries its count (law 10): the five results of a compare are disjoint, and their sum is the number
/// of reads that the sample chose and the primary answered.
public struct CompareFigures: Sendable, Equatable {
  /// Both stacks gave the same answer.
  public var matched: UInt64 = 0
  /// Not comparable: the sum over all reasons of `ignoredBy`.
  public var ignored: UInt64 = 0
  /// Why. Who counts one calls ``ignore(_:)``, which does both.
  public private(set) var ignoredBy = IgnoredCounts()
  /// The answers differed, and no longer did when asked again, or the key was about to expire.
  public var superseded: UInt64 = 0
  /// The answers differed and still did: the sum over all kinds of ``DivergenceCounts``.
  public var diverged: UInt64 = 0
  /// Of these, what a client was really served, because its key is new's: another answer than legacy's, and none where legacy has one.
  public var servedDifferent: UInt64 = 0
  public var servedMissing: UInt64 = 0
  /// The other way round: the client had asked legacy, which has no such key, and new has.
  public var missedOnLegacy: UInt64 = 0
  /// Chosen for comparison, and nothing can be said: the mirror's queue was full or its connection lost, a flip came between,
  /// or the key was being repaired.
  public var dropped: UInt64 = 0
  /// Writes that the mirror was sent.
  public var mirroredWrites: UInt64 = 0
  /// Writes that the mirror was not sent because its queue was full or it was down.
  public var droppedWrites: UInt64 = 0
  /// Mirrored writes that failed on the mirror, and copies of keys that a stack refused or could not give.
  public var mirrorErrors: UInt64 = 0

  /// Keys that no way can carry to the other stack, counted anew whenever figures are taken: with one of them the verdict is *hold*.
  public var uncarried: UInt64 = 0

  /// Nothing counted yet.
  public init() {}

  /// Compares that came to a verdict. With zero of them the verdict is *hold*, never *pass*.
  public var compared: UInt64 { matched &+ superseded &+ diverged }

  /// Whether nothing was counted.
  public var isEmpty: Bool { self == CompareFigures() }

  /// Counts a read whose answers are not held against each other.
  public mutating func ignore(_ reason: IgnoredReason) {
    ignored &+= 1
    ignoredBy[reason] &+= 1
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: CompareFigures) {
    matched &+= other.matched
    ignored &+= other.ignored
    ignoredBy.merge(other.ignoredBy)
    superseded &+= other.superseded
    diverged &+= other.diverged
    servedDifferent &+= other.servedDifferent
    servedMissing &+= other.servedMissing
    missedOnLegacy &+= other.missedOnLegacy
    dropped &+= other.dropped
    mirroredWrites &+= other.mirroredWrites
    droppedWrites &+= other.droppedWrites
    mirrorErrors &+= other.mirrorErrors
    uncarried &+= other.uncarried
  }
}
