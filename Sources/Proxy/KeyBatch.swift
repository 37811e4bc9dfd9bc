import SluiceCommands
import SluiceCopying
import SluiceRESP
import SluiceRouting

/// Brings small keys from legacy, their primary, to new, which lacks them: as many at once as the lane allows.
///
///     legacy  ──PEXPIRETIME, DUMP──▶ answered
///     new                            └──RESTORE──▶ copied, or there already
///
/// The order is that of `KeyCarry`: `RESTORE` is sent where the answer to `DUMP` stands in the log, so writes before it are in the copy,
/// and writes behind it are mirrored behind it. It replaces nothing: what new has is what the log has made there.
/// What is not as plain as that (suspects, the cohort, a flip, what no dump can carry) is left to `KeyFill` and `KeyCopy`, with the
/// letter `-`: here no key costs more than three commands, and nothing is allocated for it.
final class KeyBatch: ReplySink, @unchecked Sendable {
  /// What became of a key.
  enum Letter {
    static let copied = UInt8(ascii: "c")
    static let present = UInt8(ascii: "p")
    static let absent = UInt8(ascii: "a")
    /// Not dealt with: `FILL` will do.
    static let open = UInt8(ascii: "-")
  }

  private static let command = UInt16(truncatingIfNeeded: CommandTable.unknownID)
  /// What matters of the two servers.
  private struct Servers {
    /// Of new's dumps.
    let stamp: UInt16?
    let hasExpireTime: Bool
    let takesAny: Bool

    init(_ lane: Lane) {
      let legacy = lane.legacy.history.server
      stamp = lane.new.history.server.stamp
      hasExpireTime = legacy.hasExpireTime
      takesAny = DumpTable.takesAny(from: legacy.stamp, to: stamp)
    }
  }

  private enum Step {
    static let time: UInt32 = 0, dump: UInt32 = 1, restore: UInt32 = 2
  }

  private unowned let lane: Lane
  private let keys: [(index: Int, key: [UInt8])]
  /// While a copy is on its way: `CopyWay`, how it goes.
  private var letters: [UInt8]
  private let done: ([(Int, UInt8)]) -> Void
  private let since: UInt64
  private var next = 0
  private var underWay = 0
  private(set) var isOver = false
  /// As they were when the first of the keys that are under way was asked for.
  private var order: Lane.Order
  private var doubts: UInt64
  private var servers: Servers
  /// The answer about the key whose dump comes next: milliseconds since 1970, 0 for never; nil if there was none.
  private var expiry: Int?
  private var frame: [UInt8] = []

  init(of keys: [(index: Int, key: [UInt8])], in lane: Lane, done: @escaping ([(Int, UInt8)]) -> Void) {
    self.lane = lane
    self.keys = keys
    self.done = done
    letters = Array(repeating: Letter.open, count: keys.count)
    since = lane.now
    order = lane.order
    doubts = lane.legacy.suspects.doubtsSoFar
    servers = Servers(lane)
    super.init(home: lane.index)
  }

  /// Asks for as many keys as there is room for.
  func goOn() {
    guard !isOver else { return }
    if underWay == 0 {
      (order, doubts, servers) = (lane.order, lane.legacy.suspects.doubtsSoFar, Servers(lane))
    }
    while next < keys.count, lane.batchedKeys < Lane.maximumBatchedKeys {
      if lane.isBusy {
        guard lane.now &- since > Lane.patience else { break }
        next = keys.count
        break
      }
      if mayBeAskedFor(keys[next].key) { ask(next) }
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
    lane.legacy.isUp && lane.new.isUp && lane.routing.mirrorsWrites && isUndisturbed
      && lane.routing.primary(of: key.span) == .legacy && lane.carrying[key] == nil && lane.fills[key] == nil
      && !lane.isLetAlone(key)
      && servers.takesAny
  }

  private func ask(_ number: Int) {
    let key = keys[number].key
    let slot = UInt32(truncatingIfNeeded: number) << 2
    underWay += 1
    lane.batchedKeys += 1
    // The time first: then the dump goes on as it comes, without waiting anywhere.
    if servers.hasExpireTime {
      begin("*2\r\n$11\r\nPEXPIRETIME\r\n")
    } else {
      begin("*2\r\n$4\r\nPTTL\r\n")
    }
    frame.appendBulk(key.span)
    send(to: lane.legacy, slot: slot | Step.time, role: .recheck)
    begin("*2\r\n$4\r\nDUMP\r\n")
    frame.appendBulk(key.span)
    send(to: lane.legacy, slot: slot | Step.dump, role: .recheck)
  }

  private func begin(_ text: StaticString) {
    frame.removeAll(keepingCapacity: true)
    text.withUTF8Buffer { frame.append(contentsOf: $0) }
  }

  private func send(to connection: StackConnection, slot: UInt32, role: Pending.Role) {
    let frame = frame
    connection.send(
      frame.span,
      Pending(slot: slot, command: KeyBatch.command, role: role, sequel: .none, sentAt: lane.now), sink: self)
  }

  // MARK: Answers

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    let number = Int(slot >> 2)
    guard number < keys.count else { return }
    switch slot & 3 {
    case Step.time: expiry = moment(ReplyReader.integer(reply))
    case Step.dump: dumped(reply, number)
    default: restored(reply, number)
    }
  }

