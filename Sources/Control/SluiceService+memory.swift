import Foundation
import SluiceCommands
import SluiceJournal
import SluiceLedger
import SluiceRouting

/// What outlives the process: the ledger, and beside it the journal of suspects.
extension SluiceService {
  /// Beside the ledger, in a directory of its own: it needs no database to work.
  ///
  /// - Parameter before: what the ledger knows of earlier runs, so that a journal that is gone is not taken for a first start.
  /// - Throws: `ServeError` if another proxy has it.
  func openJournal(behind before: Ledger.Before?) throws(ServeError) -> (SuspectJournal?, String?) {
    guard let path = configuration.ledger.path else { return (nil, nil) }
    let journal: SuspectJournal
    do throws(JournalError) {
      journal = try SuspectJournal(
        directory: path + ".suspects", lanes: configuration.threads,
        earlier: .init(hasRun: before?.hasRun ?? false, mirrors: before?.mirrors ?? Set(StackID.allCases)))
    } catch {
      if error.isInUse { throw .ledgerInUse(path, "its journal \(error)") }
      return (nil, notKept(error))
    }
    return (journal, journal.failure.map(notKept))
  }

  /// Says what the last run has left, and returns what it means that its journal is damaged, for the status; nil if it is whole.
  ///
  /// - Parameter routing: what was in force when it was written; nil if nobody can say.
  func announceSuspects(of journal: SuspectJournal, in routing: RoutingSnapshot?) -> String? {
    let (everything, mirrored) = journal.doubts(in: routing)
    for stack in StackID.allCases where !journal.recovered.isEmpty {
      let keys =
        everything.contains(stack)
        ? "all keys"
        : mirrored.contains(stack) ? "all keys that it mirrored" : "\(journal.recovered.count(stack)) keys"
      logger.warning("suspects of the last run on stack \(stack.name): \(keys)")
    }
    guard let fault = journal.recovered.damage else { return nil }
    let doubts =
      everything.map { "every key of \($0.name)" }.sorted()
      + mirrored.map { "every key that \($0.name) mirrored" }.sorted()
    let damage =
      "the journal of suspects was damaged at the start: \(fault); \(doubts.joined(separator: " and ")) was taken for a suspect"
    logger.error("\(damage)")
    return damage
  }

  static func gone(_ missing: String) -> String {
    "suspects will not outlive this process: \(missing); the next start takes every key for one"
  }

  private func notKept(_ error: JournalError) -> String {
    logger.error("suspects will not outlive this process: \(error)")
    return error.description
  }

  /// A ledger that cannot be opened costs the evidence, never the traffic.
  ///
  /// - Throws: `ServeError` if another proxy has it: two would tell one story as two, each of the other's keys.
  func openLedger() throws(ServeError) -> (Ledger?, String?) {
    guard let path = configuration.ledger.path else { return (nil, nil) }
    var settings = LedgerConfiguration(path: path)
    settings.queueLimit = configuration.ledger.queue
    settings.retentionDays = configuration.ledger.retentionDays
    settings.hashKeys = configuration.ledger.hashKeys
    settings.previewBytes = configuration.ledger.previewBytes
    settings.isExclusive = true
    (settings.service, settings.instance) = (configuration.service ?? "", configuration.instanceName)
    do throws(LedgerError) {
      return (
        try Ledger(
          settings, version: SluiceService.version,
          summary: "legacy \(configuration.stacks.legacy.endpoint), new \(configuration.stacks.new.endpoint)",
          lost: { [logger] in logger.error("\($0)") },
          commandName: { CommandTable.shared.name(of: $0) }), nil
      )
    } catch {
      if error.code == .inUse { throw .ledgerInUse(path, "it \(error.message)") }
      logger.error("no evidence is kept: \(error)")
      return (nil, error.message)
    }
  }
}
