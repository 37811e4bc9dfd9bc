import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Brings a trim by `~` to the mirror: how much it removed depends on how the stream is packed in memory, and the first entry that is
/// left tells it.
///
/// The primary is asked behind the command, and the mirror trims at the place in the log where the primary has answered: it has
/// every entry that the primary had by then.
final class StreamTrim: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let key: [UInt8]
  private let mirror: StackID
  private let order: Lane.Order
  /// Where the lane's journal has the key, until the mirror has trimmed.
  private let recorded: UInt32

  init(of key: [UInt8], on mirror: StackID, in lane: Lane) {
    self.lane = lane
    self.key = key
    self.mirror = mirror
    recorded = lane.journal?.record(key.span, primary: mirror.other) ?? 0
    order = lane.order
    super.init(home: lane.index)
  }

  func start() {
    lane.ask(
      [
        Array("XRANGE".utf8), key, [UInt8(ascii: "-")], [UInt8(ascii: "+")], Array("COUNT".utf8),
        [UInt8(ascii: "1")],
      ],
      of: mirror.other, slot: 0, role: .recheck, sink: self)
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard lane.order == order, let entries = ReplyReader.elements(of: reply) else { return failed() }
    var words = [Array("XTRIM".utf8), key]
    if let place = entries.first {
      let entry = reply.extracting(place)
      guard let parts = ReplyReader.elements(of: entry), let first = parts.first,
        let id = ReplyReader.string(entry.extracting(first))
      else { return failed() }
      words += [
        Array("MINID".utf8),
        entry.extracting(first).extracting(id).withUnsafeBufferPointer { Array($0) },
      ]
    } else {
      words += [Array("MAXLEN".utf8), [UInt8(ascii: "0")]]
    }
    lane.trim(words, on: mirror, recorded: recorded)
  }

  override func replyFailed(slot: UInt32) { failed() }

  /// What was removed is not known: the key is copied.
  private func failed() {
    lane.suspect(InlineRequest.frame(of: [Array("XTRIM".utf8), key]).span, on: mirror)
  }
}

extension Lane {
  /// Asks how much the primary's trim has left, and tells the mirror.
  func trimAlike(_ request: Span<UInt8>, from primary: StackID) {
    guard let key = Lane.firstKey(of: request) else { return }
    StreamTrim(of: key, on: primary.other, in: self).start()
  }

  fileprivate func trim(_ words: [[UInt8]], on stack: StackID, recorded: UInt32) {
    let frame = InlineRequest.frame(of: words)
    let mirror = connection(stack)
    guard mirror.isUp, !mirror.mirrorIsFull(adding: frame.count) else {
      figures.compare.droppedWrites &+= 1
      return suspect(frame.span, on: stack)
    }
    mirror.send(
      frame.span,
      Errand(
        slot: 0, command: UInt16(truncatingIfNeeded: trimCommand), role: .mirroredWrite, sequel: .none,
        isKept: true, tail: .any, sentAt: now, recorded: recorded),
      sink: nil)
  }
}
