import Foundation
import SluiceFigures

/// The memory of a migration: runs, flips, divergences, errors and figures in one SQLite file.
///
/// Recording never waits for the disk: it puts the record on a bounded queue, from which one thread of the ledger's
/// own writes in batches. If the file cannot be written (disk full, read-only, locked) the ledger degrades: flips
/// and exact counts wait in memory, samples wait while there is room and are dropped and counted then, and
/// ``health()`` says why. Nothing is thrown at the recording side.
public final class Ledger: Sendable {
  private let queue: LedgerQueue
  private let configuration: LedgerConfiguration
  /// The connection of the writer; tests make it fail.
  let store: LedgerStore

  /// Opens the file, makes or migrates it, begins a run and starts the writer thread.
  ///
  /// `version` is Sluice's own, `summary` the configuration in one line without secrets. `commandName` gives the
  /// name to a command's number and `lost` is told in a sentence that the file is not what it was any more; both are called on the
  /// writer thread.
  public init(
    _ configuration: LedgerConfiguration, version: String, summary: String,
    lost: @escaping @Sendable (String) -> Void = { _ in },
    commandName: @escaping @Sendable (UInt16) -> String
  ) throws(LedgerError) {
    self.configuration = configuration
    let run = LedgerStore.Run(version: version, summary: summary)
    store = try LedgerStore(
      configuration, at: configuration.path, run, KeyText(hashed: configuration.hashKeys), commandName)
    queue = LedgerQueue(configuration)
    LedgerWriter(queue: queue, store: store, configuration: configuration, run: run, lost: lost).start()
  }

  /// What the file knew when it was opened.
  public var before: Before { store.before }

  deinit {
    queue.close(clean: false, within: 0)
  }

  /// Records a flip: written at once and synced. What is recorded afterwards belongs to it, so record the figures
  /// up to the flip first.
  public func record(_ flip: FlipRecord) { queue.record(flip) }

  /// Records one divergence as evidence. The counts come with the figures.
  public func record(_ sample: DivergenceSample) { queue.record(sample) }

  /// Records one error as evidence. The counts come with the figures.
  public func record(_ sample: ErrorSample) { queue.record(sample) }

  /// Records something that was decided.
  public func record(_ decision: DecisionRecord) { queue.record(decision) }

  /// Records a message to somebody outside, or what became of it.
  public func record(_ letter: LetterRecord) { queue.record(letter) }

  /// Records which server is behind a stack; one that is known already is no news.
  public func record(_ server: ServerRecord) { queue.record(server) }

  /// Records how the account of evidence stands; only the latest is written.
  public func record(_ account: AccountRecord) { queue.record(account) }

  /// Records what all lanes counted in an interval, merged. Nothing is written if nothing was counted.
  public func record(_ figures: LaneFigures, from start: Date, to end: Date) {
    queue.record(figures, from: start, to: end)
  }

  /// How the ledger is.
  public func health() -> LedgerHealth { queue.health }

  /// Writes what is queued, marks the run as ended and closes the file; waits at most
  /// ``LedgerConfiguration/closeMilliseconds`` and a second. The run is clean only if `clean` is true and
  /// everything was written. What is recorded afterwards is lost and counted.
  public func close(clean: Bool) {
    queue.close(clean: clean, within: Double(configuration.closeMilliseconds) / 1000)
  }
}
