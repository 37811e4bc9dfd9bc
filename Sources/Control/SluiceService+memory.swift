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
    for stack in StackID.allCases where !journal.recovered.isEmpty {
      let all = journal.recovered.everything.contains(stack)
      logger.warning(
        "suspects of the last run on stack \(stack.name): \(all ? "all keys" : "\(journal.recovered.count(stack)) keys")"
      )
    }
    if let damage = journal.recovered.damage {
      logger.error("\(SluiceService.damaged(damage, journal.recovered.everything))")
    }
    return (journal, journal.failure.map(notKept))
  }

  /// What a journal that is damaged means, for log and status.
  static func damaged(_ damage: String, _ doubted: Set<StackID>) -> String {
    let stacks = doubted.map(\.name).sorted().joined(separator: " and of ")
    return
      "the journal of suspects was damaged at the start: \(damage); every key of \(stacks) was taken for a suspect"
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
