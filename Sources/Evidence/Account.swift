import SluiceFigures
import SluiceFlags

/// What outlives a process of the evidence of one routing.
public struct Account: Sendable, Equatable {
  /// How long the routing was in force, without the time in which no process ran.
  public var seconds: UInt64 = 0
  public var compare = CompareFigures()
  /// Divergences by kind.
  public var kinds: [DivergenceKind: UInt64] = [:]
  /// Of the missing keys, those that new was brought since.
  public var warmed: UInt64 = 0
  /// What new was asked, and how much of it failed for its own sake.
  public var operations: UInt64 = 0
  public var failures: UInt64 = 0
  public var keys: UInt64 = 0
  public var isVerified = false
  /// Slots in which clients waited for new, and those of them that were slow for new's own sake.
  public var slots: UInt64 = 0
  public var slowSlots: UInt64 = 0
  public var paused: String?
  public var forced: String?
  /// New's last words about its own trouble.
  public var said: String?
  /// Legacy's p99 in microseconds, by command class.
  public var pace: [CommandClass: UInt64] = [:]
  public var tests: [Guardrails.Name: Cusum] = [:]

  public init() {}
}

extension Evidence {
  /// The account as it stands.
  public func account(at now: ContinuousClock.Instant = .now) -> Account {
    var account = Account()
    account.seconds = seconds(at: now)
    account.compare = sinceFlip.compare
    for kind in DivergenceKind.allCases where sinceFlip.divergences[kind] > 0 {
      account.kinds[kind] = sinceFlip.divergences[kind]
    }
    account.warmed = warmed
    let work = StackWork(.new, in: sinceFlip)
    (account.operations, account.failures) = (work.operations, work.failures)
    account.keys = keys
    account.isVerified = isVerified
    (account.paused, account.forced, account.said) = (paused, forced, said)
    account.slots = slow.good &+ slow.bad
    account.slowSlots = slow.bad - min(slow.bad, slowOnLegacy)
    for each in CommandClass.allCases { account.pace[each] = pace[each] }
    account.tests = tests
    return account
  }

  /// Whether both stacks were found to be equal on this step.
  public var isVerified: Bool { verifiedAt.map { $0 >= since } ?? false }

  /// Goes on with the account of an earlier process: the same routing is the same evidence.
  public mutating func resume(_ account: Account, at now: ContinuousClock.Instant = .now) {
    var figures = LaneFigures()
    figures.compare = account.compare
    for (kind, count) in account.kinds { figures.divergences.record(kind, count: count) }
    figures[.new, .mirror, .other].operations = account.operations
    figures[.new, .mirror, .other].failures = account.failures
    begin(
      figures, since: now - .seconds(Int64(clamping: min(account.seconds, 1 << 40))), warmed: account.warmed)
    // Which keys they were died with the process: the same ones would be counted twice.
    keys = 0
    if account.isVerified { verified(at: now) }
    (paused, forced, said) = (account.paused, account.forced, account.said)
    let bad = min(account.slowSlots, account.slots)
    (slow, slowOnLegacy) = (GuardUnits.Count(good: account.slots - bad, bad: bad), 0)
    for (each, p99) in account.pace { pace.recall(p99, for: each) }
    tests = account.tests
  }
}
