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

  func ask(_ words: [[UInt8]], of stack: StackID, slot: UInt32, role: Errand.Role = .recheck) {
    lane.ask(words, of: stack, slot: slot, role: role, sink: self)
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
  func ask(_ words: [[UInt8]], of stack: StackID, slot: UInt32, role: Errand.Role, sink: ReplySink?) {
    let frame = InlineRequest.frame(of: words)
    connection(stack).send(
      frame.span,
      Errand(slot: slot, command: UInt16(CommandTable.unknownID), role: role, sequel: .none, sentAt: now),
      sink: sink)
  }
}
