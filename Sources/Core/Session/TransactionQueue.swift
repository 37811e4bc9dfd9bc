import SluiceCommands
import SluiceRESP
import SluiceRouting

/// The commands that a client has sent since `MULTI`, as its `EXEC` will need them.
///
/// At `EXEC` they become one command with the keys of all of them (`MULTI-EXEC numkeys key… frame…`): it is held by fences, crosses
/// loops, has all lanes for itself, and makes suspects as any command with several keys. Only where it meets its stack is it taken apart
/// again (`Lane.sendTransaction`), and where its reply is mirrored (`Lane.mirrorParts`).
struct TransactionQueue {
  /// More cannot be queued: it would be one write to the stack.
  static let mostBytes = 64 << 20
  private static let roomOfCommand = 128

  private var keys: [[UInt8]] = []
  private(set) var frames: [[UInt8]] = []
  private var isReadOnly = true
  /// Bytes that the client holds by it.
  private(set) var bytes = 0
  /// Why `EXEC` will be refused.
  private(set) var refusal: Refusal?

  var isEmpty: Bool { frames.isEmpty }

  /// Takes a command whose name, and number of words, are right. Returns an error if there is no room for it.
  mutating func append(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) -> String? {
    guard refusal == nil else { return nil }
    switch spec.scope {
    case .keyed: break
    case .refused(let refusal): return refuse(refusal)
    case .local(.ping), .local(.echo): break
    default: return refuse(.transaction)
    }
    if spec.databaseOption(in: frame, arguments: arguments) != .none { return refuse(.database) }
    if let refusal = spec.refusal(in: frame, arguments: arguments) { return refuse(refusal) }
    guard bytes <= TransactionQueue.mostBytes - min(frame.count, TransactionQueue.mostBytes) else {
      self = TransactionQueue()
      return "ERR sluice: a transaction may have \(TransactionQueue.mostBytes >> 20) MiB; send it in parts"
    }
    if case .keyed = spec.scope {
      // Where its keys cannot be told the server will say what is wrong with it, in its place in the block.
      var indices: [Int] = []
      if case .invalid = spec.keyIndices(in: frame, arguments: arguments, into: &indices) { indices = [] }
      for index in indices {
        keys.append(frame.extracting(arguments[index].range).withUnsafeBufferPointer { Array($0) })
      }
      if spec.access == .write || spec.changesOnRead { isReadOnly = false }
    }
    frames.append(frame.withUnsafeBufferPointer { Array($0) })
    // With the room that each piece costs beside its bytes.
    bytes &+= frame.count &+ TransactionQueue.roomOfCommand
    return nil
  }

  private mutating func refuse(_ refusal: Refusal) -> String? {
    self = TransactionQueue()
    self.refusal = refusal
    return nil
  }

  /// The whole as one command.
  var block: [UInt8] {
    let name = isReadOnly ? "MULTI-EXEC-RO" : "MULTI-EXEC"
    return InlineRequest.frame(of: [Array(name.utf8), Array("\(keys.count)".utf8)] + keys + frames)
  }

  /// The positions of the frames among the arguments of a block; nil if it is none.
  static func frames(of block: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Range<Int>? {
    guard arguments.count > 2,
      let keys = Int(
        String(decoding: ClientSession.bytes(block.extracting(arguments[1].range)), as: UTF8.self)),
      keys >= 0, keys <= arguments.count &- 2
    else { return nil }
    return keys &+ 2..<arguments.count
  }
}

extension Lane {
  /// Sends a transaction in one piece; the answers to all but its `EXEC` are swallowed.
  func sendTransaction(
    _ block: Span<UInt8>, _ command: Errand, to connection: StackConnection, sink: ReplySink
  ) {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(block),
      let frames = TransactionQueue.frames(of: block, framer.arguments.span)
    else { return refuseTransaction(.transaction, sink: sink, slot: command.slot) }
    let queued = Errand(
      slot: 0, command: UInt16(truncatingIfNeeded: multi), role: .queued, sequel: .none,
      tail: command.tail, sentAt: command.sentAt)
    connection.send(Lane.multiFrame.span, queued, sink: nil)
    for index in frames {
      let frame = block.extracting(framer.arguments[index].range)
      connection.expect(frame, queued, sink: nil)
      if RuledScript.isBlock(frame) { appendScript(frame, to: connection) } else { connection.append(frame) }
    }
    connection.expect(block, command, sink: sink)
    connection.append(Lane.execFrame.span)
  }

  /// Mirrors what the commands of a transaction did, each by its own rule and reply, one behind the other.
  func mirrorParts(
    _ block: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>, from primary: StackID
  ) {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(block),
      let frames = TransactionQueue.frames(of: block, framer.arguments.span),
      let answers = ReplyReader.elements(of: reply), answers.count == frames.count
    else { return suspect(block, on: primary.other) }
    var inner = RequestFramer(limits: .measuredBefore)
    var parts: [(frame: Range<Int>, answer: Range<Int>, command: UInt16)] = []
    for (index, place) in zip(frames, answers) {
      let range = framer.arguments[index].range
      let frame = block.extracting(range)
      guard case .command = inner.next(frame) else { continue }
      let spec = table.specs[table.resolve(in: frame, arguments: inner.arguments.span)]
      let id = UInt16(truncatingIfNeeded: spec.id)
      let answer = reply.extracting(place)
      guard spec.mirror != .none, answer.count > 0,
        answer[0] != UInt8(ascii: "-") || hasChanged(by: id, answer)
      else { continue }
      parts.append((range, place, id))
    }
    for (number, part) in parts.enumerated() {
      var told = command
      told.command = part.command
      // The journal lets go of the whole when the mirror has answered its last write.
      told.recorded = number == parts.count - 1 ? command.recorded : 0
      mirror(block.extracting(part.frame), told, reply.extracting(part.answer), from: primary)
    }
  }

  private static let multiFrame = InlineRequest.frame(of: [Array("MULTI".utf8)])
  private static let execFrame = InlineRequest.frame(of: [Array("EXEC".utf8)])
}
