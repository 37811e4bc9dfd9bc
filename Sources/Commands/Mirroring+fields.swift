import SluiceRESP

/// Fields of hashes that have a time of their own (Redis 7.4, 8.0; Valkey 9.0).
extension Mirroring {
  /// `HEXPIRE key time [NX|XX|GT|LT] FIELDS n field …` (https://redis.io/docs/latest/commands/hexpire/) answers for each field: -2
  /// there is none, 0 the condition was not met, 1 its time was set, 2 it was deleted, for its time is over.
  static func expireFields(
    _ unit: TimeUnit, _ isRelative: Bool, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ reply: Span<UInt8>, _ now: Int, _ mirror: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let time = arguments.integer(at: 2, in: request),
      let fields = fields(from: 3, in: request, arguments), let answers = ReplyReader.elements(of: reply),
      answers.count == fields.count
    else { return .copy }
    var changed: [Int] = []
    var deleted: [Int] = []
    for (field, place) in zip(fields, answers) {
      switch ReplyReader.integer(reply.extracting(place)) {
      case 1: changed.append(field)
      case 2: deleted.append(field)
      case 0, -2: break
      default: return .copy
      }
    }
    // One command only: what the mirror is told is seen by nobody half done.
    guard changed.isEmpty || deleted.isEmpty else { return .copy }
    if !deleted.isEmpty { return name("HDEL", deleted, request, arguments, &output) }
    if changed.isEmpty { return .nothing }
    let deadline = absolute(time, unit, isRelative ? now : 0)
    return expire(changed, at: deadline, request, arguments, mirror, &output)
  }

  /// `HGETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST] FIELDS n field …` (https://redis.io/docs/latest/commands/hgetex/) answers with the
  /// values; without an option it is a read.
  static func getFieldsExpire(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ mirror: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    if arguments.holds("FIELDS", at: 2, in: request) { return .nothing }
    let persists = arguments.holds("PERSIST", at: 2, in: request)
    let deadline = Deadline(arguments, at: 2, in: request)
    guard persists || deadline != nil, let fields = fields(from: persists ? 3 : 4, in: request, arguments),
      let found = found(fields, reply)
    else { return .copy }
    if found.isEmpty { return .nothing }
    if let deadline {
      return expire(found, at: deadline.milliseconds(now), request, arguments, mirror, &output)
    }
    guard mirror.contains(.fieldTimes) else { return .copy }
    output.beginFrame(4 + found.count)
    output.appendWord("HPERSIST")
    output.appendWord(1, of: request, arguments)
    append(fields: found, request, arguments, &output)
    return .replaced
  }

  /// `HGETDEL key FIELDS n field …` (https://redis.io/docs/latest/commands/hgetdel/) answers with what it has deleted.
  static func getFieldsDelete(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let fields = fields(from: 2, in: request, arguments), let found = found(fields, reply) else {
      return .copy
    }
    return found.isEmpty ? .nothing : name("HDEL", found, request, arguments, &output)
  }

  /// `HSETEX key [FNX|FXX] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL] FIELDS n field value …`
  /// (https://redis.io/docs/latest/commands/hsetex/) answers 1 if all were set, 0 if none was.
  static func setFieldsExpiring(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ mirror: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didSet = happened(reply) else { return .copy }
    if !didSet { return .nothing }
    var (deadline, keepsTime): (Deadline?, Bool) = (nil, false)
    var index = 2
    options: while index < arguments.count {
      for word in ["FNX", "FXX", "NX", "XX"] as [StaticString]
      where arguments.holds(word, at: index, in: request) {
        index &+= 1
        continue options
      }
      if arguments.holds("KEEPTTL", at: index, in: request) {
        keepsTime = true
        index &+= 1
      } else if let found = Deadline(arguments, at: index, in: request) {
        deadline = found
        index &+= 2
      } else {
        break
      }
    }
    guard arguments.holds("FIELDS", at: index, in: request),
      let count = arguments.integer(at: index &+ 1, in: request), count > 0,
      count <= (arguments.count &- index &- 2) / 2, arguments.count == index &+ 2 &+ 2 &* count
    else { return .copy }
    let pairs = index &+ 2..<arguments.count
    if !keepsTime, deadline == nil {
      // What `HSET` does: the fields have no time any more.
      output.beginFrame(2 + pairs.count)
      output.appendWord("HSET")
      output.appendWord(1, of: request, arguments)
      output.appendWords(pairs, of: request, arguments)
      return .replaced
    }
    guard mirror.contains(.fieldSets) else { return .copy }
    output.beginFrame((deadline == nil ? 5 : 6) + pairs.count)
    output.appendWord("HSETEX")
    output.appendWord(1, of: request, arguments)
    if let deadline {
      output.appendWord("PXAT")
      output.appendWord(deadline.milliseconds(now))
    } else {
      output.appendWord("KEEPTTL")
    }
    output.appendWord("FIELDS")
    output.appendWord(count)
    output.appendWords(pairs, of: request, arguments)
    return .replaced
  }

  // MARK: Fields

  /// The places of the fields behind `FIELDS n`, which must be the end of the command; nil for any other.
  private static func fields(
    from start: Int, in request: Span<UInt8>, _ arguments: Span<ArgumentRange>
  ) -> Range<Int>? {
    var index = start
    while index < arguments.count, !arguments.holds("FIELDS", at: index, in: request) {
      let isCondition = ["NX", "XX", "GT", "LT"].contains { arguments.holds($0, at: index, in: request) }
      guard isCondition else { return nil }
      index &+= 1
    }
    guard let count = arguments.integer(at: index &+ 1, in: request), count > 0,
      count <= arguments.count, arguments.count == index &+ 2 &+ count
    else { return nil }
    return index &+ 2..<arguments.count
  }

  /// Those that have a value in the reply; nil for another reply.
  private static func found(_ fields: Range<Int>, _ reply: Span<UInt8>) -> [Int]? {
    guard let values = ReplyReader.elements(of: reply), values.count == fields.count else { return nil }
    var found: [Int] = []
    for (field, place) in zip(fields, values) where !ReplyReader.isNull(reply.extracting(place)) {
      found.append(field)
    }
    return found
  }

  private static func expire(
    _ fields: [Int], at deadline: Int, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ mirror: ServerAbilities, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard mirror.contains(.fieldTimes) else { return .copy }
    output.beginFrame(5 + fields.count)
    output.appendWord("HPEXPIREAT")
    output.appendWord(1, of: request, arguments)
    // A time before 1970 is refused; the field would be gone all the same.
    output.appendWord(max(0, deadline))
    append(fields: fields, request, arguments, &output)
    return .replaced
  }

  private static func append(
    fields: [Int], _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ output: inout [UInt8]
  ) {
    output.appendWord("FIELDS")
    output.appendWord(fields.count)
    for field in fields { output.appendWord(field, of: request, arguments) }
  }

  private static func name(
    _ command: StaticString, _ words: [Int], _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    output.beginFrame(2 + words.count)
    output.appendWord(command)
    output.appendWord(1, of: request, arguments)
    for word in words { output.appendWord(word, of: request, arguments) }
    return .replaced
  }
}
