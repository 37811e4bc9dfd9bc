import SluiceRESP

extension Mirroring {
  /// `XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [MAXLEN|MINID [=|~] threshold [LIMIT n]] id field value …`
  /// (https://redis.io/docs/latest/commands/xadd/): the id that the primary gave takes the place of `*`.
  static func streamAdd(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    // NOMKSTREAM, and no stream.
    if ReplyReader.isNull(reply) { return .nothing }
    guard reply.isBulk else { return .copy }
    var index = 2
    // Where the trim stands by which the primary removes as much as it likes; what is done with references to it is another matter.
    var (approximate, hasReferences): (Range<Int>?, Bool) = (nil, false)
    while index < arguments.count {
      if arguments.holds("NOMKSTREAM", at: index, in: request) {
        index &+= 1
      } else if isTrimming(arguments, at: index, in: request) {
        let start = index
        let isAbout = isApproximate(arguments, at: index &+ 1, in: request)
        index &+= isAbout || isSign("=", arguments, at: index &+ 1, in: request) ? 3 : 2
        if arguments.holds("LIMIT", at: index, in: request) { index &+= 2 }
        if isAbout { approximate = start..<index }
      } else if arguments.holds("KEEPREF", at: index, in: request)
        || arguments.holds("DELREF", at: index, in: request)
        || arguments.holds("ACKED", at: index, in: request)
      {
        hasReferences = true
        index &+= 1
      } else {
        break
      }
    }
    guard index < arguments.count else { return .copy }
    let id = request.extracting(arguments.place(at: index))
    // An option of a later server stands where an id should: what it does is not guessed at.
    guard !id.isEmpty, id[0] == UInt8(ascii: "*") || id[0] &- UInt8(ascii: "0") <= 9 else { return .copy }
    if let approximate {
      if hasReferences { return .copy }
      output.beginFrame(arguments.count - approximate.count)
      output.appendWords(0..<approximate.lowerBound, of: request, arguments)
      output.appendWords(approximate.upperBound..<index, of: request, arguments)
      output.append(contentsOf: reply)
      output.appendWords(index &+ 1..<arguments.count, of: request, arguments)
      return .replacedAndTrimmed
    }
    guard id[id.count - 1] == UInt8(ascii: "*") else { return .asSent }
    output.beginFrame(arguments.count)
    output.appendWords(0..<index, of: request, arguments)
    output.append(contentsOf: reply)
    output.appendWords(index &+ 1..<arguments.count, of: request, arguments)
    return .replaced
  }

  /// `XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT n] [KEEPREF|DELREF|ACKED]`: how much `~` removes depends on how the stream is
  /// packed in memory.
  static func streamTrim(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>
  ) -> MirrorAction {
    if ReplyReader.integer(reply) == 0 { return .nothing }
    guard isApproximate(arguments, at: 3, in: request) else { return .asSent }
    // Behind the threshold: LIMIT, and what is done with references to what goes.
    let hasOptions =
      arguments.count > 5 && !(arguments.count == 7 && arguments.holds("LIMIT", at: 5, in: request))
    return hasOptions ? .copy : .trimmed
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
    // An entry that was not claimed may have been too young, or deleted and now forgotten by the group. Where a server makes the consumer
    // all the same, the copy has it.
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
        guard
          takesValue || arguments.holds("FORCE", at: index, in: request)
            || arguments.holds("JUSTID", at: index, in: request)
        else { return .copy }
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
    _ primary: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    // Redis 6.2 does not say what was deleted: such an entry is claimed, and null in the reply.
    guard let parts = ReplyReader.elements(of: reply), parts.count == 3 || parts.count == 2,
      let entries = ReplyReader.elements(of: reply.extracting(parts[1]))
    else { return .copy }
    if parts.count == 3 {
      guard let deleted = ReplyReader.elements(of: reply.extracting(parts[2])), deleted.isEmpty else {
        return .copy
      }
    }
    if entries.isEmpty { return claimedNothing(group: 2, consumer: 3, request, arguments, primary, &output) }
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

  /// `XREADGROUP GROUP group consumer … STREAMS key … id …` (https://redis.io/docs/latest/commands/xreadgroup/): null if there was nothing
  /// to read. Whether the consumer is there then depends on the server.
  static func streamRead(
    _ spec: CommandSpec, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>,
    _ abilities: (primary: ServerAbilities, mirror: ServerAbilities), _ output: inout [UInt8]
  ) -> MirrorAction {
    var index = 1
    var isKnown = true
    while index < arguments.count {
      let option = StreamOption(arguments, at: index, in: request)
      if option == .streams { break }
      if option == nil { isKnown = false }
      index &+= option?.width ?? 1
    }
    // An option of a later server: what it has done nobody here knows.
    guard isKnown, arguments.holds("GROUP", at: 1, in: request) else { return .copy }
    let claims: ServerAbilities = [.emptyClaimsMakeConsumers, .emptyClaimsMakeNone]
    let isAlike = abilities.primary.intersection(claims) == abilities.mirror.intersection(claims)
    let streams = (arguments.count &- index &- 1) / 2
    // A map of RESP3 has each stream beside its entries.
    let width = reply[0] == UInt8(ascii: "%") ? 2 : 1
    let read = ReplyReader.isNull(reply) ? 0 : (ReplyReader.elements(of: reply)?.count ?? -width) / width
    if isAlike || read == streams { return .asSent }
    guard read == 0 else { return .copy }
    if abilities.primary.contains(.emptyClaimsMakeNone) { return .nothing }
    guard streams == 1, abilities.primary.contains(.emptyClaimsMakeConsumers) else { return .copy }
    makeConsumer(key: index &+ 1, group: 2, consumer: 3, request, arguments, &output)
    return .replaced
  }

  /// Since Redis 7.2 a consumer that has claimed nothing is there all the same.
  private static func claimedNothing(
    group: Int, consumer: Int, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ primary: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    if primary.contains(.emptyClaimsMakeNone) { return .nothing }
    guard primary.contains(.emptyClaimsMakeConsumers) else { return .copy }
    makeConsumer(key: 1, group: group, consumer: consumer, request, arguments, &output)
    return .replaced
  }

  private static func makeConsumer(
    key: Int, group: Int, consumer: Int, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ output: inout [UInt8]
  ) {
    output.beginFrame(5)
    output.appendWord("XGROUP")
    output.appendWord("CREATECONSUMER")
    for index in [key, group, consumer] { output.appendWord(index, of: request, arguments) }
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
