import SluiceRESP

extension Mirroring {
  /// `SET key value [NX|XX|IFEQ value|IFNE value|IFDEQ digest|IFDNE digest] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]`
  /// (https://redis.io/docs/latest/commands/set/, https://valkey.io/commands/set/). An option that is none of these is one of a later
  /// server: what it does is not guessed at.
  static func set(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    if arguments.count <= 3 { return .asSent }
    var (isConditional, needsKey, getsOld) = (false, false, false)
    // Where the value stands that the old one had to be; what else was asked of it the old value does not tell.
    var (equal, asksOtherwise): (Int?, Bool) = (nil, false)
    // Where the option stands that says how long the value lives.
    var lifetime: Int?
    var index = 3
    while index < arguments.count {
      if arguments.holds("NX", at: index, in: request) {
        isConditional = true
      } else if arguments.holds("XX", at: index, in: request) {
        (isConditional, needsKey) = (true, true)
      } else if arguments.holds("GET", at: index, in: request) {
        getsOld = true
      } else if arguments.holds("KEEPTTL", at: index, in: request) {
        lifetime = index
      } else if arguments.holds("IFEQ", at: index, in: request) {
        (isConditional, equal) = (true, index &+ 1)
        index &+= 1
      } else if ["IFNE", "IFDEQ", "IFDNE"].contains(where: { arguments.holds($0, at: index, in: request) }) {
        (isConditional, asksOtherwise) = (true, true)
        index &+= 1
      } else if Deadline(arguments, at: index, in: request) != nil {
        lifetime = index
        index &+= 1
      } else {
        return .copy
      }
      index &+= 1
    }
    if getsOld, asksOtherwise { return .copy }
    if let equal, getsOld {
      guard let old = ReplyReader.string(reply) else { return .nothing }
      let (left, right) = (reply.extracting(old), request.extracting(arguments.place(at: equal)))
      guard left.count == right.count, left.indices.allSatisfy({ left[$0] == right[$0] }) else {
        return .nothing
      }
    } else if isConditional {
      // With GET the reply is the old value and not the outcome; but null is there exactly if no key was, and
      // that is what the condition looked at.
      let isNull = ReplyReader.isNull(reply)
      let didSet = getsOld && !needsKey ? isNull : !isNull
      if !didSet { return .nothing }
    }
    guard let lifetime else {
      output.beginFrame(3)
      output.appendWord("SET")
      output.appendWords(1..<3, of: request, arguments)
      return .replaced
    }
    if arguments.holds("KEEPTTL", at: lifetime, in: request) {
      if !isConditional, !getsOld { return .asSent }
      output.beginFrame(4)
      output.appendWord("SET")
      output.appendWords(1..<3, of: request, arguments)
      output.appendWord("KEEPTTL")
      return .replaced
    }
    guard let deadline = Deadline(arguments, at: lifetime, in: request) else { return .copy }
    if !deadline.isRelative, !isConditional, !getsOld { return .asSent }
    beginSet(request, arguments, value: 2, pxat: deadline.milliseconds(now), &output)
    return .replaced
  }

  static func setExpiring(
    _ unit: TimeUnit, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ now: Int,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let time = arguments.integer(at: 2, in: request) else { return .copy }
    beginSet(request, arguments, value: 3, pxat: absolute(time, unit, now), &output)
    return .replaced
  }

  static func setIfAbsent(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didSet = happened(reply) else { return .copy }
    return didSet ? getSet(request, arguments, &output) : .nothing
  }

  static func setAllIfAbsent(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didSet = happened(reply) else { return .copy }
    if !didSet { return .nothing }
    output.beginFrame(arguments.count)
    output.appendWord("MSET")
    output.appendWords(1..<arguments.count, of: request, arguments)
    return .replaced
  }

  static func getSet(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ output: inout [UInt8]
  ) -> MirrorAction {
    output.beginFrame(3)
    output.appendWord("SET")
    output.appendWord(1, of: request, arguments)
    output.appendWord(2, of: request, arguments)
    return .replaced
  }

  /// The reply is the new value, digit by digit: as Redis itself tells its replicas
  /// (https://redis.io/docs/latest/commands/incrbyfloat/).
  static func incrementByFloat(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard reply.isBulk else { return .copy }
    output.beginFrame(4)
    output.appendWord("SET")
    output.appendWord(1, of: request, arguments)
    output.append(contentsOf: reply)
    output.appendWord("KEEPTTL")
    return .replaced
  }

  /// A field that has a time of its own keeps it (redis.io says so of `HINCRBY`; servers do so here too), and `HSET` would take it away.
  static func incrementFieldByFloat(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>,
    _ mirror: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard reply.isBulk else { return .copy }
    if mirror.contains(.fieldSets) {
      output.beginFrame(7)
      output.appendWord("HSETEX")
      output.appendWord(1, of: request, arguments)
      output.appendWord("KEEPTTL")
      output.appendWord("FIELDS")
      output.appendWord(1)
    } else if mirror.contains(.fieldTimes) {
      // There is no other command that keeps the field's time; what comes of it is compared.
      return .asSent
    } else {
      output.beginFrame(4)
      output.appendWord("HSET")
      output.appendWord(1, of: request, arguments)
    }
    output.appendWord(2, of: request, arguments)
    output.append(contentsOf: reply)
    return .replaced
  }

  /// Whatever stands there, and however large, the mirror frees it in the background.
  static func delete(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ output: inout [UInt8]
  ) -> MirrorAction {
    output.beginFrame(2)
    output.appendWord("UNLINK")
    output.appendWord(1, of: request, arguments)
    return .replaced
  }

  private static func beginSet(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, value: Int, pxat: Int, _ output: inout [UInt8]
  ) {
    output.beginFrame(5)
    output.appendWord("SET")
    output.appendWord(1, of: request, arguments)
    output.appendWord(value, of: request, arguments)
    output.appendWord("PXAT")
    output.appendWord(pxat)
  }
}
