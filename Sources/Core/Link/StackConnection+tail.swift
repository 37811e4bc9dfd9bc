import SluiceCommands
import SluiceRESP

/// How a link is brought to what a command wants: a word in the pipeline ahead of it. So every stack answers in the client's own
/// protocol, and nothing is translated.
extension StackConnection {
  /// Says what brings the link to where the command wants it, if anything must be said.
  @inline(never)
  func turn(for command: inout Errand) {
    command.tail = tail.resolved(for: command.tail)
    guard command.tail != tail else { return }
    tail = command.tail
    let words = tail.words
    send(
      words.span,
      Errand(
        slot: 0, command: UInt16(truncatingIfNeeded: CommandTable.unknownID), role: .turn, sequel: .none,
        tail: tail, sentAt: command.sentAt), sink: nil)
  }

  /// Whether the server can be brought there.
  func reaches(_ tail: LinkTail) -> Bool { tail.wire != .resp3 || hasRESP3 }

  /// Nobody knows any more what the next command would find.
  func tailIsUnknown() { tail = .any }

  /// Whether the reply that comes next may be one of RESP3.
  var awaitsRESP3: Bool { (pending.first?.tail ?? tail).wire == .resp3 }

  /// The server has refused to change what it was brought to in the hand-shake. The commands behind it are answered as their clients cannot
  /// read it, or are meant for something else: none of these answers may be seen.
  func turnWasRefused(_ reply: Span<UInt8>, to tail: LinkTail) {
    let text = reply.extracting(1..<max(1, reply.count - 2)).withUnsafeBufferPointer {
      String(decoding: $0.prefix(100), as: UTF8.self)
    }
    cut("refused HELLO \(tail.wire.rawValue) (\(text))", kind: .refused)
  }
}
