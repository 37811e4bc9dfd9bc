import DequeModule
import SluiceJournal
import SluiceLocks
import SluiceRouting

/// What of a routed cache outlives the process (law 7): the keys of writes whose end at the mirror is not known, and the suspects.
/// The proxy's files, with one lane; so a service may take over where a proxy stood.
///
///     write ── began ─→ primary ─→ log of the key ─→ mirror ── ended
///                                        └ suspect ─→ written down ─→ ended
final class RoutedJournal: Sendable {
  /// A write on its way.
  struct Place: Sendable {
    fileprivate let primary: StackID
    fileprivate let number: UInt64
  }

  /// The writes of one primary that are on their way, oldest first: they end in any order, and the files forget them in the order in
  /// which they began.
  private struct Writes {
    private var open: Deque<(position: UInt32, isOver: Bool)> = []
    /// How many have left `open`.
    private var gone: UInt64 = 0

    var isEmpty: Bool { open.isEmpty }

    mutating func begin(at position: UInt32) -> UInt64 {
      open.append((position, false))
      return gone + UInt64(open.count) - 1
    }

    /// Up to where the files may forget; nil if an older one is still on its way.
    mutating func end(_ number: UInt64) -> UInt32? {
      guard number >= gone, number - gone < UInt64(open.count) else { return nil }
      open[Int(number - gone)].isOver = true
      var position: UInt32?
      while let first = open.first, first.isOver {
        position = first.position
        open.removeFirst()
        gone += 1
      }
      return position
    }
  }

  private struct State {
    /// Holds the lock of the directory.
    let files: SuspectJournal
    var writes: [StackID: Writes] = [:]

    var lane: LaneJournal { files.lanes[0] }
  }

  /// Nil behind `close()`.
  private let state: Mutex<State?>

  /// What the process before has left behind.
  let recovered: SuspectJournal.Recovered
  /// What was in force there; nil if nobody can say.
  let remembered: InForce?

  /// - Throws: `JournalError` if the directory cannot be read or written, or is in use by another process.
  init(
    directory: String, earlier: SuspectJournal.Earlier = SuspectJournal.Earlier()
  ) throws(JournalError) {
    let files = try SuspectJournal(directory: directory, lanes: 1, earlier: earlier)
    if let error = files.failure { throw error }
    recovered = files.recovered
    remembered = files.remembered
    state = Mutex(State(files: files))
  }

  /// What was recovered is written down anew.
  func wasTakenOver() { state.withLock { $0?.files.wasTakenOver() } }

  /// Lets go of the directory. What stands in it is for the next one.
  func close() { state.withLock { $0 = nil } }

  // MARK: What is in force

  /// Why a restart would not know what is in force; nil if it would, or behind `close()`.
  var inForceTrouble: JournalError? {
    state.withLock { $0?.files.inForceFailure ?? $0?.files.inForce?.failure }
  }

  /// Changes what the next process finds; it stands there when this returns.
  func keep(_ change: (InForceRecord) -> Void) {
    state.withLock { state in
      if let record = state?.files.inForce { change(record) }
    }
  }

  /// Looks after the file of it, away from whoever calls: a disk may hang.
  func tend() async {
    let record = state.withLock { $0?.files.inForce }
    await Task.detached(priority: .utility) { record?.tend() }.value
  }

  // MARK: Writes

  /// A write of the key goes to its primary; nil as key is one whose keys nobody can tell.
  func began(_ key: String?, primary: StackID) -> Place? {
    state.withLock { state in
      guard let lane = state?.lane else { return nil }
      let position =
        key.map { lane.record($0.utf8.span, primary: primary) } ?? lane.recordUnknown(primary: primary)
      let number = state?.writes[primary, default: Writes()].begin(at: position)
      return number.map { Place(primary: primary, number: $0) }
    }
  }

  /// The mirror has taken it, or its key is a suspect, or it did nothing that a mirror would have to hear of.
  func ended(_ place: Place?) {
    guard let place else { return }
    state.withLock { state in
      guard let lane = state?.lane, let position = state?.writes[place.primary]?.end(place.number) else {
        return
      }
      lane.retire(position, primary: place.primary)
      if state?.writes[place.primary]?.isEmpty == true { lane.retireAll(primary: place.primary) }
      lane.commit()
    }
  }

  // MARK: Suspects

  /// Writes down what changed. Returns why it could not be, if that is new.
  func write(_ change: (LaneJournal) -> Void) -> JournalError? {
    state.withLock { state in
      guard let lane = state?.lane else { return nil }
      let failedBefore = lane.failure != nil
      change(lane)
      lane.commit()
      return failedBefore ? nil : lane.failure
    }
  }

  /// Whether the file of the suspects is much longer than so many need.
  func isLong(for count: Int) -> Bool {
    state.withLock { ($0?.lane.logBytes ?? 0) > max(1 << 20, 256 * count) }
  }
}
