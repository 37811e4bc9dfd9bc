import Foundation
import SluiceFigures

/// A sample that waits for the writer, with the number of flips that this run had recorded before it.
struct QueuedSample: Sendable {
  enum Content: Sendable {
    /// Counted in its group; `isKept` also as a sample.
    case divergence(DivergenceSample, isKept: Bool)
    case error(ErrorSample)
    case decision(DecisionRecord)
    case server(ServerRecord)
    case letter(LetterRecord)
  }

  let flip: Int
  let content: Content
}

/// Figures that wait for the writer, with the number of flips that this run had recorded before them.
struct QueuedInterval: Sendable {
  var flip: Int
  var start: Date
  var end: Date
  var figures: LaneFigures

  /// Adds a later interval: nothing is lost but the time between.
  mutating func merge(_ later: QueuedInterval) {
    flip = later.flip
    start = min(start, later.start)
    end = max(end, later.end)
    figures.merge(later.figures)
  }
}

/// What the writer writes next. It stays in the queue until the writer says that it is on disk.
struct LedgerBatch: Sendable {
  var flips: [FlipRecord]
  var intervals: [QueuedInterval]
  var samples: [QueuedSample]
  /// Divergences that found no room in the queue.
  var lost: [DivergenceClass: DivergenceTally]
  var losses: LedgerLosses
  /// How the account of evidence stands, if that is news; and which news it is.
  var account: AccountRecord?
  var accounts: UInt64 = 0

  var isEmpty: Bool {
    flips.isEmpty && intervals.isEmpty && samples.isEmpty && lost.isEmpty && account == nil
  }
}

/// What this run did not keep, since its start.
struct LedgerLosses: Sendable, Equatable {
  var samples: UInt64 = 0
  var capped: UInt64 = 0
  var flips: UInt64 = 0
}
