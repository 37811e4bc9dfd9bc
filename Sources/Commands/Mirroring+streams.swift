import SluiceRESP

extension Mirroring {
  /// `XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT n]] id field value …`
  /// (https://redis.io/docs/latest/commands/xadd/): the id that the primary gave takes the place of `*`.
  static func streamAdd(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    // NOMKSTREAM, and no stream.
    if ReplyReader.isNull(reply) { return .nothing }
    guard reply.isBulk else { return .copy }
    var index = 2
    while index < arguments.count {
      if arguments.holds("NOMKSTREAM", at: index, in: request) {
        index &+= 1
      } else if isTrimming(arguments, at: index, in: request) {
        if isApproximate(arguments, at: index &+ 1, in: request) { return .copy }
        index &+= isSign("=", arguments, at: index &+ 1, in: request) ? 3 : 2
      } else {
        break
      }
    }
    guard index < arguments.count else { return .copy }
    let id = request.extracting(arguments.place(at: index))
    guard !id.isEmpty, id[id.count - 1] == UInt8(ascii: "*") else { return .asSent }
    output.beginFrame(arguments.count)
    output.appendWords(0..<index, of: request, arguments)
    output.append(contentsOf: reply)
    output.appendWords(index &+ 1..<arguments.count, of: request, arguments)
    return .replaced
  }

  /// `XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT n]`: how much `~` removes depends on how the stream is
  /// packed in memory.
  static func streamTrim(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>
  ) -> MirrorAction {
    if ReplyReader.integer(reply) == 0 { return .nothing }
    return isApproximate(arguments, at: 3, in: request) ? .copy : .asSent
  }

  /// `XCLAIM key group consumer min-idle id … [IDLE ms] [TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID]
  /// [LASTID id]`
  /// (https://redis.io/docs/latest/commands/xclaim/): if all were claimed, they are claimed at the mirror
  /// however long they have been idle there.
  static func streamClaim(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    var end = 5
    while end < arguments.count {
      let word = request.extracting(arguments.place(at: end))
      guard !word.isEmpty, word[0] &- UInt8(ascii: "0") <= 9 else { break }
      end &+= 1
    }
    // An entry that was not claimed may have been too young, or deleted and now forgotten by the group.
    guard let claimed = ReplyReader.elements(of: reply), claimed.count == end - 5 else { return .copy }
    var deliveredAt = now
    // The options without IDLE and TIME: how many words, and which.
    var kept: [Range<Int>] = []
    var index = end
    while index < arguments.count {
      if arguments.holds("IDLE", at: index, in: request) || arguments.holds("TIME", at: index, in: request) {
        guard let time = arguments.integer(at: index &+ 1, in: request) else { return .copy }
        let isIdle = arguments.holds("IDLE", at: index, in: request)
        deliveredAt = isIdle ? absolute(0 &- max(time, 0), .milliseconds, now) : time
        index &+= 2
      } else {
        let takesValue =
          arguments.holds("RETRYCOUNT", at: index, in: request)
          || arguments.holds("LASTID", at: index, in: request)
        let next = min(index &+ (takesValue ? 2 : 1), arguments.count)
        kept.append(index..<next)
        index = next
      }
    }
    output.beginFrame(end + 2 + kept.reduce(0) { $0 + $1.count })
    output.appendWords(0..<4, of: request, arguments)
    output.appendWord("0")
    output.appendWords(5..<end, of: request, arguments)
    output.appendWord("TIME")
    output.appendWord(deliveredAt)
    for words in kept { output.appendWords(words, of: request, arguments) }
    return .replaced
  }

  /// `XAUTOCLAIM key group consumer min-idle start [COUNT n] [JUSTID]` replies with a cursor, what was
  /// claimed, and the ids of deleted entries (https://redis.io/docs/latest/commands/xautoclaim/).
  static func streamAutoclaim(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let parts = ReplyReader.elements(of: reply), parts.count == 3,
      let entries = ReplyReader.elements(of: reply.extracting(parts[1])),
      let deleted = ReplyReader.elements(of: reply.extracting(parts[2])), deleted.isEmpty
    else { return .copy }
    if entries.isEmpty { return .nothing }
    var isJustID = false
    for index in 6..<max(6, arguments.count) where arguments.holds("JUSTID", at: index, in: request) {
      isJustID = true
    }
    output.beginFrame(7 + entries.count + (isJustID ? 1 : 0))
    output.appendWord("XCLAIM")
    output.appendWords(1..<4, of: request, arguments)
    output.appendWord("0")
    let claimed = reply.extracting(parts[1])
    for place in entries {
      // An id alone, or an id with its fields.
      let entry = claimed.extracting(place)
      let id = entry.isBulk ? 0..<entry.count : ReplyReader.elements(of: entry)?.first
      guard let id, entry.extracting(id).isBulk else { return .copy }
      output.append(contentsOf: entry.extracting(id))
    }
    output.appendWord("TIME")
    output.appendWord(now)
    if isJustID { output.appendWord("JUSTID") }
    return .replaced
  }

  private static func isTrimming(
    _ arguments: Span<ArgumentRange>, at index: Int, in request: Span<UInt8>
  ) -> Bool {
    arguments.holds("MAXLEN", at: index, in: request) || arguments.holds("MINID", at: index, in: request)
  }

  private static func isApproximate(
    _ arguments: Span<ArgumentRange>, at index: Int, in request: Span<UInt8>
  ) -> Bool {
    isSign("~", arguments, at: index, in: request)
  }

  private static func isSign(
    _ sign: Unicode.Scalar, _ arguments: Span<ArgumentRange>, at index: Int, in request: Span<UInt8>
  ) -> Bool {
    let word = request.extracting(arguments.place(at: index))
    return word.count == 1 && word[0] == UInt8(ascii: sign)
  }
}
