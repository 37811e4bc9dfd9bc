import SluiceRESP

extension Mirroring {
  /// `GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]` (https://redis.io/docs/latest/commands/getex/).
  static func getExpire(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ now: Int,
    _ output: inout [UInt8]
  ) -> MirrorAction {
    if arguments.count <= 2 || ReplyReader.isNull(reply) { return .nothing }
    // Its reply tells whether the mirror still had the key; that of PERSIST would not.
    if arguments.holds("PERSIST", at: 2, in: request) { return .asSent }
    guard let deadline = Deadline(arguments, at: 2, in: request) else { return .copy }
    return expire(request, arguments, at: deadline.milliseconds(now), &output)
  }

  /// `EXPIRE key s [NX|XX|GT|LT]` (https://redis.io/docs/latest/commands/expire/).
  static func expireAfter(
    _ unit: TimeUnit, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>,
    _ now: Int, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didSet = happened(reply), let time = arguments.integer(at: 2, in: request) else { return .copy }
    if !didSet { return .nothing }
    // The key went at once; by a clock that lags behind, a time that is over here might still lie ahead.
    if time <= 0 { return delete(request, arguments, &output) }
    // Redis 6.2 takes a time that does not fit, and the key is gone; what else a server makes of it, the copy knows.
    if absolute(time, unit, now) == .max { return .copy }
    return expire(request, arguments, at: absolute(time, unit, now), &output)
  }

  static func expireAt(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didSet = happened(reply) else { return .copy }
    if !didSet { return .nothing }
    if arguments.count <= 3 { return .asSent }
    output.beginFrame(3)
    output.appendWords(0..<3, of: request, arguments)
    return .replaced
  }

  /// `RESTORE key ttl value [REPLACE] [ABSTTL] [IDLETIME s] [FREQ n]`
  /// (https://redis.io/docs/latest/commands/restore/).
  static func restore(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ now: Int, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let time = arguments.integer(at: 2, in: request) else { return .copy }
    var isAbsolute = false
    for index in 4..<max(4, arguments.count) where arguments.holds("ABSTTL", at: index, in: request) {
      isAbsolute = true
    }
    // Idle time and frequency are the server's own affair, like the ones of every other key at the mirror.
    output.beginFrame(6)
    output.appendWord("RESTORE")
    output.appendWord(1, of: request, arguments)
    // 0 is no end at all.
    output.appendWord(isAbsolute || time == 0 ? time : absolute(time, .milliseconds, now))
    output.appendWord(3, of: request, arguments)
    output.appendWord("REPLACE")
    output.appendWord("ABSTTL")
    return .replaced
  }

  static func copyKey(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didCopy = happened(reply) else { return .copy }
    if !didCopy { return .nothing }
    output.beginFrame(4)
    output.appendWords(0..<3, of: request, arguments)
    output.appendWord("REPLACE")
    return .replaced
  }

  static func renameIfAbsent(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>, _ output: inout [UInt8]
  ) -> MirrorAction {
    guard let didRename = happened(reply) else { return .copy }
    if !didRename { return .nothing }
    output.beginFrame(3)
    output.appendWord("RENAME")
    output.appendWords(1..<3, of: request, arguments)
    return .replaced
  }

  /// `SORT` and `GEORADIUS` with a destination name two keys, without one they read.
  static func ifStored(
    _ spec: CommandSpec, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>
  ) -> MirrorAction {
    var keys: [Int] = []
    _ = spec.keyIndices(in: request, arguments: arguments, into: &keys)
    return keys.count > 1 ? .asSent : .nothing
  }

  private static func expire(
    _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, at time: Int, _ output: inout [UInt8]
  ) -> MirrorAction {
    output.beginFrame(3)
    output.appendWord("PEXPIREAT")
    output.appendWord(1, of: request, arguments)
    output.appendWord(time)
    return .replaced
  }
}
