/// What one loop has for another at the end of its turn: commands for its lane and replies for its sinks. One
/// hand-over, however many there are.
struct Crossing {
  private struct Item {
    let sink: ReplySink
    let slot: UInt32
    let length: Int
    let isReply: Bool
  }

  private var items: [Item] = []
  private var bytes = Bytes()

  var isEmpty: Bool { items.isEmpty }

  /// What the first of the commands wants the link to be.
  var firstTail: LinkTail? { items.first?.sink.tail }

  mutating func append(command frame: Span<UInt8>, sink: ReplySink, slot: UInt32) {
    bytes.append(frame)
    items.append(Item(sink: sink, slot: slot, length: frame.count, isReply: false))
  }

  mutating func append(reply: Span<UInt8>, to sink: ReplySink, slot: UInt32) {
    bytes.append(reply)
    items.append(Item(sink: sink, slot: slot, length: reply.count, isReply: true))
  }

  /// On the other side: gives everything to whom it is for, in the order in which it was put in.
  consuming func unload(on lane: Lane) {
    var bytes = bytes
    for item in items {
      let piece = bytes.take(item.length)
      if item.isReply {
        lane.deliver(piece.span, to: item.sink, slot: item.slot)
      } else {
        lane.receiveCrossed(piece.span, sink: item.sink, slot: item.slot)
      }
    }
  }
}
