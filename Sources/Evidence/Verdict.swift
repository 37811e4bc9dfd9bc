import SluiceFigures

/// What the compared reads of a time say, in the words and by the rules of the ledger's view `cutover_story`.
public enum Verdict: String, Sendable, CaseIterable {
  /// At least one compare, and no divergence.
  case pass
  /// The only divergences are keys that the new stack did not have.
  case cold
  /// Nothing was compared (zero of zero is not a pass, law 10), or writes did not reach the mirror, or it refused some, or there are
  /// keys that no way can carry to it.
  case hold
  /// There is another kind of divergence. Answers that never came are none: they say nothing about data.
  case differs

  /// - Parameters:
  ///   - open: differences that are known and not closed, under whatever routing they were seen; nil where nobody knows them one by
  ///     one, so that all that were counted count.
  ///   - warmed: of the keys that new did not have, those that it was brought since.
  init(_ figures: LaneFigures, open: UInt64? = nil, warmed: UInt64 = 0) {
    let compare = figures.compare
    // What differed and does no more proves as little as what was not compared.
    let settled =
      min(warmed, figures.divergences[.missingInNew]) &+ (open == nil ? 0 : figures.dataDivergences)
    self =
      if open ?? figures.dataDivergences > 0 {
        .differs
      } else if compare.compared <= figures.divergences[.timeout] &+ settled || compare.droppedWrites > 0
        || compare.mirrorErrors > 0 || compare.uncarried > 0
      {
        .hold
      } else {
        figures.divergences[.missingInNew] > warmed ? .cold : .pass
      }
  }
}

extension LaneFigures {
  /// Divergences whose kind is about the data.
  var dataDivergences: UInt64 {
    compare.diverged - min(compare.diverged, divergences[.missingInNew] &+ divergences[.timeout])
  }
}
