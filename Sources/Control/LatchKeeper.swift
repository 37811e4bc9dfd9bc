import Dispatch
import Logging
import SluiceFlags
import Synchronization

/// The latch file of a running proxy: written and removed away from those who order it, so that a disk that hangs holds no
/// rollback up; knows whether a restart would find it. What could not be written is tried again every second: a disk that
/// is full at 3 a.m. has room at five, and the restart comes at six.
final class LatchKeeper: Sendable {
  private struct State {
    /// Writes and removals that the queue has not done yet.
    var underWay = 0
    var writes = 0
    var trouble: String?
    /// What could not be written, until it is or the latch is lifted.
    var unwritten: [UInt8]?
    /// Whether the next try is set down; there is one at a time, however often the rollback is ordered.
    var isDueAgain = false
  }

  private let latch: RollbackLatch
  private let logger: Logger
  private let state = Mutex(State())
  /// Not the queue of the flag file: a latch does not wait for what that has to write.
  private let disk = DispatchQueue(label: "sluice.latch")

  init(_ latch: RollbackLatch, logger: Logger) {
    self.latch = latch
    self.logger = logger
  }

  var isSet: Bool { latch.isSet }
  var note: String? { latch.note }

  /// Whether a file that appears may be one that is just being written here.
  var isBeingWritten: Bool { state.withLock { $0.writes > 0 } }

  /// Why the last rollback is not on disk, as far as that is known by now; nil if it is.
  var trouble: String? { state.withLock { $0.trouble } }

  /// Begins to write the file, and returns at once: a stream that ends when the thread is at it. That waits for no disk, not
  /// even where an earlier write hangs.
  func set(reason: String, who: String) -> AsyncStream<Void> {
    let (begun, tell) = AsyncStream.makeStream(of: Void.self)
    let isIdle = state.withLock { state in
      state.underWay += 1
      state.writes += 1
      return state.underWay == 1
    }
    if !isIdle { tell.finish() }
    disk.async { [self] in
      let note = RollbackLatch.note(reason: reason, who: who)
      tell.finish()
      write(note)
    }
    return begun
  }

  /// What `set` or `writeAgain` has begun, on the disk's queue.
  private func write(_ note: [UInt8]) {
    var trouble: String?
    do { try latch.set(note) } catch { trouble = "\(error)" }
    let (wasUnwritten, isDueAgain) = state.withLock { state in
      let before = (state.unwritten != nil, state.isDueAgain)
      state.trouble = trouble
      state.unwritten = trouble == nil ? nil : note
      if trouble != nil { state.isDueAgain = true }
      state.underWay -= 1
      state.writes -= 1
      return before
    }
    if let trouble {
      if !wasUnwritten { logger.error("the rollback is in force, but a restart would forget it: \(trouble)") }
      if !isDueAgain { disk.asyncAfter(deadline: .now() + .seconds(1)) { [weak self] in self?.writeAgain() } }
    } else if wasUnwritten {
      logger.notice("the latch file is on disk now: a restart would find it")
    }
  }

  private func writeAgain() {
    let note = state.withLock { state in
      state.isDueAgain = false
      if state.unwritten != nil {
        // Counted like any other: a rollback that comes while this one hangs does not wait behind it.
        state.underWay += 1
        state.writes += 1
      }
      return state.unwritten
    }
    if let note { write(note) }
  }

  /// Removes the file, behind what is being written.
  func clear() async throws {
    state.withLock { $0.underWay += 1 }
    try await disk.run { [self] in
      defer { state.withLock { $0.underWay -= 1 } }
      try latch.clear()
      state.withLock { ($0.unwritten, $0.trouble) = (nil, nil) }
    }
  }

  /// Somebody else has put the file there, or has taken it away.
  func changedByHand() {
    let trouble = latch.isSet ? nil : "the latch file \(latch.path) is gone"
    state.withLock { ($0.unwritten, $0.trouble) = (nil, trouble) }
  }
}
