import DequeModule

/// Puts the replies to a client's pipelined commands into the order of the commands.
///
/// A reply whose turn it is goes straight to the output. One that comes early (the other stack, or another lane, was
/// faster) waits in one buffer with all others that are early.
struct ReplyQueue {
  /// The number of the oldest command without a reply that was written out.
  private(set) var head: UInt32 = 0
  /// The number of the next command.
  private(set) var next: UInt32 = 0
  /// For the commands from `head` on: where the early reply stands; `missing` while there is none. An empty one is the reply of a
  /// command that gets no bytes.
  private var early = Deque<Range<Int>>()
  private static let missing = -1 ..< -1
  private var bytes = Bytes()
  /// Bytes of `bytes` that were written out already.
  private var spent = 0

  /// Bytes of replies that wait for an older one.
  var waitingBytes: Int { bytes.count - spent }

  /// Commands that have no reply yet, or whose reply waits for an older one.
  var count: Int { Int(next &- head) }

  /// A command is on its way; replies to it carry this number.
  mutating func open() -> UInt32 {
    defer { next &+= 1 }
    return next
  }

  /// Takes the place of the reply to command `slot`, if that is the next to be written out and the only one there is.
  mutating func takeTurn(_ slot: UInt32) -> Bool {
    guard slot == head, early.isEmpty else { return false }
    head &+= 1
    return true
  }

  /// Takes the reply to command `slot` and appends all replies whose turn it is to `output`.
  mutating func fill(_ slot: UInt32, _ reply: Span<UInt8>, into output: inout Bytes) {
    let distance = Int(slot &- head)
    if distance == 0 {
      output.append(reply)
      head &+= 1
      if !early.isEmpty { advance(into: &output) }
      return
    }
    while early.count <= distance { early.append(ReplyQueue.missing) }
    let start = bytes.count
    bytes.append(reply)
    early[distance] = start..<bytes.count
  }

  /// The place of the head was taken; so may be those behind it.
  private mutating func advance(into output: inout Bytes) {
    early.removeFirst()
    while let range = early.first, range != ReplyQueue.missing {
      output.append(bytes.span.extracting(range))
      spent += range.count
      early.removeFirst()
      head &+= 1
    }
    if early.isEmpty {
      if bytes.capacity > 1 << 16 { bytes = Bytes() } else { bytes.clear() }
      spent = 0
    } else if spent > 1 << 16, spent > bytes.count / 2 {
      compact()
    }
  }

  /// A client that always has something in flight would let the buffer grow for ever.
  private mutating func compact() {
    var fresh = Bytes()
    for index in early.indices where early[index] != ReplyQueue.missing {
      let start = fresh.count
      fresh.append(bytes.span.extracting(early[index]))
      early[index] = start..<fresh.count
    }
    bytes = fresh
    spent = 0
  }
}
