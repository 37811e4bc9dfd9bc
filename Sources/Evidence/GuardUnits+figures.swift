import SluiceFigures
import SluiceFlags

extension GuardUnits {
  /// The units of a cache that has no lanes, from what it counted in about a second: 50 slots at most, all bad where new failed more
  /// than the limit and more than legacy did. Each difference counts.
  public init(of figures: LaneFigures, by guardrails: Guardrails) {
    self.init()
    let bad = figures.dataDivergences
    diverged = Count(good: figures.compare.compared - min(bad, figures.compare.compared), bad: bad)
    let new = StackWork(.new, in: figures)
    let legacy = StackWork(.legacy, in: figures)
    let isBad = new.rate > max(guardrails.failed.healthy, legacy.rate)
    if isBad { failed.bad = min(50, new.failures) } else { failed.good = min(50, new.operations) }
  }
}
