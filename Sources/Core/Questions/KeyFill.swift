import SluiceCommands
import SluiceCopying
import SluiceRESP
import SluiceRouting

/// Brings a key that its primary lacks from its mirror.
///
///     primary  ──EXISTS──▶ 0                              the value, if there is none ──▶ primary
///     mirror               TYPE, length, DUMP or pieces ──┘
///
/// Nothing is overwritten, and nothing that was deleted comes back:
/// - when `EXISTS` is answered, every write that was on its way to the primary before it is acknowledged, and what it did is on its
///   way to the mirror, ahead of the questions on the same connection: the copy knows of it;
/// - a write that is sent to the primary after the beginning and before the value ends the fill (`overtaken`): the copy may not know of it;
/// - a write behind the value finds the key filled, and is mirrored to where it came from.
///
/// So a key comes home that was deleted at its primary because it may have been wrong there (`Lane+return.swift`); commands on it may wait for that.
final class KeyFill: KeyCarry, @unchecked Sendable {
  /// A client's read that missed, and waits.
  struct Reader {
    let sink: ReplySink
    let slot: UInt32
    let command: UInt16
    /// Since when its client waits, and since when for the fill.
    let from: UInt64
    let since: UInt64
    let request: [UInt8]
    /// What it gets if the fill fails.
    let miss: [UInt8]
  }

  let startedAt: UInt64
  private var readers: [Reader] = []
  private var waiters: [(KeyOutcome) -> Void] = []
  /// Commands on the key that wait for its value.
  var held = HeldCommands()
  /// The key has become doubtful at the mirror by a write whose effect at the primary nobody knows; by this mark.
  private(set) var look: UInt64?
  /// How many such writes there were.
  private var writes = 0
  private var isThere: Bool?
  /// Nobody waits for it any more.
  private(set) var hasLetGo = false

  private static let exists = UInt32.max - 1

  /// Whether a command may wait for its value, until the primary is no longer without one.
  var mayBeWaitedFor: Bool { held.count > 0 || !(isOver || hasLetGo || look != nil) }

  /// - Parameter isInAHurry: commands wait for it.
  init(of key: [UInt8], isInAHurry: Bool = false, in lane: Lane) {
    startedAt = lane.now
    super.init(
      of: key, to: lane.routing.primary(of: key.span), isReplacing: false, isInAHurry: isInAHurry, in: lane,
      done: { _ in })
  }

  private var connection: StackConnection { lane.connection(target) }

  func start() {
    lane.fills[key] = self
    // One that goes the other way is from before a flip.
    lane.carrying[key]?.end(.overtaken)
    guard look != nil || !isDoubtful(on: source) else { return end(.doubtful) }
    ask([Array("EXISTS".utf8), key], of: target, slot: KeyFill.exists)
  }

  /// Another write was acknowledged of which nobody knows what it has made there.
  func looks(behind mark: UInt64) {
    look = mark
    writes += 1
  }

  func add(_ reader: Reader) { readers.append(reader) }
  func add(_ waiter: @escaping (KeyOutcome) -> Void) {
    if isOver { waiter(.overtaken) } else { waiters.append(waiter) }
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard !isOver, slot == KeyFill.exists else { return super.replyArrived(reply, slot: slot) }
    guard isUndisturbed else { return end(.overtaken) }
    switch ReplyReader.integer(reply) {
    // What one of them has made another has taken away, perhaps: it is missing, and the mirror's is older.
    case 0 where writes > 1: end(.overtaken)
    case 0:
      // A write to what is absent that has made nothing: the mirror is as right as before.
      if let look, lane.connection(source).suspects.mark(of: key) == look {
        lane.connection(source).suspects.settle(key)
      }
      look = nil
      guard !isSuspect(on: source) else { return end(.doubtful) }
      guard lane.connection(source).isUp, !lane.connection(source).mirrorIsFull(adding: 0) else {
        return end(.refused("\(source.name) is down or busy"))
      }
      carry()
    case nil: end(.refused("\(target.name) gave no answer to EXISTS"))
    case _?:
      // Somebody else has made or filled it, or the read missed a part of a key that is there. It has missed: to read again might show it what
      // its own client has written behind it.
      if connection.suspects.isAbsent(key) {
        lane.wasMadeAnew(key, on: target)
      } else if connection.suspects.contains(key) {
        // It was not deleted: the stack takes no writes.
        connection.suspects.pauses.wasRefused(key, speaksOfItself: false, at: lane.now)
      }
      end(.present)
    }
  }

