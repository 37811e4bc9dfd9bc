import SluiceRESP

extension Mirroring {
  /// `DELIFEQ key value` (https://valkey.io/commands/delifeq/), `DELEX key [IFEQ|IFNE|IFDEQ|IFDNE value]`
  /// (https://redis.io/docs/latest/commands/delex/).
  static func deleteIfEqual(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didDelete = happened(reply) else { return .copy }
    // Without a condition it is a `DEL`, and takes away from the mirror what a cold primary did not have.
    return didDelete || arguments.count == 2 ? delete(request, arguments, &output) : .nothing
  }

  /// `MSETEX numkeys key value … [NX|XX] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]` (https://redis.io/docs/latest/commands/msetex/).
  static func setAllExpiring(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ mirror: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didSet = happened(reply), let keys = arguments.integer(at: 1, in: request), keys > 0,
      keys < arguments.count / 2
    else { return .copy }
    if !didSet { return .nothing }
    let end = 2 &+ 2 &* keys
    var deadline: Deadline?
    var index = end
    while index < arguments.count {
      if arguments.holds("NX", at: index, in: request) || arguments.holds("XX", at: index, in: request) {
        index &+= 1
      } else if let found = Deadline(arguments, at: index, in: request) {
        deadline = found
        index &+= 2
      } else {
        // The time to live that a key had is known to the stacks alone.
        return .copy
      }
    }
    guard let deadline else {
      output.beginFrame(end - 1)
      output.appendWord("MSET")
      output.appendWords(2..<end, of: request, arguments)
      return .replaced
    }
    guard mirror.contains(.multipleSets) else { return .copy }
    output.beginFrame(end + 2)
    output.appendWord("MSETEX")
    output.appendWords(1..<end, of: request, arguments)
    output.appendWord("PXAT")
    output.appendWord(deadline.milliseconds(now))
    return .replaced
  }

  /// `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member …`: with `INCR` the reply is the new score, or null if a condition kept it
  /// from happening; without, it is a number of members.
  static func addScored(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    if ReplyReader.integer(reply) != nil { return .asSent }
    if ReplyReader.isNull(reply) { return .nothing }
    guard ReplyReader.decimal(reply) != nil, arguments.count > 4 else { return .copy }
    return score(reply, member: arguments.count &- 1, request, arguments, &output)
  }

  /// `ZINCRBY key increment member`: servers before 7.2 spell the new score with 17 digits, later ones as short as it can be. A mirror
  /// that is told the number needs no spelling. What is a whole number all spell the same.
  static func incrementScore(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let text = ReplyReader.decimal(reply) else { return .copy }
    if text.count < 16, reply.extracting(text).isWholeNumber { return .asSent }
    let action = score(reply, member: 3, request, arguments, &output)
    // Where the increment is the new score, the member may be new: both are asked how many there are (`PriorDoubt`).
    return isIncrement(reply, request, arguments) ? action : .replacedAddingNothing
  }

  private static func isIncrement(
    _ reply: Span<UInt8>, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>
  ) -> Bool {
    let doubt = PriorDoubt(.number(inArgument: 2), question: 0, key: 1)
    return isOpen(doubt, request, arguments, reply)
  }

  private static func score(
    _ reply: Span<UInt8>, member: Int, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let text = ReplyReader.decimal(reply) else { return .copy }
    output.beginFrame(4)
    output.appendWord("ZADD")
    output.appendWord(1, of: request, arguments)
    output.appendBulk(reply.extracting(text))
    output.appendWord(member, of: request, arguments)
    return .replaced
  }
}

extension Span where Element == UInt8 {
  /// Digits, and perhaps a minus before them.
  fileprivate var isWholeNumber: Bool {
    for index in indices where self[index] &- UInt8(ascii: "0") > 9 {
      if index > 0 || self[index] != UInt8(ascii: "-") { return false }
    }
    return !isEmpty
  }
}
