import SluiceRESP
import Testing

@Suite struct ReplyFramerTests {
  static let replies = [
    "+OK\r\n", "+\r\n", "-ERR no\r\n", ":0\r\n", ":-1\r\n", ":9223372036854775807\r\n",
    "$-1\r\n", "$0\r\n\r\n", "$5\r\nhello\r\n", "$4\r\n\r\n\r\n\r\n", "$10\r\n+OK\r\n$-1\r\n\r\n",
    "*-1\r\n", "*0\r\n", "*2\r\n$1\r\na\r\n$-1\r\n", "*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$1\r\nb\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n$3\r\nend\r\n", "*2\r\n*0\r\n*-1\r\n",
    "_\r\n", "#t\r\n", "#f\r\n", ",3.14\r\n", ",inf\r\n", ",-inf\r\n", ",nan\r\n", ",1e10\r\n",
    "(3492890328409238509324850943850943825024385\r\n", "!21\r\nSYNTAX invalid syntax\r\n",
    "=15\r\ntxt:Some string\r\n", "~3\r\n:1\r\n:2\r\n:3\r\n", "~0\r\n", "%0\r\n",
    "%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:1\r\n:2\r\n", "%1\r\n$1\r\nk\r\n%1\r\n$1\r\nk\r\n_\r\n",
    ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
    "|1\r\n+ttl\r\n:3600\r\n$5\r\nhello\r\n", "|0\r\n+OK\r\n",
    "*2\r\n|1\r\n+a\r\n|1\r\n+b\r\n+c\r\n+d\r\n:1\r\n:2\r\n",
    "|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n*1\r\n:1\r\n",
  ].map(bytes)

