import SluiceCommands
import SluiceCopying
import SluiceRESP
import SluiceRouting

/// Brings small keys of one type from legacy, their primary, to new, which lacks them: as many at once as the lane allows.
///
///     legacy  ──time, value──▶ answered
///     new                      └──SET … NX, or RESTORE, …──▶ copied, or there already
///
/// The order is that of `KeyCarry`: what is written is sent where the answer with the value stands in the log, so writes before it are
/// in the copy, and writes behind it are mirrored behind it. It replaces nothing: what new has is what the log has made there.
/// What is not as plain as that (suspects, the cohort, a flip, what is large) is left to `KeyFill` and `KeyCopy`, with the letter `-`.
package final class KeyBatch: ReplySink, @unchecked Sendable {
  /// What became of a key.
  package enum Letter {
    package static let copied = UInt8(ascii: "c")
    package static let present = UInt8(ascii: "p")
    package static let absent = UInt8(ascii: "a")
    /// Of another type.
    package static let other = UInt8(ascii: "t")
    /// Not dealt with: `FILL` will do.
    package static let open = UInt8(ascii: "-")
  }

  /// What a reply is about, in the lowest bits of its slot.
  private enum Step {
    static let mask: UInt32 = 7
    static let written: UInt32 = 4
    /// Of no interest: the last command of the same block says how it ended.
    static let none: UInt32 = 5
  }

  private static let command = UInt16(truncatingIfNeeded: CommandTable.unknownID)

  private unowned let lane: Lane
  private let kind: ValueKind
  private let keys: [(index: Int, key: [UInt8])]
  /// While a copy is on its way: `CopyWay`, how it goes.
  private var letters: [UInt8]
  /// How many elements each key was written with.
  private var elements: [Int32]
  private let done: ([(Int, UInt8)]) -> Void
  private let since: UInt64
  private var next = 0
  private var underWay = 0
  private(set) var isOver = false
  /// As they were when the first of the keys that are under way was asked for.
  private var order: Lane.Order
  private var doubts: UInt64
  private var copy: SmallCopy

  init(
    of kind: ValueKind, _ keys: [(index: Int, key: [UInt8])], in lane: Lane,
    done: @escaping ([(Int, UInt8)]) -> Void
  ) {
    self.lane = lane
    self.kind = kind
    self.keys = keys
    self.done = done
    letters = Array(repeating: Letter.open, count: keys.count)
    elements = kind == .string ? [] : Array(repeating: 0, count: keys.count)
    since = lane.now
    order = lane.order
    doubts = lane.legacy.suspects.doubtsSoFar
    copy = lane.smallCopy(of: kind)
    super.init(home: lane.index)
  }

  /// Asks for as many keys as there is room for.
  func goOn() {
    guard !isOver else { return }
    if underWay == 0 {
      (order, doubts, copy) = (lane.order, lane.legacy.suspects.doubtsSoFar, lane.smallCopy(of: kind))
    }
    while next < keys.count, lane.mayAskForSmallKey {
      if lane.isBusy {
        guard lane.now &- since > Lane.patience else { break }
        next = keys.count
        break
      }
      if mayBeAskedFor(keys[next].key) {
        underWay += 1
        lane.batchedKeyBegan()
        ask(next)
      }
      next += 1
    }
    endIfThrough()
  }

  private func endIfThrough() {
    guard !isOver, next == keys.count, underWay == 0 else { return }
    isOver = true
    done(zip(keys, letters).map { ($0.index, $1) })
  }

  private func mayBeAskedFor(_ key: [UInt8]) -> Bool {
    lane.legacy.isUp && lane.new.isUp && lane.routing.mirrorsWrites && isUndisturbed && copy.isPossible
      && lane.routing.primary(of: key.span) == .legacy && lane.carrying[key] == nil && lane.fills[key] == nil
      && !lane.isLetAlone(key)
  }

  private func ask(_ number: Int) {
    copy.ask(keys[number].key)
    send(to: lane.legacy, number, role: .recheck) { UInt32(self.copy.parts[$0].rawValue) }
  }

  /// All commands of a step, in one piece.
  private func send(
    to connection: StackConnection, _ number: Int, role: Errand.Role, _ step: (Int) -> UInt32
  ) {
    let (frames, ends) = (copy.frames, copy.ends)
    var start = 0
    for (index, end) in ends.enumerated() {
      let slot = UInt32(truncatingIfNeeded: number) << 3 | step(index)
      connection.expect(
        frames.span.extracting(start..<end),
        Errand(slot: slot, command: KeyBatch.command, role: role, sequel: .none, sentAt: lane.now),
        sink: self)
      start = end
    }
    connection.append(frames.span)
  }

  // MARK: Answers

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    let number = Int(slot >> 3)
    guard number < keys.count else { return }
    switch slot & Step.mask {
    case UInt32(SmallCopy.Part.encoding.rawValue): copy.told(encoding: reply)
    case UInt32(SmallCopy.Part.time.rawValue): copy.told(time: reply, base: base)
    case UInt32(SmallCopy.Part.dump.rawValue): told(.dump, reply, number)
    case UInt32(SmallCopy.Part.value.rawValue): told(.value, reply, number)
    case Step.written: written(reply, number)
    default: break
    }
  }

  private var base: Int {
    copy.servers.tellsMoments
      ? lane.clockShift(to: .new) : Int(lane.wallClock) &+ lane.new.clockShift
  }

  private func told(_ part: SmallCopy.Part, _ reply: Span<UInt8>, _ number: Int) {
    let key = keys[number].key
    guard isUndisturbed, doubts == lane.legacy.suspects.doubtsSoFar, isPlain(key) else {
      return end(number, Letter.open)
    }
    switch copy.told(part, reply, of: key) {
    case .absent: end(number, Letter.absent)
    case .other: end(number, Letter.other)
    case .open: end(number, Letter.open)
    case .askAnew:
      guard lane.legacy.isUp else { return end(number, Letter.open) }
      lane.smallDumpsWereRefused(kind, copy.servers)
      copy.goesByValue = true
      ask(number)
    case .write(let way):
      guard lane.new.isUp, !lane.new.mirrorIsFull(adding: copy.frames.count) else {
        return end(number, Letter.open)
      }
      letters[number] = way.rawValue
      if number < elements.count { elements[number] = Int32(truncatingIfNeeded: copy.elements) }
      let last = copy.ends.count - 1
      send(to: lane.new, number, role: .copy) { $0 == last ? Step.written : Step.none }
    }
  }

  /// That both are equal now is not noted for each key: the end of the walk says it of all, and one that is updated before is
  /// copied once.
  private func written(_ reply: Span<UInt8>, _ number: Int) {
    let count = number < elements.count ? Int(elements[number]) : 0
    switch copy.ended(reply, elements: count) {
    case .copied:
      switch letters[number] {
      case CopyWay.restamped.rawValue: lane.figures.copies.restamped &+= 1
      case CopyWay.dump.rawValue: lane.figures.copies.dump &+= 1
      default: lane.figures.copies.value &+= 1
      }
      end(number, Letter.copied)
    case .present:
      if count > 0, letters[number] == CopyWay.value.rawValue, lane.new.isUp {
        copy.forget(keys[number].key)
        send(to: lane.new, number, role: .recheck) { _ in Step.none }
      }
      end(number, Letter.present)
    case .damaged:
      copyIsDoubtful(slot: UInt32(truncatingIfNeeded: number) << 3 | Step.written)
      end(number, Letter.open)
    case .open: end(number, Letter.open)
    }
  }

  override func replyFailed(slot: UInt32) {
    let number = Int(slot >> 3)
    guard number < keys.count else { return }
    switch slot & Step.mask {
    case UInt32(SmallCopy.Part.encoding.rawValue), UInt32(SmallCopy.Part.time.rawValue): copy.lostTime()
    case UInt32(SmallCopy.Part.dump.rawValue), UInt32(SmallCopy.Part.value.rawValue):
      end(number, Letter.open)
    case Step.written:
      copyIsDoubtful(slot: slot)
      end(number, Letter.open)
    default: break
    }
  }

  /// A copy was sent, and nobody will ever know what became of it.
  override func copyIsDoubtful(slot: UInt32) {
    let number = Int(slot >> 3)
    guard slot & Step.mask == Step.written, number < keys.count else { return }
    lane.equalKeys.remove(keys[number].key)
    lane.new.suspects.insert(keys[number].key)
  }

  private func end(_ number: Int, _ letter: UInt8) {
    letters[number] = letter
    underWay -= 1
    lane.batchedKeyEnded()
    endIfThrough()
  }

  // MARK: Whether it is as plain as that

  private var isUndisturbed: Bool { lane.order == order && !lane.isFenced }

  private func isPlain(_ key: [UInt8]) -> Bool {
    (lane.legacy.suspects.isEmpty
      || !lane.legacy.suspects.isEverything && !lane.legacy.suspects.contains(key))
      && (lane.new.suspects.isEmpty || !lane.new.suspects.isEverything && !lane.new.suspects.contains(key))
  }
}
