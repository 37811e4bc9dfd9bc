import Foundation
import Logging
import SluiceCache
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceRouting
import Synchronization

/// The inside of a ``RoutedCache``: routing, reads, writes, and the mirror's log.
final class RoutedCore: Sendable {
  /// What the flags say and who changed it; see `RoutedCore+cutover`.
  struct Cutover: Sendable {
    var definition: FlagDefinition
    /// The same as bytes; what edits in memory start from.
    var bytes: [UInt8]
    var flagsError: String?
    var rollback: Rollback?
    var routing: RoutingSnapshot
    /// Whether new was in use since the start: what it has from before the start is not this process's affair.
    var hasUsedNew: Bool
    var evidence = Evidence()
    /// What the guardrails have not looked at yet.
    var guardUnits = GuardUnits()
    var interval = (figures: LaneFigures(), since: Date())
  }

  let options: RoutedCache.Options
  let logger: Logger
  let ledger: Ledger?
  let start: FlagStart
  let cutover: Mutex<Cutover>
  /// Held while the flags move or are read again.
  let moves = Mutex(())
  /// File work in the order in which it was asked for, so that a disk that hangs holds no operation up.
  let disk = DispatchQueue(label: "sluice.routed.flags")
  let suspects: RoutedSuspects
  /// Nil without a ledger, or where its directory cannot be used.
  let journal: RoutedJournal?
  let journalError: String?
  private let legacy: any Cache
  private let new: any Cache
  let figures = Mutex(LaneFigures())
  let log: KeyLog

  init(
    legacy: any Cache, new: any Cache, start: FlagStart, ledger: Ledger?, journal: RoutedJournal?,
    journalError: String?, options: RoutedCache.Options, logger: Logger
  ) {
    self.legacy = legacy
    self.new = new
    self.start = start
    self.ledger = ledger
    self.journal = journal
    self.journalError = journalError
    suspects = RoutedSuspects(journal, logger: logger)
    self.options = options
    self.logger = logger
    cutover = Mutex(
      Cutover(
        definition: start.definition, bytes: start.bytes, flagsError: start.error, rollback: start.rollback,
        routing: start.snapshot, hasUsedNew: start.snapshot.effectiveStage.leftOut != .new))
    log = KeyLog(limit: max(1, options.mirrorQueue))
  }

  func cache(_ stack: StackID) -> any Cache { stack == .legacy ? legacy : new }

  var routing: RoutingSnapshot { cutover.withLock { $0.routing } }

  func explain(_ key: String) -> Explanation { routing.explain(key.utf8.span) }
}
