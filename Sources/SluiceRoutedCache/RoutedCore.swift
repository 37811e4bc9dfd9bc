import Foundation
import Logging
import SluiceCache
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceLocks
import SluiceRouting

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
    /// Whether new was in use, as far as anybody remembers: what it has from before that is nobody's affair.
    var hasUsedNew: Bool
    /// What of `rollback` outlives the process: not what the environment says.
    var ownLatch: Rollback?
    /// Rollbacks asked for so far: a re-arm that one of them overtakes must not lift it.
    var orders: UInt64 = 0
    /// The latch file that a re-arm has lifted here and left where it is, for others.
    var lifted: RollbackLatch.Mark?
    /// Whether somebody has written the definition for this cache, in this run or in the one before.
    var isGood: Bool
    var evidence = Evidence()
    /// When its account began, over restarts, and what the ledger knows of it by now.
    var accountBegan = Date()
    var written: UInt64?
    var interval = (figures: LaneFigures(), since: Date())
    /// Keys that were doubtful when the ledger was told last.
    var pending: [StackID: UInt64] = [:]
  }

  let options: RoutedCache.Options
  let logger: Logger
  let ledger: Ledger?
  let start: FlagStart
  let cutover: Mutex<Cutover>
  /// Held while the flags move or are read again.
  let moves = Mutex(())
  /// Nil where there is no flag file, beside which a latch has its place.
  let latch: LatchKeeper?
  let suspects: RoutedSuspects
  /// Nil without a ledger, or where its directory cannot be used.
  let journal: RoutedJournal?
  let journalError: String?
  private let legacy: any Cache
  private let new: any Cache
  let figures = Mutex(LaneFigures())
  /// Makes units for the guardrails of what the figures say, and is asked with those in hand.
  let meter = Mutex(GuardMeter())
  private let began = ContinuousClock.now
  /// What is known to differ.
  let known = Mutex(OpenDivergences())
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
    let remembered = journal?.remembered
    let stage = start.snapshot.effectiveStage
    suspects = RoutedSuspects(journal, doubts: remembered?.doubts(at: stage) ?? [], logger: logger)
    latch = LatchKeeper(start, logger: logger)
    self.options = options
    self.logger = logger
    let hadUsedNew = remembered?.leftOut[.new] != nil || (start.before?.stage ?? .off) != .off
    let cutover = Cutover(
      definition: start.definition, bytes: start.bytes, flagsError: start.error, rollback: start.rollback,
      routing: start.snapshot, hasUsedNew: stage.leftOut != .new || hadUsedNew, ownLatch: start.ownLatch,
      lifted: start.lifted, isGood: start.isGood)
    // Behind the suspects: until they are written down the next start has to find out by itself.
    cutover.remember(in: journal, hasLatchFile: start.hadLatchFile)
    journal?.keep { $0.leaveOut(cutover.leftOut) }
    self.cutover = Mutex(cutover)
    log = KeyLog(limit: max(1, options.mirrorQueue))
    self.cutover.withLock { recall(&$0) }
  }

  func cache(_ stack: StackID) -> any Cache { stack == .legacy ? legacy : new }

  /// Nanoseconds of a clock that only goes forward.
  func nanoseconds(at instant: ContinuousClock.Instant = .now) -> UInt64 {
    UInt64(clamping: Int64((instant - began) / .nanoseconds(1)))
  }

  var routing: RoutingSnapshot { cutover.withLock { $0.routing } }

  func explain(_ key: String) -> Explanation { routing.explain(key.utf8.span) }
}