  /// When the key expires by the clock of new.
  private func moment(_ answer: Int?) -> Int? {
    guard let answer, answer != -2 else { return nil }
    if answer < 0 { return 0 }
    let base =
      servers.hasExpireTime
      ? lane.clockShift(to: .new) : Int(Lane.wallClock()) &+ lane.new.clockShift
    return max(1, answer &+ base)
  }

  private func dumped(_ reply: Span<UInt8>, _ number: Int) {
    let key = keys[number].key
    guard isUndisturbed, doubts == lane.legacy.suspects.doubtsSoFar, isPlain(key) else {
      return end(number, Letter.open)
    }
    if ReplyReader.isNull(reply) { return end(number, Letter.absent) }
    guard reply[0] == UInt8(ascii: "$"), let range = ReplyReader.string(reply), let expiry,
      lane.new.isUp, !lane.new.mirrorIsFull(adding: range.count + key.count)
    else { return end(number, Letter.open) }
    guard let way = write(reply.extracting(range), key, expiry) else { return end(number, Letter.open) }
    letters[number] = way.rawValue
    send(to: lane.new, slot: UInt32(truncatingIfNeeded: number) << 2 | Step.restore, role: .copy)
  }

  /// Makes the frame that brings the dump to new; nil where it would not take it so.
  private func write(_ dump: Span<UInt8>, _ key: [UInt8], _ expiry: Int) -> CopyWay? {
    var way = CopyWay.dump
    guard dump.count > 10, let version = DumpedString.version(of: dump) else { return nil }
    if expiry > 0 { begin("*5\r\n$7\r\nRESTORE\r\n") } else { begin("*4\r\n$7\r\nRESTORE\r\n") }
    frame.appendBulk(key.span)
    frame.appendBulk(decimal: expiry)
    switch DumpTable.way(ofType: dump[0], from: version, to: servers.stamp) {
    case .asIs:
      frame.appendBulk(dump)
    case .restamped(let stamp):
      frame.appendBulkHeader(dump.count)
      guard DumpTable.append(dump, restamped: stamp, to: &frame) else { return nil }
      frame.append(0x0d)
      frame.append(0x0a)
      way = .restamped
    case .no: return nil
    }
    if expiry > 0 { frame.append(contentsOf: KeyBatch.absolute) }
    return way
  }

  private static let absolute = Array("$6\r\nABSTTL\r\n".utf8)

  /// That both are equal now is not noted for each key: the end of the walk says it of all, and one that is updated before is
  /// copied once.
  private func restored(_ reply: Span<UInt8>, _ number: Int) {
    switch reply[0] {
    case UInt8(ascii: "+"):
      if letters[number] == CopyWay.restamped.rawValue {
        lane.figures.copies.restamped &+= 1
      } else {
        lane.figures.copies.dump &+= 1
      }
      end(number, Letter.copied)
    case UInt8(ascii: "-")
    where reply.count > 8 && reply[1] == UInt8(ascii: "B") && reply[5] == UInt8(ascii: "K"):
      // BUSYKEY
      end(number, Letter.present)
    default: end(number, Letter.open)
    }
  }

  override func replyFailed(slot: UInt32) {
    let number = Int(slot >> 2)
    guard number < keys.count else { return }
    switch slot & 3 {
    case Step.time: expiry = nil
    case Step.dump: end(number, Letter.open)
    default:
      copyIsDoubtful(slot: slot)
      end(number, Letter.open)
    }
  }

  /// A copy was sent, and nobody will ever know what became of it.
  override func copyIsDoubtful(slot: UInt32) {
    let number = Int(slot >> 2)
    guard slot & 3 == Step.restore, number < keys.count else { return }
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
