import Dispatch
import Logging
import SluiceLocks

/// The latch file of a running instance: written and removed away from those who order it, so that a disk that hangs holds no
/// rollback up; knows whether the file is there. What could not be written is tried again every second: a disk that is full
/// at 3 a.m. has room at five, and the restart comes at six.
///
/// The file belongs to all who share its folder. So a re-arm of this instance leaves it where it is while others look at it, and
/// remembers which one it was: that file says nothing to this instance any more, and the next one does.
public final class LatchKeeper: Sendable {
  private struct State {
    /// Writes and removals that the queue has not done yet.
    var underWay = 0
    var writes = 0
    var trouble: String?
    /// What could not be written, until it is or the latch is lifted.
    var unwritten: [UInt8]?
    /// Whether the next try is set down; there is one at a time, however often the rollback is ordered.
    var isDueAgain = false
    /// The file was there once since it was wanted.
    var wasThere = false
    var lifted: RollbackLatch.Mark?
    var isTending = false
  }

  private let latch: RollbackLatch
  private let logger: Logger
  private let presence: FolderPresence
  private let state: Mutex<State>
  /// Not the queue of the flag file: a latch does not wait for what that has to write.
  private let disk = DispatchQueue(label: "sluice.latch")

  /// For an instance that begins so; nil where there is no flag file, beside which a latch has its place.
  public init?(_ start: FlagStart, logger: Logger) {
    guard let latch = start.latch, let file = start.file else { return nil }
    self.latch = latch
    self.logger = logger
    presence = FolderPresence(file.directory)
    var state = State()
    state.lifted = start.lifted
    state.wasThere = start.hadLatchFile || (start.latchMark != nil && start.lifted == nil)
    self.state = Mutex(state)
    guard let own = start.ownLatch, start.latchMark == nil || start.lifted != nil else { return }
    if start.hadLatchFile { goneByHand() } else { set(reason: own.reason, who: own.who, isOrder: false) }
  }

  public var path: String { latch.path }
  public var note: String? { latch.note }

  /// Whether there is a file that speaks to this instance.
  public var isSet: Bool {
    let mark = latch.mark
    return mark != nil && mark != state.withLock({ $0.lifted })
  }

  /// Whether a file that appears may be one that is just being written here.
  public var isBeingWritten: Bool { state.withLock { $0.writes > 0 } }

  /// Whether a file that is wanted was there at some time: where it is gone now, somebody has removed it.
  public var wasThere: Bool { state.withLock { $0.wasThere } }

  /// Why there is no file although the latch is set, as far as that is known by now; nil if there is one.
  public var trouble: String? { state.withLock { $0.trouble } }

  /// Whether the file that is there was lifted here, and stays for others.
  public var isLeftForOthers: Bool {
    let lifted = state.withLock { $0.lifted }
    return lifted != nil && latch.mark == lifted
  }

  /// Begins to write the file, and returns at once.
  ///
  /// - Parameters:
  ///   - isOrder: somebody wants a rollback now, of all who share the folder.
  ///   - begun: called when the thread is at it. That waits for no disk, not even where an earlier write hangs.
  public func set(reason: String, who: String, isOrder: Bool, begun: @escaping @Sendable () -> Void = {}) {
    let isIdle = state.withLock { state in
      state.underWay += 1
      state.writes += 1
      return state.underWay == 1
    }
    if !isIdle { begun() }
    disk.async { [self] in
      let note = RollbackLatch.note(reason: reason, who: who)
      if isIdle { begun() }
      write(note, isOrder: isOrder)
    }
  }

  /// What `set` or `writeAgain` has begun, on the disk's queue.
  private func write(_ note: [UInt8], isOrder: Bool = false) {
    var trouble: String?
    let lifted = state.withLock { $0.lifted }
    do { try latch.set(note, isOrder: isOrder, insteadOf: lifted) } catch { trouble = "\(error)" }
    let (wasUnwritten, isDueAgain) = state.withLock { state in
      let before = (state.unwritten != nil, state.isDueAgain)
      state.trouble = trouble
      state.unwritten = trouble == nil ? nil : note
      if trouble == nil { (state.lifted, state.wasThere) = (nil, true) } else { state.isDueAgain = true }
      state.underWay -= 1
      state.writes -= 1
      return before
    }
    if let trouble {
      if !wasUnwritten { logger.error("the rollback is in force, but its file is not there: \(trouble)") }
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

  /// What has become of the file with a re-arm.
  public enum Lift: Sendable, Equatable {
    /// There is none any more.
    case gone
    /// It stays where it is: others share the folder.
    case left(RollbackLatch.Mark)
  }

  /// Takes the file out of force for this instance, behind what is being written: removes it if nobody else looks at the folder, or if
  /// it is to go for all.
  ///
  /// - Parameter done: called on the disk's queue; with code `unwritable` if the file cannot be removed.
  public func lift(forAll: Bool, done: @escaping @Sendable (Result<Lift, FlagError>) -> Void) {
    state.withLock { $0.underWay += 1 }
    disk.async { [self] in
      defer { state.withLock { $0.underWay -= 1 } }
      done(Result { () throws(FlagError) in try lift(forAll) })
    }
  }

  /// The same, and waits for it.
  public func lift(forAll: Bool) throws(FlagError) -> Lift {
    let result = Mutex<Result<Lift, FlagError>>(.success(.gone))
    disk.sync {
      let outcome = Result { () throws(FlagError) in try lift(forAll) }
      result.withLock { $0 = outcome }
    }
    return try result.withLock { $0 }.get()
  }

  private func lift(_ forAll: Bool) throws(FlagError) -> Lift {
    var left: RollbackLatch.Mark?
    if forAll || !presence.isShared { try latch.clear() } else { left = latch.mark }
    state.withLock { ($0.unwritten, $0.trouble, $0.lifted, $0.wasThere) = (nil, nil, left, false) }
    return left.map(Lift.left) ?? .gone
  }

  /// Somebody else has put the file there, or has taken it away.
  public func changedByHand() {
    if latch.isSet {
      state.withLock { ($0.unwritten, $0.trouble, $0.wasThere) = (nil, nil, true) }
    } else {
      goneByHand()
    }
  }

  private func goneByHand() {
    let trouble =
      "the latch file \(latch.path) is gone: somebody has removed it; another ROLLBACK writes it again"
    state.withLock { ($0.unwritten, $0.trouble) = (nil, trouble) }
  }

  /// This instance ends: it looks at the folder no longer.
  public func leave() { presence.leave() }

  /// The watcher tells of a file that comes or goes, but not while it is being written here.
  private func lookAgain() {
    let state = state.withLock { $0 }
    guard state.underWay == 0, state.unwritten == nil, state.wasThere else { return }
    if isSet != (state.trouble == nil) { changedByHand() }
  }

  /// Called once a second: others must see that this instance looks at the folder, also when that was made anew.
  public func tend() {
    let isFirst = state.withLock { state in
      defer { state.isTending = true }
      return !state.isTending
    }
    guard isFirst else { return }
    // Elsewhere than the writes: a rollback that finds the disk at work believes that it is an earlier one, and waits for nothing.
    DispatchQueue.global(qos: .utility).async { [self] in
      presence.hold()
      lookAgain()
      state.withLock { $0.isTending = false }
    }
  }
}
