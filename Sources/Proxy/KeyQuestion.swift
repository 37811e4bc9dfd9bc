import SluiceCommands
import SluiceRESP
import SluiceRouting

/// A question of the lane's own about one key that takes several replies, and is worth nothing if the order of the key's
/// writes was disturbed meanwhile: by a flip, by a command that had all lanes for itself, by the key space being emptied.
class KeyQuestion: ReplySink, @unchecked Sendable {
  unowned let lane: Lane
  let key: [UInt8]
  /// The key's primary when the question began.
  let primary: StackID
  private let order: Lane.Order
  /// How often the key had become doubtful at each stack.
  private var doubts: (legacy: UInt64, new: UInt64) = (0, 0)
  private let done: (KeyOutcome) -> Void
  private(set) var isOver = false

  init(about key: [UInt8], in lane: Lane, done: @escaping (KeyOutcome) -> Void) {
    self.lane = lane
    self.key = key
    self.done = done
    order = lane.order
    primary = lane.routing.primary(of: key.span)
    super.init(home: lane.index)
    for connection in lane.stacks { connection.suspects.watch(key) }
    doubts = (lane.legacy.suspects.doubts(of: key), lane.new.suspects.doubts(of: key))
  }

  /// Whether the order is still that of the beginning.
  var isUndisturbed: Bool { lane.order == order && !lane.isFenced }

  /// Whether the stack may have missed a write of the key, then or since.
  func isDoubtful(on stack: StackID) -> Bool {
    let suspects = lane.connection(stack).suspects
    return suspects.isEverything || suspects.contains(key)
      || suspects.doubts(of: key) != (stack == .legacy ? doubts.legacy : doubts.new)
  }

  func ask(_ words: [[UInt8]], of stack: StackID, slot: UInt32, role: Pending.Role = .recheck) {
    lane.ask(words, of: stack, slot: slot, role: role, sink: self)
  }

  func askForCopy(of stack: StackID, slots: (value: UInt32, expiry: UInt32)) {
    lane.askForCopy(of: key, from: stack, slots: slots, sink: self)
  }

  /// Says how it ended; only the first time counts.
  func end(_ outcome: KeyOutcome) {
    guard !isOver else { return }
    isOver = true
    for connection in lane.stacks { connection.suspects.unwatch(key) }
    done(outcome)
  }

  /// The connection was lost: nothing more is known.
  override func replyFailed(slot: UInt32) { end(.refused("a stack was lost meanwhile")) }
}

extension Lane {
  /// Asks a stack something on the lane's own behalf.
  func ask(_ words: [[UInt8]], of stack: StackID, slot: UInt32, role: Pending.Role, sink: ReplySink) {
    let frame = InlineRequest.frame(of: words)
    connection(stack).send(
      frame.span,
      Pending(slot: slot, command: UInt16(CommandTable.unknownID), role: role, sequel: .none, sentAt: now),
      sink: sink)
  }

  /// A key's value with its time, as two replies (`DumpedKey`).
  func askForCopy(
    of key: [UInt8], from stack: StackID, slots: (value: UInt32, expiry: UInt32), sink: ReplySink
  ) {
    ask([Array("DUMP".utf8), key], of: stack, slot: slots.value, role: .recheck, sink: sink)
    ask([Array("PEXPIRETIME".utf8), key], of: stack, slot: slots.expiry, role: .recheck, sink: sink)
  }
}

/// What `DUMP` and `PEXPIRETIME` have said of a key.
enum DumpedKey {
  /// - Parameter expiry: milliseconds since 1970; 0 is never.
  case value([UInt8], expiry: Int)
  case absent
  /// One of the two is an error: the stack cannot do that (a Redis before 7.0).
  case unreadable(String)

  /// - Parameters: whole replies.
  init(dump: [UInt8], expiry: [UInt8]) {
    if let trouble = [dump, expiry].first(where: { $0.first == UInt8(ascii: "-") }) {
      self = .unreadable(String(decoding: trouble.dropFirst().dropLast(2), as: UTF8.self))
    } else if let value = ReplyReader.string(dump.span), let time = ReplyReader.integer(expiry.span),
      time != -2
    {
      self = .value(Array(dump[value]), expiry: max(0, time))
    } else {
      self = .absent
    }
  }

  /// The command that makes `key` of a value.
  static func restore(_ key: [UInt8], _ value: [UInt8], expiry: Int, replacing: Bool) -> [[UInt8]] {
    var words = [Array("RESTORE".utf8), key, Array("\(expiry)".utf8), value]
    if replacing { words.append(Array("REPLACE".utf8)) }
    if expiry > 0 { words.append(Array("ABSTTL".utf8)) }
    return words
  }
}
