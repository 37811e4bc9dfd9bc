import SluiceCommands
import SluiceRESP
import SluiceRouting

/// `SCAN` over both stacks as if they were one: first all of legacy, then all of new, of each only the keys whose
/// primary it is just then.
///
/// The client's cursor says which stack it belongs to in its lowest bit (0 legacy, 1 new); the rest is the stack's own
/// cursor. So a scan goes on rightly when the stage changes under it, and like in Redis a key may come twice.
final class KeyspaceScan: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let stack: StackID
  private let sink: ReplySink
  private let slot: UInt32

  private init(on lane: Lane, stack: StackID, sink: ReplySink, slot: UInt32) {
    self.lane = lane
    self.stack = stack
    self.sink = sink
    self.slot = slot
    super.init(home: lane.index, tail: sink.tail)
  }

  static func start(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, on lane: Lane,
    sink: ReplySink,
    slot: UInt32
  ) {
    let text = frame.extracting(arguments[1].range).withUnsafeBufferPointer {
      String(decoding: $0, as: UTF8.self)
    }
    guard let cursor = UInt64(text) else { return lane.refuse("ERR invalid cursor", sink: sink, slot: slot) }
    let sides = lane.visibleSides
    var stack = StackID(rawValue: UInt8(cursor & 1)) ?? .legacy
    var own = cursor >> 1
    if !sides.contains(stack) {
      // The stage has changed: the side that the scan was on shows nothing now, so the other one is due from its start.
      stack = stack.other
      own = 0
    }
    var words: [[UInt8]] = []
    for index in 0..<arguments.count {
      words.append(frame.extracting(arguments[index].range).withUnsafeBufferPointer { Array($0) })
    }
    words[1] = Array("\(own)".utf8)
    let scan = KeyspaceScan(on: lane, stack: stack, sink: sink, slot: slot)
    lane.ask(InlineRequest.frame(of: words).span, spec, stack, sink: scan, slot: 0)
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard let parts = ReplyReader.elements(of: reply), parts.count == 2,
      let text = ReplyReader.string(reply.extracting(parts[0])),
      let own = UInt64(
        reply.extracting(parts[0]).extracting(text).withUnsafeBufferPointer {
          String(decoding: $0, as: UTF8.self)
        })
    else { return lane.deliver(reply, to: sink, slot: self.slot) }
    let keys = lane.visible(reply.extracting(parts[1]).withUnsafeBufferPointer { Array($0) }, on: stack)
    var answer: [UInt8] = []
    answer.appendArrayHeader(2)
    answer.appendBulk("\(next(own))")
    answer.appendArrayHeader(keys.count)
    for key in keys { answer += key }
    lane.deliver(answer.span, to: sink, slot: self.slot)
  }

  /// The client's next cursor; 0 when all that can be seen has been.
  private func next(_ own: UInt64) -> UInt64 {
    if own > 0 { return own << 1 | UInt64(stack.rawValue) }
    return stack == .legacy && lane.visibleSides.contains(.new) ? 1 : 0
  }
}

extension Lane {
  /// The stacks that are the primary of some key.
  var visibleSides: [StackID] { routing.keyspaceOwner.map { [$0] } ?? [.legacy, .new] }
}
