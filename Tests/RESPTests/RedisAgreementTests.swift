import SluiceRESP
import Testing

/// The same hostile bytes to our framers and to a real Redis 7.0: the same answers, and the connection closed or not alike.
///
/// Known and meant to be different: more than 1024 * 1024 arguments (7.0 lets a client announce 2^31 - 1 of them); a zero
/// byte in a line, behind which Redis does not see the line's end; a control character where `$` should be, which
/// Redis repeats in its error and we do not.
@Suite(.serialized) struct RedisAgreementTests {
  private static let last = command("ECHO", "that was all")
  private static let lastReply = bytes("$12\r\nthat was all\r\n")

  private func compare(_ streams: [[UInt8]], password: String? = nil, limits: FrameLimits = FrameLimits())
    throws
  {
    let redis = try RealRedis(password: password)
    let last = password.map { command("AUTH", $0) + RedisAgreementTests.last } ?? RedisAgreementTests.last
    for stream in streams {
      let real = try redis.exchange(stream + last, until: RedisAgreementTests.lastReply)
      let ours = TinyServer.exchange(stream + last, password: password, limits: limits)
      // Bytes, not text: what is not UTF-8 must be the same too.
      let isSame = ours.reply == real.reply
      #expect(isSame, "\(text(ours.reply).debugDescription) for \(text(real.reply).debugDescription)")
      #expect(ours.isClosed == real.isClosed, "\(text(stream.prefix(60)).debugDescription)")
    }
  }

  @Test func malformed() throws { try compare(MalformedRequestTests.cases.map(\.stream)) }

  /// Not those that are too long: how much Redis reads at once grows, so it may see their end before it complains.
  @Test func malformedBehindGoodCommands() throws {
    let short = MalformedRequestTests.cases.map(\.stream).filter { $0.count < 100 }
    try compare(short.map { command("ECHO", "a") + bytes("PING\r\n") + $0 })
  }

  @Test func wellFormed() throws {
    try compare(
      [
        "\r\n", "\n", "*0\r\n", "*-1\r\n", "*-10\r\n", "PING\n", "PING\r\n", "  PING  \r\n", "   \r\n",
        "\t\r\n",
        "*1\r\n$4\r\nPINGxx", "*2\r\n$4\r\nECHOxx$2\r\nabyy", "*2\rx$4\rxECHO\r\n$1\rxa\r\n", "PING\r\r\n",
        "*1\r\n$0\r\n\r\n", "PING x y z\r\n", "*4\r\n$4\r\nPING\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n",
      ].map(bytes))
  }

  /// What a line becomes, word by word: the count of words shows in ECHO's answer or its complaint.
  @Test func quoting() throws {
    let words = [
      "\"a b\"", "'a b'", "\"\"", "''", "\"a\\x41b\"", "\"\\xzz\"", "\"\\x4\"", "\"\\x\"",
      "\"\\n\\r\\t\\b\\a\\q\\\\\\\"\"",
      "'\\n'", "'it\\'s'", "'a\\\\'", "a\"b\"", "a'b c'd", "a\"b c\"d", "\"a\"b", "'a'b", "\"a", "'a",
      "\"a\\\"", "a\\x41",
      "\"\\x00\\xff\"", "a\tb", "a\u{b}b", "a\u{c}b", "\"a\"\u{b}", "\u{b}a", "é", "\"\"\"x\"\"\"", "a\"\"",
      "\"a\"\t", "x\ry",
      "\"\\", "'\\", "'\\'", "\\", "\"a\" \"b\"", "a=b;c#d", "\"a\r\"",
    ]
    try compare(words.map { bytes("ECHO \($0)\r\n") })
    try compare(words.map { bytes("ECHO \($0)\n") })
  }

  @Test func unauthenticated() throws {
    try compare(
      [
        command("PING"), bytes("PING\r\n"),
        bytes("*10\r\n$1\r\na\r\n" + String(repeating: "$1\r\nb\r\n", count: 9)),
        bytes("*11\r\n"), bytes("*1\r\n$16385\r\n"), bytes("*blabla\r\n"), bytes("*1\r\n$-1\r\n"),
        command("ECHO", String(repeating: "x", count: 16384)),
      ], password: "secret", limits: .unauthenticated)
  }
}

/// A server that knows `ECHO`, `PING` and `AUTH` and takes everything else from the framers under test.
private enum TinyServer {
  static func exchange(_ stream: [UInt8], password: String?, limits: FrameLimits) -> (
    reply: [UInt8], isClosed: Bool
  ) {
    var reply: [UInt8] = []
    var start = 0
    var isIn = password == nil
    var framer = RequestFramer(limits: limits)
    // In the pieces in which the proxy reads, and Redis too: what is too long shows before its end has come.
    var end = 0
    while end < stream.count {
      end = min(end + (16 << 10), stream.count)
      var isWaiting = false
      while start < end, !isWaiting {
        let ahead = stream.span.extracting(start..<end)
        switch framer.next(ahead) {
        case .incomplete: isWaiting = true
        case .empty(let length): start += length
        case .command(let length):
          let frame = stream[start..<start + length]
          answer(
            framer.arguments.map { Array(frame.dropFirst($0.range.lowerBound).prefix($0.range.count)) },
            password, &isIn, &reply)
          start += length
        case .inline(let length):
          guard let words = InlineRequest.arguments(of: ahead.extracting(0..<length)) else {
            return (reply + bytes(ProtocolError(.unbalancedQuotes, at: 0).reply), true)
          }
          answer(words, password, &isIn, &reply)
          start += length
        case .failure(let error): return (reply + bytes(error.reply), true)
        }
      }
    }
    return (reply, false)
  }

  private static func answer(
    _ words: [[UInt8]], _ password: String?, _ isIn: inout Bool, _ reply: inout [UInt8]
  ) {
    guard let name = words.first.map({ text($0).lowercased() }) else { return }
    let last = words[words.count - 1]
    switch (name, words.count) {
    case ("auth", 2):
      isIn = text(words[1]) == password
      reply.appendSimple("OK")
    case ("ping", 1...2) where isIn:
      if words.count == 1 { reply.appendSimple("PONG") } else { reply.appendBulk(last.span) }
    case ("echo", 2) where isIn: reply.appendBulk(last.span)
    case ("ping", _), ("echo", _):
      guard isIn || (name == "echo" && words.count != 2) || words.count > 2 else {
        return reply.appendError("NOAUTH Authentication required.")
      }
      reply.appendError("ERR wrong number of arguments for '\(name)' command")
    default:
      let quoted = words.dropFirst().map { "'\(text($0))' " }.joined()
      reply.appendError("ERR unknown command '\(text(words[0]))', with args beginning with: \(quoted)")
    }
  }
}
