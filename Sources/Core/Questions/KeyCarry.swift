import SluiceCopying
import SluiceFigures
import SluiceRESP
import SluiceRouting
import Synchronization

/// Carries one key's value from one stack to the other: asks and sends what `ValueCopy` says, each step at its place in the log.
///
/// What is written is sent where the last answer of the questions before it stands in the log: writes before it are in the copy, writes behind
/// it are mirrored behind it. So it may replace what the receiver has, and no write can overtake it.
class KeyCarry: KeyQuestion, @unchecked Sendable {
  let target: StackID
  private(set) var copy: ValueCopy
  private var replies: [[UInt8]] = []
  private var due = 0
  private var isAsking = true
  /// The value is on its way: whoever asks behind it finds it.
  private(set) var isFinishing = false
  private var isCarrying = false
  /// Whether the unfinished copy is counted among the keys that nobody is shown.
  private var isCounted = false

  private static let repeated = UInt32.max

  init(
    of key: [UInt8], to target: StackID, isReplacing: Bool, isInAHurry: Bool = false, in lane: Lane,
    done: @escaping (KeyOutcome) -> Void
  ) {
    self.target = target
    copy = ValueCopy(
      key, from: lane.connection(target.other).history.server, to: lane.connection(target).history.server,
      isReplacing: isReplacing, shift: lane.clockShift(to: target),
      bounds: isInAHurry ? lane.settings.copyBounds.inAHurry : lane.settings.copyBounds)
    super.init(about: key, in: lane, done: done)
  }

  var source: StackID { target.other }

  /// Only one at a time of a key: they would meet under the hidden name.
  func carry() {
    guard lane.carrying[key] == nil else { return end(.overtaken) }
    lane.carrying[key] = self
    isCarrying = true
    perform(copy.begin())
  }

  // MARK: What a copy for a certain purpose adds

  /// Why nothing may be written now; nil if it may.
  func obstacle(adding bytes: Int) -> KeyOutcome? { nil }

  /// The value is about to be sent. False: it is not wanted any more.
  func willFinish() -> Bool { true }

  /// The value has been sent: what is sent from here on stands behind it.
  func didFinish() {}

  /// What was sent is not there, or nobody will ever know.
  func wasNotTaken() {}

  /// How it ended, at the place in the log where that was known.
  func carried(_ ending: ValueCopy.Ending) {}

  // MARK: Steps

  private func perform(_ step: ValueCopy.Step) {
    guard !isOver else { return }
    switch step {
    case .ask(let questions):
      if isFinishing { wasNotTaken() }
      isFinishing = false
      guard lane.connection(source).isUp else { return end(.refused("\(source.name) is down")) }
      send(questions, to: source, role: .recheck)
    case .write(let commands):
      guard permits(commands) else { return }
      lane.carriesInPieces(self)
      countHidden(true)
      send(commands, to: target, role: .copy)
    case .finish(let commands):
      guard permits(commands), willFinish() else { return }
      isFinishing = true
      lane.endsPieces(of: self)
      send(commands, to: target, role: .copy)
      countHidden(false)
      didFinish()
    case .end(let ending):
      if isFinishing, ending != .present { if case .copied = ending {} else { wasNotTaken() } }
      if case .copied(let way) = ending { lane.figures.copies.count(way) }
      carried(ending)
    }
  }

  private func countHidden(_ isThere: Bool) {
    guard isThere != isCounted else { return }
    isCounted = isThere
    lane.connection(target).history.hiddenCopies.add(isThere ? 1 : -1, ordering: .relaxed)
  }

  private func permits(_ commands: [[[UInt8]]]) -> Bool {
    let bytes = commands.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
    guard let obstacle = obstacle(adding: bytes) else { return true }
    end(obstacle)
    return false
  }

  private func send(_ commands: [[[UInt8]]], to stack: StackID, role: Errand.Role) {
    isAsking = stack == source
    replies = []
    due = commands.count
    for (index, words) in commands.enumerated() {
      ask(words, of: stack, slot: UInt32(truncatingIfNeeded: index), role: role)
    }
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard !isOver else { return }
    guard slot != KeyCarry.repeated else {
      if reply[0] == UInt8(ascii: "-") { copy.missedWrite() }
      return
    }
    replies.append(reply.withUnsafeBufferPointer { Array($0) })
    guard replies.count == due else { return }
    let all = replies
    replies = []
    if isAsking {
      copy.met = old
      // A time from now ends by the receiver's clock.
      perform(copy.sourceSaid(all, now: Int(lane.wallClock) &+ lane.connection(target).clockShift))
    } else {
      perform(copy.targetSaid(all))
    }
  }

  private var old: OldValue {
    let suspects = lane.connection(target).suspects
    if suspects.isAbsent(key) { return .nothing }
    return suspects.isEverything || suspects.contains(key) ? .doubtful : .believed
  }

  override func replyFailed(slot: UInt32) {
    guard !isOver else { return }
    if isFinishing { wasNotTaken() }
    end(.refused("a stack was lost meanwhile"))
  }

  override func copyIsDoubtful(slot: UInt32) { if isFinishing { wasNotTaken() } }

  override func end(_ outcome: KeyOutcome) {
    guard !isOver else { return }
    lane.endsPieces(of: self)
    if isCarrying { lane.carrying[key] = nil }
    countHidden(false)
    if copy.hasHidden, lane.connection(target).isUp {
      lane.ask([Array("UNLINK".utf8), copy.hiddenName], of: target, slot: 0, role: .recheck, sink: nil)
    }
    super.end(outcome)
  }

  /// What the receiver has of the key is not what the source has.
  func wasDoubted() { copy.wasDoubted() }

  /// The key was written at its primary, while a copy of it is under way in pieces.
  ///
  /// - Parameter effect: the words that the mirror repeats; nil where nobody knows what was done.
  func wasWritten(_ effect: [[UInt8]]?) {
    guard case .repeated(let words) = copy.wasWritten(effect) else { return }
    let connection = lane.connection(target)
    guard connection.isUp, !connection.mirrorIsFull(adding: 0) else { return copy.missedWrite() }
    ask(words, of: target, slot: KeyCarry.repeated, role: .copy)
  }
}

extension ValueCopy.Ending {
  /// For whoever has ordered it.
  func outcome(from source: StackID, to target: StackID) -> KeyOutcome {
    switch self {
    case .copied: .copied
    case .absent: .absent
    case .present: .present
    case .uncarried(let reason): .uncarried(reason.text)
    case .failed(let trouble): .refused("no copy from \(source.name) to \(target.name): \(trouble)")
    }
  }

  /// Whether a stack speaks of itself, and would refuse any other copy as well.
  var speaksOfItself: Bool {
    guard case .failed(let trouble) = self else { return false }
    return ErrorWord(of: Array("-\(trouble)\r\n".utf8).span).isTrouble(ofScript: false)
  }
}

extension CopyFigures {
  fileprivate mutating func count(_ way: CopyWay) {
    switch way {
    case .dump: dump &+= 1
    case .restamped: restamped &+= 1
    case .value: value &+= 1
    case .pieces: pieces &+= 1
    }
  }
}
