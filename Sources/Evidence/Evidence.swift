import SluiceFigures
import SluiceFlags
import SluiceRouting

/// What was counted: since the start of the process for `STATUS`, and since the last flip for the guardrails.
public struct Evidence: Sendable {
  public private(set) var total = LaneFigures()
  public private(set) var sinceFlip = LaneFigures()
  /// When the account of ``sinceFlip`` began: at the last flip, or at the start of the process.
  public private(set) var since: ContinuousClock.Instant

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
  }

  /// What the compares since the flip say.
  public var verdict: Verdict { Verdict(sinceFlip) }

  /// Why the guardrails roll back, or nil. They act only where clients depend on the new stack.
  public func violation(of guardrails: Guardrails, _ stage: Stage) -> String? {
    guard stage == .live || stage == .rampdown || stage == .complete else { return nil }
    let compared = sinceFlip.compare.compared
    if compared >= max(1, guardrails.minimumSample) {
      let divergences = sinceFlip.dataDivergences
      let rate = Double(divergences) / Double(compared)
      if rate > guardrails.divergenceRate {
        return "\(divergences) of \(compared) compared reads diverged (limit \(guardrails.divergenceRate))"
      }
    }
    let asked = CommandClass.allCases.reduce(UInt64(0)) { $0 + sinceFlip[.new, $1].operations }
    // Errors about the command or its data are the client's.
    let kinds: [ErrorKind] = [.timeout, .unreachable, .refused, .trouble]
    let failures = kinds.reduce(UInt64(0)) { $0 + sinceFlip.errors[.new, $1] }
    if asked >= max(1, guardrails.minimumSample), Double(failures) / Double(asked) > guardrails.newErrorRate {
      return "\(failures) of \(asked) commands failed on the new stack (limit \(guardrails.newErrorRate))"
    }
    return nil
  }
}
