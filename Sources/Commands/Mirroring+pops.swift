import SluiceRESP

/// What came out of the primary is taken out of the mirror, by name.
extension Mirroring {
  /// `SPOP key` replies with a member, `SPOP key count` with an array of them.
  static func popMembers(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    if ReplyReader.isNull(reply) { return .nothing }
    if reply.isBulk {
      output.beginFrame(3)
      output.appendWord("SREM")
      output.appendWord(1, of: request, arguments)
      output.append(contentsOf: reply)
      return .replaced
    }
    guard let members = ReplyReader.elements(of: reply) else { return .copy }
    if members.isEmpty { return .nothing }
    output.beginFrame(2 + members.count)
    output.appendWord("SREM")
    output.appendWord(1, of: request, arguments)
    return append(members, of: reply, &output)
  }

  /// `ZPOPMIN` replies with members and scores by turns; in RESP3, where a count was asked for, with pairs of them.
  static func popScored(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let pairs = ReplyReader.elements(of: reply) else { return .copy }
    if pairs.isEmpty { return .nothing }
    if ReplyReader.elements(of: reply.extracting(pairs[0])) != nil {
      output.beginFrame(2 + pairs.count)
      output.appendWord("ZREM")
      output.appendWord(1, of: request, arguments)
      return appendMembers(of: pairs, reply, &output)
    }
    guard pairs.count % 2 == 0 else { return .copy }
    output.beginFrame(2 + pairs.count / 2)
    output.appendWord("ZREM")
    output.appendWord(1, of: request, arguments)
    for index in stride(from: 0, to: pairs.count, by: 2) {
      let member = reply.extracting(pairs[index])
      guard member.isBulk else { return .copy }
      output.append(contentsOf: member)
    }
    return .replaced
  }

  /// `LMPOP numkeys key … LEFT|RIGHT [COUNT n]` replies with the key and what came out of it. A list has its
  /// elements by place and not by name, so as many are popped at the same end.
  static func popFirstList(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    if ReplyReader.isNull(reply) { return .nothing }
    guard let (key, popped) = firstKey(of: reply), let numkeys = arguments.integer(at: 1, in: request),
      numkeys > 0, numkeys < arguments.count
    else { return .copy }
    output.beginFrame(3)
    if arguments.holds("LEFT", at: 2 &+ numkeys, in: request) {
      output.appendWord("LPOP")
    } else if arguments.holds("RIGHT", at: 2 &+ numkeys, in: request) {
      output.appendWord("RPOP")
    } else {
      return .copy
    }
    output.append(contentsOf: reply.extracting(key))
    output.appendWord(popped.count)
    return .replaced
  }

  /// `ZMPOP` replies with the key and with pairs of member and score.
  static func popFirstScored(_ reply: Span<UInt8>, _ output: inout [UInt8]) -> MirrorAction {
    if ReplyReader.isNull(reply) { return .nothing }
    guard let (key, popped) = firstKey(of: reply) else { return .copy }
    output.beginFrame(2 + popped.count)
    output.appendWord("ZREM")
    output.append(contentsOf: reply.extracting(key))
    return appendMembers(of: popped, reply, &output)
  }

  /// The first of each pair.
  private static func appendMembers(
    of pairs: [Range<Int>], _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    for place in pairs {
      let pair = reply.extracting(place)
      guard let parts = ReplyReader.elements(of: pair), let member = parts.first,
        pair.extracting(member).isBulk
      else { return .copy }
      output.append(contentsOf: pair.extracting(member))
    }
    return .replaced
  }

  /// Where the key stands in `[key, [element, …]]`, and where the elements do; nil for any other reply and
  /// for one without elements.
  private static func firstKey(of reply: Span<UInt8>) -> (key: Range<Int>, popped: [Range<Int>])? {
    guard let parts = ReplyReader.elements(of: reply), parts.count == 2,
      reply.extracting(parts[0]).isBulk,
      let popped = ReplyReader.elements(of: reply.extracting(parts[1])), !popped.isEmpty
    else { return nil }
    let start = parts[1].lowerBound
    return (parts[0], popped.map { $0.lowerBound + start..<$0.upperBound + start })
  }

  /// Bulk strings of the reply, taken over as they are.
  static func append(_ words: [Range<Int>], of reply: Span<UInt8>, _ output: inout [UInt8]) -> MirrorAction {
    for place in words {
      let word = reply.extracting(place)
      guard word.isBulk else { return .copy }
      output.append(contentsOf: word)
    }
    return .replaced
  }
}
