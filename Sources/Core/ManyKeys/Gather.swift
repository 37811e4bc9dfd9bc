import SluiceRESP

/// Collects the replies to the parts of a command that was split, and answers when the last one is there.
final class Gather: ReplySink, @unchecked Sendable {
  private let parts: SplitCommand
  private unowned let lane: Lane
  private let sink: ReplySink
  private let slot: UInt32
  private var replies: [[UInt8]]
  private var missing: Int

  init(_ parts: SplitCommand, on lane: Lane, sink: ReplySink, slot: UInt32) {
    self.parts = parts
    self.lane = lane
    self.sink = sink
    self.slot = slot
    replies = Array(repeating: [], count: parts.parts.count)
    missing = parts.parts.count
    super.init(home: lane.index, tail: sink.tail)
  }

  override var client: ClientSession? { sink.client }

  override func replyArrived(_ reply: Span<UInt8>, slot part: UInt32) {
    replies[Int(part)].append(contentsOf: reply)
    missing -= 1
    guard missing == 0 else { return }
    lane.deliver(parts.merged(replies, in: tail.wire).span, to: sink, slot: slot)
  }
}
