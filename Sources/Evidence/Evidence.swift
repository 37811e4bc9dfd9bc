import SluiceFigures
import SluiceFlags
import SluiceRouting

/// What was counted: since the start of the process for `STATUS`, and under the present routing for the verdict.
public struct Evidence: Sendable {
  public private(set) var total = LaneFigures()
  public private(set) var sinceFlip = LaneFigures()
  /// When the account of ``sinceFlip`` began: at the last flip to another routing, or at the start of the process.
  public private(set) var since: ContinuousClock.Instant
  /// New fails commands that legacy does not.
  public private(set) var failed = Cusum()
  /// The stacks differ about keys.
  public private(set) var diverged = Cusum()

  /// Nothing counted yet.
  public init(at now: ContinuousClock.Instant = .now) { since = now }

  /// Adds what was counted since the last time.
  public mutating func add(_ figures: LaneFigures) {
    total.merge(figures)
    sinceFlip.merge(figures)
  }

  /// A flip begins a new account: what was true before it says nothing about what is true now.
  public mutating func startAgain(at now: ContinuousClock.Instant = .now) {
    sinceFlip = LaneFigures()
    since = now
    (failed, diverged) = (Cusum(), Cusum())
  }

  /// What the compares since the flip say.
  public var verdict: Verdict { Verdict(sinceFlip) }

  /// Lets the guardrails look at what came in since the last time.
  ///
  /// - Returns: why they roll back, or nil. They act only where clients depend on the new stack; elsewhere the units are not looked at.
  public mutating func judge(_ units: GuardUnits, by guardrails: Guardrails, in stage: Stage) -> String? {
    guard stage == .live || stage == .rampdown || stage == .complete else { return nil }
    diverged.add(units.diverged, rates: guardrails.diverged)
    if diverged.hasFired {
      return "new and legacy differ about \(diverged.bad) of the last \(diverged.total) keys compared "
        + "(limit \(guardrails.divergenceRate))"
    }
    failed.add(units.failed, rates: guardrails.failed)
    if failed.hasFired {
      return "new failed commands in \(failed.bad) of its last \(failed.total) slots of 20 ms "
        + "(limit \(guardrails.newErrorRate))"
    }
    return nil
  }

  /// Whether keys differed lately, so that those count as well that do not.
  public var isSuspicious: Bool { diverged.score > 0 }
}

extension Guardrails {
  var diverged: Cusum.Rates { Cusum.Rates(limit: divergenceRate) }
  var failed: Cusum.Rates { Cusum.Rates(limit: newErrorRate) }
}
