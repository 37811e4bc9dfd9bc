/// What the guardrails judge, in units of which one fault makes one: a thousand commands that fail together, or one hot key that is
/// wrong a thousand times, prove no more than one does.
public struct GuardUnits: Sendable, Equatable {
  /// Units of one kind.
  public struct Count: Sendable, Equatable {
    public var good: UInt64 = 0
    public var bad: UInt64 = 0

    public init(good: UInt64 = 0, bad: UInt64 = 0) { (self.good, self.bad) = (good, bad) }

    /// Adds those of another time.
    public mutating func merge(_ other: Count) {
      good &+= other.good
      bad &+= other.bad
    }

    /// Slots of the same time: a slot is one of the stack, not one of each lane.
    mutating func overlay(_ other: Count) {
      let total = max(good &+ bad, other.good &+ other.bad)
      bad = max(bad, other.bad)
      good = total &- bad
    }
  }

  /// Slots of 20 ms in which new was asked: bad if it failed more of its commands than the limit, and more than legacy did.
  public var failed = Count()
  /// Keys that were compared, each at most once a minute as good and once as bad: bad if the stacks differed about it, and neither
  /// a cold new stack nor an answer that never came explains it.
  public var diverged = Count()
  /// Slots of 20 ms in which clients waited for new: bad if more of its answers were slow than the limit, and more than legacy's.
  public var slow = Count()
  /// Such slots of legacy's: bad by the same measure where new's were not. What stalls either stack now and then excuses the other.
  public var slowOnLegacy: UInt64 = 0
  /// Keys that clients asked new for, as those of `diverged`: bad if new did not have what legacy has.
  public var missed = Count()
  /// Differences that are known and not closed, at this moment.
  public var open: UInt64 = 0
  /// Keys that were compared and had not been before, as long as somebody wants to know.
  public var keys: UInt64 = 0

  /// Nothing counted yet.
  public init() {}

  /// Adds what another lane counted in the same time. One lost server is one fault, on however many lanes.
  public mutating func merge(_ other: GuardUnits) {
    failed.overlay(other.failed)
    diverged.merge(other.diverged)
    slow.overlay(other.slow)
    slowOnLegacy = max(slowOnLegacy, other.slowOnLegacy)
    missed.merge(other.missed)
    open &+= other.open
    keys &+= other.keys
  }
}