  @Test(arguments: replies) func everySplitGivesTheSame(_ reply: [UInt8]) {
    let whole = ReplyTrace(reply)
    #expect(whole.lengths == [reply.count] && whole.failure == nil)
    for cut in 0...reply.count { #expect(ReplyTrace(reply, cuts: [cut]) == whole, "cut at \(cut)") }
    #expect(ReplyTrace(reply, cuts: 0..<reply.count) == whole)
  }

  @Test func allOfThemInOneStream() {
    let stream = Array(ReplyFramerTests.replies.joined())
    let whole = ReplyTrace(stream)
    #expect(whole.lengths == ReplyFramerTests.replies.map(\.count))
    for cut in 0...stream.count { #expect(ReplyTrace(stream, cuts: [cut]) == whole, "cut at \(cut)") }
    for step in 1...16 {
      #expect(
        ReplyTrace(stream, cuts: stride(from: 0, to: stream.count, by: step)) == whole, "steps of \(step)")
    }
  }

  struct Broken: CustomTestStringConvertible, Sendable {
    let stream: String
    let code: ProtocolError.Code
    let offset: Int
    init(_ stream: String, _ code: ProtocolError.Code, at offset: Int) {
      self.stream = stream
      self.code = code
      self.offset = offset
    }
    var testDescription: String { stream.debugDescription }
  }

  static let broken = [
    Broken("hello\r\n", .unknownReplyType(0x68), at: 0),
    Broken("\r\n", .unknownReplyType(0x0d), at: 0),
    Broken("*1\r\n\0\r\n", .unknownReplyType(0), at: 4),
    Broken("+OK\rX", .invalidReplyTerminator, at: 4),
    Broken("+OK\r\rX", .invalidReplyTerminator, at: 4),
    Broken("$-1\rX", .invalidReplyTerminator, at: 4),
    Broken("$3\rXabc\r\n", .invalidReplyTerminator, at: 3),
    Broken("$3\r\nabcd\r\n", .invalidReplyTerminator, at: 7),
    Broken("$3\r\nabc\rX", .invalidReplyTerminator, at: 7),
    Broken("*2\r\n:1\r\n$1\r\nabc", .invalidReplyTerminator, at: 13),
    Broken("$\r\n", .invalidReplyLength, at: 1),
    Broken("$x\r\n", .invalidReplyLength, at: 1),
    Broken("$-2\r\n", .invalidReplyLength, at: 1),
    Broken("$+1\r\n", .invalidReplyLength, at: 1),
    Broken("$99999999999999999999\r\n", .invalidReplyLength, at: 1),
    Broken("$536870913\r\n", .invalidReplyLength, at: 1),
    // What is added to these has no sum in 64 bits.
    Broken("$9223372036854775807\r\n", .invalidReplyLength, at: 1),
    Broken("$9223372036854775785\r\n", .invalidReplyLength, at: 1),
    Broken("*1\r\n=9223372036854775807\r\n", .invalidReplyLength, at: 5),
    Broken("*9223372036854775807\r\n", .invalidReplyLength, at: 1),
    Broken("%4611686018427387904\r\n", .invalidReplyLength, at: 1),
    Broken("|4611686018427387904\r\n", .invalidReplyLength, at: 1),
    Broken("$?\r\n", .invalidReplyLength, at: 1),
    Broken("*-2\r\n", .invalidReplyLength, at: 1),
    Broken("*x\r\n", .invalidReplyLength, at: 1),
    Broken("*99999999999999999999\r\n", .invalidReplyLength, at: 1),
    Broken("*2\r\n+a\r\n%z\r\n", .invalidReplyLength, at: 9),
    Broken(String(repeating: "*1\r\n", count: 40), .tooDeep, at: 31 * 4),
    Broken(String(repeating: "|1\r\n", count: 40), .tooDeep, at: 31 * 4),
  ]

  @Test(arguments: broken) func whatIsNoReplyIsRefused(_ given: Broken) {
    let stream = bytes(given.stream)
    let whole = ReplyTrace(stream)
    #expect(whole.failure == ProtocolError(given.code, at: given.offset))
    #expect(whole.lengths.isEmpty)
    for cut in 0...stream.count { #expect(ReplyTrace(stream, cuts: [cut]) == whole, "cut at \(cut)") }
    #expect(ReplyTrace(stream, cuts: 0..<stream.count) == whole)
  }

  @Test(.timeLimit(.minutes(1))) func manyElementsInTinyPieces() {
    let count = 100_000
    let stream = bytes("*\(count)\r\n" + String(repeating: "$1\r\nk\r\n", count: count))
    #expect(ReplyTrace(stream, cuts: stride(from: 0, to: stream.count, by: 7)).lengths == [stream.count])
  }

  @Test(.timeLimit(.minutes(1))) func largeBulkInSmallPieces() {
    let size = 64 << 20
    var stream = bytes("*1\r\n$\(size)\r\n")
    stream += [UInt8](repeating: 0x78, count: size)
    stream += bytes("\r\n")
    #expect(ReplyTrace(stream, cuts: stride(from: 0, to: stream.count, by: 1024)).lengths == [stream.count])
  }

  @Test(.timeLimit(.minutes(1)), arguments: ["+", "-", "(", ":"]) func longLineByteByByte(_ type: String) {
    let stream = bytes(type + String(repeating: "1", count: 60_000) + "\r\n")
    #expect(ReplyTrace(stream, cuts: 0..<stream.count).lengths == [stream.count])
  }

  @Test func knowsWhetherItIsInsideAReply() {
    var framer = ReplyFramer()
    #expect(!framer.isInsideFrame)
    #expect(framer.next(bytes("*2\r\n:1\r\n").span) == .incomplete)
    #expect(framer.isInsideFrame)
    #expect(framer.next(bytes("*2\r\n:1\r\n:2\r\n").span) == .reply(length: 12))
    #expect(!framer.isInsideFrame)
  }

  /// On a connection that nobody has told to, no Redis speaks RESP3, and no client of RESP2 could read it.
  @Test(arguments: Array("_,#(=!~%>|".utf8)) func onlyRESP2IfNothingElseWasAskedFor(type: UInt8) {
    for prefix in ["", "*2\r\n:1\r\n"] {
      let stream = bytes(prefix) + [type] + bytes("1\r\n")
      var framer = ReplyFramer(takesRESP3: false)
      #expect(
        framer.next(stream.span) == .failure(ProtocolError(.unexpectedRESP3(type), at: prefix.utf8.count)))
      var both = ReplyFramer()
      if case .failure(let error) = both.next(stream.span) { Issue.record("\(error)") }
    }
  }
}