  private func isSuspect(on stack: StackID) -> Bool {
    let suspects = lane.connection(stack).suspects
    return suspects.isEverything || suspects.contains(key)
  }

  override func obstacle(adding bytes: Int) -> KeyOutcome? {
    guard isUndisturbed else { return .overtaken }
    guard !isSuspect(on: source), look != nil || !isDoubtful(on: source) else { return .doubtful }
    guard connection.isUp, !connection.mirrorIsFull(adding: bytes) else {
      return .refused("\(target.name) is down or busy")
    }
    return nil
  }

  override func willFinish() -> Bool {
    // What comes from here on stands behind the copy.
    if lane.fills[key] === self { lane.fills[key] = nil }
    return true
  }

  override func didFinish() {
    readAgain()
    goOn()
  }

  private func goOn() {
    let waiting = held
    held = HeldCommands()
    lane.goOn(with: waiting)
  }

  override func carried(_ ending: ValueCopy.Ending) {
    switch ending {
    case .copied:
      connection.suspects.pauses.arrived(key)
      if connection.suspects.isAbsent(key) { connection.suspects.cameHome(key) }
      if isUndisturbed, !isDoubtful(on: source), !isSuspect(on: target) { lane.wasCopied(key) }
    case .absent:
      if connection.suspects.isAbsent(key) { connection.suspects.settle(key) }
    case .present: break
    case .uncarried, .failed:
      lane.figures.compare.mirrorErrors &+= 1
      let speaksOfItself = ending.speaksOfItself
      if case .uncarried(let reason) = ending {
        if !connection.suspects.contains(key) { connection.suspects.insert(key) }
        connection.suspects.becameAbsent(key, .uncarried(reason))
      }
      if connection.suspects.contains(key) || speaksOfItself {
        connection.suspects.pauses.wasRefused(key, speaksOfItself: speaksOfItself, at: lane.now)
      }
      if !connection.suspects.contains(key) { connection.suspects.pauses.forget(key) }
    }
    end(ending.outcome(from: source, to: target))
  }

  /// Asks for the readers once more, behind the copy.
  private func readAgain() {
    guard connection.isUp else { return }
    for reader in readers.take() {
      let request = reader.request
      lane.figures.holds.record(.key, nanoseconds: lane.now &- reader.since)
      connection.send(
        request.span,
        Errand(
          slot: reader.slot, command: reader.command, role: .primary, sequel: .none, tail: reader.sink.tail,
          sentAt: lane.now, note: Errand.held(since: reader.from, sentAt: lane.now)),
        sink: reader.sink)
    }
  }

  /// It takes longer than anybody waits: readers find a miss, commands go on, and the key comes when it can.
  func letGo() {
    guard !isOver else { return }
    hasLetGo = true
    miss()
    goOn()
  }

  private func miss() {
    for reader in readers.take() {
      let miss = reader.miss
      let commandClass = lane.table.specs[Int(reader.command)].commandClass
      lane.figures.holds.record(.key, nanoseconds: lane.now &- reader.since)
      lane.figures.waits.waited(commandClass, nanoseconds: lane.now &- reader.from)
      lane.deliver(miss.span, to: reader.sink, slot: reader.slot)
    }
  }

  override func end(_ outcome: KeyOutcome) {
    guard !isOver else { return }
    super.end(outcome)
    // Nobody has seen what the write has made there. Whether it has made the key or not, its client was answered so: that is right, and what
    // the mirror holds is older.
    if look != nil { connection.suspects.settle(key) }
    if lane.fills[key] === self { lane.fills[key] = nil }
    miss()
    for waiter in waiters.take() { waiter(outcome) }
    goOn()
  }
}

extension Array {
  /// All of it; empty afterwards.
  fileprivate mutating func take() -> [Element] {
    defer { self = [] }
    return self
  }
}
