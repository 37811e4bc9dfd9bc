import Dispatch
import Flags
import Logging
import Synchronization

/// The latch file of a running proxy: written and removed away from those who order it, so that a disk that hangs holds no
/// rollback up; knows whether a restart would find it.
final class LatchKeeper: Sendable {
  private struct State {
    /// Writes and removals that the queue has not done yet.
    var underWay = 0
    var writes = 0
    var trouble: String?
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
      var trouble: String?
      let note = RollbackLatch.note(reason: reason, who: who)
      tell.finish()
      do { try latch.set(note) } catch {
        trouble = "\(error)"
        logger.error("the rollback is in force, but a restart would forget it: \(error)")
      }
      state.withLock { state in
        state.underWay -= 1
        state.writes -= 1
        state.trouble = trouble
      }
    }
    return begun
  }

  /// Removes the file, behind what is being written.
  func clear() async throws {
    state.withLock { $0.underWay += 1 }
    try await disk.run { [self] in
      defer { state.withLock { $0.underWay -= 1 } }
      try latch.clear()
    }
    state.withLock { $0.trouble = nil }
  }

  /// Somebody else has put the file there, or has taken it away.
  func changedByHand() {
    let trouble = latch.isSet ? nil : "the latch file \(latch.path) is gone"
    state.withLock { $0.trouble = trouble }
  }
}
