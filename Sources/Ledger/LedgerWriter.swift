import Foundation
import GRDB

/// The one thread that writes: takes what the queue holds, writes it, tries again when it cannot, and begins another file when the one
/// that it writes is not what it was any more.
struct LedgerWriter: Sendable {
  /// How often old rows are looked for when nothing is left to delete.
  static let housekeepingSeconds: TimeInterval = 600
  /// So often a lost file is followed by another one; each of them costs its open connection.
  static let mostLosses = 16

  let queue: LedgerQueue
  let store: LedgerStore
  let configuration: LedgerConfiguration
  let run: LedgerStore.Run
  /// Told in a sentence that a file was lost.
  let lost: @Sendable (String) -> Void

  /// What the thread knows.
  private struct Progress {
    var store: LedgerStore
    /// Row ids of this run's flips in the order of their recording; before the first one it is 0.
    var flipIDs: [Int64] = [0]
    var groups = DivergenceGroups()
    var story = LedgerStory()
    var losses = 0
    /// What happened to the file, as long as no other one could be begun.
    var loss: String?
  }

  /// Runs on a thread of its own until the queue is closed.
  func start() {
    let thread = Thread { follow() }
    thread.name = "sluice-ledger"
    thread.start()
  }

  private func follow() {
    var progress = Progress(store: store)
    var retry = configuration.retryMilliseconds.lowerBound
    var housekeeping = Date()
    var look = Date()
    while true {
      switch queue.next(housekeeping: min(housekeeping, look)) {
      case .write(let batch):
        do {
          if progress.loss != nil { try beginAgain(&progress) }
          try write(batch, &progress)
          retry = configuration.retryMilliseconds.lowerBound
        } catch {
          if progress.loss == nil, notice(&progress, error) { continue }
          queue.failed(reason(error, progress), pause: retry)
          retry = min(retry * 2, configuration.retryMilliseconds.upperBound)
        }
      case .housekeeping:
        if look <= Date() {
          look = Date(timeIntervalSinceNow: Double(configuration.lookMilliseconds) / 1000)
          if progress.loss == nil { notice(&progress) }
          if progress.loss != nil {
            do { try beginAgain(&progress) } catch { queue.failed(reason(error, progress), pause: 0) }
          }
        }
        guard housekeeping <= Date(), progress.loss == nil else { continue }
        // Old rows that cannot be deleted now are as old in ten minutes.
        let more = (try? progress.store.expire(now: Date(), configuration)) ?? false
        housekeeping = Date(timeIntervalSinceNow: more ? 0.05 : Self.housekeepingSeconds)
      case .finish(let clean):
        if progress.loss == nil, notice(&progress) { try? beginAgain(&progress) }
        if progress.loss == nil {
          // If the file cannot be written even now, the run stays one that did not end: that is what it looks like.
          try? progress.store.endRun(at: Date(), clean: clean, losses: queue.currentLosses)
          progress.store.close()
        }
        queue.finish()
        return
      }
    }
  }

  /// Flips first and alone, as they are synced; then counts; then samples, which a nearly full disk must not let
  /// take the place of counts. Each part leaves the queue as soon as it is on disk.
  private func write(_ batch: LedgerBatch, _ progress: inout Progress) throws {
    let store = progress.store
    if !batch.flips.isEmpty {
      progress.flipIDs += try store.write(batch.flips)
      progress.story.wrote(batch.flips)
      queue.wrote(flips: batch.flips.count)
    }
    if !batch.intervals.isEmpty {
      try store.write(batch.intervals, flipIDs: progress.flipIDs)
      progress.story.wrote(batch.intervals)
      queue.wrote(intervals: batch.intervals.count)
    }
    try store.write(
      batch, groups: progress.groups.additions(of: batch.samples, store.keys), flipIDs: progress.flipIDs)
    queue.wrote(samples: batch.samples.count, lost: batch.lost, account: batch.accounts)
  }

  // MARK: A file that is lost

  /// Looks whether the file is still there and whole. True if it is not.
  @discardableResult
  private func notice(_ progress: inout Progress, _ error: (any Error)? = nil) -> Bool {
    let place = progress.store.place
    var what: String?
    switch place.loss() {
    case .moved: what = "was moved away"
    case .gone(let fate): what = fate
    case nil:
      switch (error as? DatabaseError)?.resultCode {
      case .SQLITE_CORRUPT?, .SQLITE_NOTADB?: what = "is damaged"
      default: return false
      }
    }
    guard let what else { return false }
    progress.loss = "the ledger \(place.path) \(what) at \(Date().ISO8601Format())"
    progress.losses += 1
    progress.store.abandon()
    return true
  }

  /// Begins another file, and tells this run's story there from the beginning.
  private func beginAgain(_ progress: inout Progress) throws {
    guard let loss = progress.loss else { return }
    guard progress.losses <= Self.mostLosses, let path = LedgerPlace.free(for: configuration.path) else {
      throw LedgerError(
        code: .cannotOpen, path: configuration.path,
        message: "no other one is begun, it happened too often; look who does that, and start again")
    }
    LedgerPlace.removeLeftovers(of: path)
    var run = run
    run.summary += "; \(loss)"
    let fresh = try LedgerStore(configuration, at: path, run, store.keys, store.commandName)
    let story = progress.story
    do {
      let ids = Array(repeating: Int64(0), count: 1 + story.forgotten) + (try fresh.write(story.flips))
      try fresh.write(story.intervals, flipIDs: ids)
      progress.flipIDs = ids
    } catch {
      // Half a story is none: it is begun once more.
      fresh.close()
      unlink(path)
      throw error
    }
    (progress.store, progress.groups, progress.loss) = (fresh, DivergenceGroups(), nil)
    let sentence =
      "\(loss); \(path == configuration.path ? "a new one there" : path) has this run's flips and figures, "
      + "and its samples from then on"
    lost(sentence)
    queue.moved(to: path, because: sentence)
  }

  private func reason(_ error: any Error, _ progress: Progress) -> String {
    let reason = Self.reason(error)
    return progress.loss.map { "\($0), and no other can be begun: \(reason)" } ?? reason
  }

  private static func reason(_ error: any Error) -> String {
    if let error = error as? LedgerError { return error.message }
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
