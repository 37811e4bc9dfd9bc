import Foundation
import GRDB

/// The one thread that writes: takes what the queue holds, writes it, tries again when it cannot.
struct LedgerWriter: Sendable {
  /// How often old rows are looked for when nothing is left to delete.
  static let housekeepingSeconds: TimeInterval = 600

  let queue: LedgerQueue
  let store: LedgerStore
  let configuration: LedgerConfiguration

  /// Runs on a thread of its own until the queue is closed.
  func start() {
    let thread = Thread { run() }
    thread.name = "sluice-ledger"
    thread.start()
  }

  private func run() {
    // Row ids of this run's flips in the order of their recording; before the first one it is 0.
    var flipIDs: [Int64] = [0]
    var groups = DivergenceGroups()
    var retry = configuration.retryMilliseconds.lowerBound
    var housekeeping = Date()
    while true {
      switch queue.next(housekeeping: housekeeping) {
      case .write(let batch):
        do {
          try write(batch, flipIDs: &flipIDs, groups: &groups)
          retry = configuration.retryMilliseconds.lowerBound
        } catch {
          queue.failed(Self.reason(error), pause: retry)
          retry = min(retry * 2, configuration.retryMilliseconds.upperBound)
        }
      case .housekeeping:
        // Old rows that cannot be deleted now are as old in ten minutes.
        let more = (try? store.expire(now: Date(), configuration)) ?? false
        housekeeping = Date(timeIntervalSinceNow: more ? 0.05 : Self.housekeepingSeconds)
      case .finish(let clean):
        // If the file cannot be written even now, the run stays one that did not end: that is what it looks like.
        try? store.endRun(at: Date(), clean: clean, losses: queue.currentLosses)
        store.close()
        queue.finish()
        return
      }
    }
  }

  /// Flips first and alone, as they are synced; then counts; then samples, which a nearly full disk must not let
  /// take the place of counts. Each part leaves the queue as soon as it is on disk.
  private func write(_ batch: LedgerBatch, flipIDs: inout [Int64], groups: inout DivergenceGroups) throws {
    if !batch.flips.isEmpty {
      flipIDs += try store.write(batch.flips)
      queue.wrote(flips: batch.flips.count)
    }
    if !batch.intervals.isEmpty {
      try store.write(batch.intervals, flipIDs: flipIDs)
      queue.wrote(intervals: batch.intervals.count)
    }
    try store.write(
      batch, groups: groups.additions(of: batch.samples, store.keys), flipIDs: flipIDs)
    queue.wrote(samples: batch.samples.count, lost: batch.lost)
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    return switch error.resultCode {
    case .SQLITE_FULL: "the disk is full (\(message)); free some space, nothing else is needed"
    case .SQLITE_BUSY, .SQLITE_LOCKED: "another process holds a lock on the file (\(message)); end it"
    case .SQLITE_READONLY: "the file is read-only (\(message)); make it writable"
    default: message
    }
  }
}
