import SluiceFigures

/// What the compared reads of a time say, in the words and by the rules of the ledger's view `cutover_story`.
public enum Verdict: String, Sendable, CaseIterable {
  /// At least one compare, and no divergence.
  case pass
  /// The only divergences are keys that the new stack did not have.
  case cold
  /// Nothing was compared (zero of zero is not a pass, law 10), or writes did not reach the mirror, or it refused some.
  case hold
  /// There is another kind of divergence. Answers that never came are none: they say nothing about data.
  case differs

  init(_ figures: LaneFigures) {
    let compare = figures.compare
    self =
      if figures.dataDivergences > 0 {
        .differs
      } else if compare.compared <= figures.divergences[.timeout] || compare.droppedWrites > 0
        || compare.mirrorErrors > 0
      {
        .hold
      } else {
        figures.divergences[.missingInNew] > 0 ? .cold : .pass
      }
  }
}

extension LaneFigures {
  /// Divergences whose kind is about the data.
  var dataDivergences: UInt64 {
    compare.diverged - min(compare.diverged, divergences[.missingInNew] &+ divergences[.timeout])
  }
}
