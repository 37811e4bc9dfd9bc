/// What a lane needs to know of the guardrails to make their units.
public struct GuardLimits: Sendable, Equatable {
  /// The share of new's commands in a slot that may fail, 0 to 1.
  public var failed = 1.0
  /// The share of new's commands in a slot that may be slow, 0 to 1.
  public var slow = 1.0
  /// From how many nanoseconds on a command of each class is slow; none is by default.
  public var slowAbove = InlineArray<3, Int64>(repeating: .max)
  /// Whether keys differed lately, so that those count as well that do not.
  public var isSuspicious = false
  /// Whether clients lately missed what legacy has, so that what they find counts as well.
  public var isMissing = false
  /// Whether somebody wants to know how many keys were compared.
  public var countsKeys = false

  public init() {}

  public static func == (left: GuardLimits, right: GuardLimits) -> Bool {
    left.failed == right.failed && left.slow == right.slow && left.isSuspicious == right.isSuspicious
      && left.isMissing == right.isMissing && left.countsKeys == right.countsKeys
      && left.slowAbove.indices.allSatisfy { left.slowAbove[$0] == right.slowAbove[$0] }
  }
}
