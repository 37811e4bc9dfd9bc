import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Brings a key that its primary, the new stack, lacks from legacy, which is its mirror.
///
///     new     ──EXISTS──▶ 0                                      RESTORE (no REPLACE) ──▶ new
///     legacy                 DUMP, PEXPIRETIME ──▶ value, time ──┘
///
/// Nothing is overwritten, and nothing that was deleted comes back:
/// - when `EXISTS` is answered, every write that was on its way to new before it is acknowledged, and what it did is on its
///   way to legacy, ahead of `DUMP` on the same connection: the copy knows of it;
/// - a write that is sent to new after the beginning and before `RESTORE` ends the fill (`overtaken`): the copy may not know of it;
/// - a write behind `RESTORE` finds the key filled, and is mirrored to where it came from.
final class KeyFill: KeyQuestion, @unchecked Sendable {
  /// A client's read that missed, and waits.
  struct Reader {
    let sink: ReplySink
    let slot: UInt32
    let command: UInt16
    let request: [UInt8]
    /// What it gets if the fill fails.
    let miss: [UInt8]
  }

  let startedAt: UInt64
  private var readers: [Reader] = []
  private var waiters: [(KeyOutcome) -> Void] = []
  private var dump: [UInt8] = []

  private enum Slot {
    static let exists: UInt32 = 0, dump: UInt32 = 1, expiry: UInt32 = 2, restored: UInt32 = 3
  }

  init(of key: [UInt8], in lane: Lane) {
    startedAt = lane.now
    super.init(about: key, in: lane, done: { _ in })
  }

  func start() {
    lane.fills[key] = self
    guard !isDoubtful(on: .legacy) else { return end(.doubtful) }
    ask([Array("EXISTS".utf8), key], of: .new, slot: Slot.exists)
  }

  func add(_ reader: Reader) { readers.append(reader) }
  func add(_ waiter: @escaping (KeyOutcome) -> Void) {
    if isOver { waiter(.overtaken) } else { waiters.append(waiter) }
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard !isOver else { return }
    let bytes = reply.withUnsafeBufferPointer { Array($0) }
    switch slot {
    case Slot.exists: asked(ReplyReader.integer(reply))
    case Slot.dump: dump = bytes
    case Slot.expiry: fill(expiry: bytes)
    default: restored(bytes)
    }
  }

  private func asked(_ count: Int?) {
    guard isUndisturbed else { return end(.overtaken) }
    switch count {
    case 0:
      guard !isDoubtful(on: .legacy) else { return end(.doubtful) }
      guard lane.legacy.isUp, !lane.legacy.mirrorIsFull(adding: 0) else {
        return end(.refused("legacy is down or busy"))
      }
      askForCopy(of: .legacy, slots: (Slot.dump, Slot.expiry))
    case nil: end(.refused("new gave no answer to EXISTS"))
    case _?:
      // Somebody else has filled it, or the read missed a part of a key that is there.
      readAgain()
      end(.present)
    }
  }

  private func fill(expiry: [UInt8]) {
    guard isUndisturbed else { return end(.overtaken) }
    guard !isDoubtful(on: .legacy) else { return end(.doubtful) }
    switch DumpedKey(dump: dump, expiry: expiry) {
    case .absent: end(.absent)
    case .unreadable(let reason): end(.refused("legacy gives no copy: \(reason)"))
    case .value(let value, let expiry):
      guard lane.new.isUp, !lane.new.mirrorIsFull(adding: value.count) else {
        return end(.refused("new is down or busy"))
      }
      ask(
        DumpedKey.restore(key, value, expiry: expiry, replacing: false), of: .new, slot: Slot.restored,
        role: .copy)
      // What comes from here on stands behind the copy.
      if lane.fills[key] === self { lane.fills[key] = nil }
      readAgain()
    }
    dump = []
  }

  private func restored(_ reply: [UInt8]) {
    guard reply.first == UInt8(ascii: "-") else {
      if isUndisturbed, !isDoubtful(on: .legacy), !isDoubtful(on: .new) { lane.wasCopied(key) }
      lane.new.suspects.pauses.arrived(key)
      return end(.copied)
    }
    let text = String(decoding: reply.dropFirst().dropLast(2), as: UTF8.self)
    if text.hasPrefix("BUSYKEY") { return end(.present) }
    lane.figures.compare.mirrorErrors &+= 1
    if ErrorWord(of: reply.span).isTrouble(ofScript: false) {
      lane.new.suspects.pauses.wasRefused(key, speaksOfItself: true, at: lane.now)
      lane.new.suspects.pauses.forget(key)
    }
    end(.refused("new takes no copy: \(text)"))
  }

  /// Asks for the readers once more, behind the copy.
  private func readAgain() {
    let connection = lane.new
    guard connection.isUp else { return }
    for reader in readers.take() {
      let request = reader.request
      connection.send(
        request.span,
        Pending(slot: reader.slot, command: reader.command, role: .primary, sequel: .none, sentAt: lane.now),
        sink: reader.sink)
    }
  }

  override func end(_ outcome: KeyOutcome) {
    guard !isOver else { return }
    super.end(outcome)
    if lane.fills[key] === self { lane.fills[key] = nil }
    for reader in readers.take() {
      let miss = reader.miss
      lane.deliver(miss.span, to: reader.sink, slot: reader.slot)
    }
    for waiter in waiters.take() { waiter(outcome) }
  }
}

extension Array {
  /// All of it; empty afterwards.
  fileprivate mutating func take() -> [Element] {
    defer { self = [] }
    return self
  }
}
