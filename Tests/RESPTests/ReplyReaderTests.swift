import SluiceRESP
import Testing

@Suite struct ReplyReaderTests {
  @Test(
    arguments: [
      (":0\r\n", 0), (":-1\r\n", -1), (":1000\r\n", 1000),
      (":999999999999999999\r\n", 999_999_999_999_999_999),
      (":9223372036854775807\r\n", Int.max), (":-9223372036854775808\r\n", Int.min),
      (":9223372036854775808\r\n", nil), (":99999999999999999999\r\n", nil), (":\r\n", nil), (":-\r\n", nil),
      (":1", nil), (":", nil), ("", nil), ("+1\r\n", nil), ("$1\r\n1\r\n", nil), (":1x\r\n", nil),
    ] as [(String, Int?)])
  func integer(_ reply: String, _ expected: Int?) {
    #expect(ReplyReader.integer(bytes(reply).span) == expected, "\(reply.debugDescription)")
  }

  @Test(
    arguments: [
      ("+OK\r\n", "OK"), ("+\r\n", ""), ("$5\r\nhello\r\n", "hello"), ("$0\r\n\r\n", ""), ("$-1\r\n", nil),
      (":1\r\n", nil), ("-ERR\r\n", nil), ("*0\r\n", nil), ("$5\r\nhel", nil), ("$", nil), ("+", nil),
      ("", nil),
      ("$99999999999999999\r\n", nil), ("$-2\r\n", nil), ("+\r", nil),
    ] as [(String, String?)])
  func string(_ reply: String, _ expected: String?) {
    let bytes = bytes(reply)
    #expect(ReplyReader.string(bytes.span).map { text(bytes[$0]) } == expected, "\(reply.debugDescription)")
  }

  @Test(arguments: [
    ("$-1\r\n", true), ("*-1\r\n", true), ("_\r\n", true), ("$0\r\n\r\n", false), ("*0\r\n", false),
    (":-1\r\n", false), ("-ERR\r\n", false), ("", false), ("$", false), ("_", false),
  ])
  func isNull(_ reply: String, _ expected: Bool) {
    #expect(ReplyReader.isNull(bytes(reply).span) == expected, "\(reply.debugDescription)")
  }

  @Test(
    arguments: [
      ("*0\r\n", []), ("*2\r\n$1\r\na\r\n$-1\r\n", ["$1\r\na\r\n", "$-1\r\n"]),
      ("~2\r\n:1\r\n*1\r\n:2\r\n", [":1\r\n", "*1\r\n:2\r\n"]), (">1\r\n+x\r\n", ["+x\r\n"]),
      ("%1\r\n+k\r\n+v\r\n", ["+k\r\n", "+v\r\n"]),
      ("*-1\r\n", nil), ("*2\r\n:1\r\n", nil), ("*2\r\n:1\r\nx", nil), ("*x\r\n", nil), ("$1\r\na\r\n", nil),
      ("*999999999999999999\r\n", nil), ("%999999999999999999\r\n", nil),
      ("%9223372036854775807\r\n", nil), ("*9223372036854775807\r\n+a\r\n", nil), ("*", nil), ("", nil),
      ("*1\r", nil),
    ] as [(String, [String]?)])
  func elements(_ reply: String, _ expected: [String]?) {
    let bytes = bytes(reply)
    let found = ReplyReader.elements(of: bytes.span)?.map { text(bytes[$0]) }
    #expect(found == expected, "\(reply.debugDescription)")
  }

  /// Every beginning of every reply, and every reply with one byte changed: an answer or none, never a trap.
  @Test func oddBytesAreSurvived() {
    for reply in ReplyFramerTests.replies {
      for end in 0...reply.count { look(at: Array(reply[..<end])) }
      for index in reply.indices {
        for byte in [UInt8(0), 0x0d, 0x0a, 0x2d, 0x39, 0x2a, 0xff] {
          var changed = reply
          changed[index] = byte
          look(at: changed)
        }
      }
    }
  }

  private func look(at reply: [UInt8]) {
    _ = ReplyReader.integer(reply.span)
    _ = ReplyReader.isNull(reply.span)
    if let range = ReplyReader.string(reply.span) { #expect(range.upperBound <= reply.count) }
    for range in ReplyReader.elements(of: reply.span) ?? [] { #expect(range.upperBound <= reply.count) }
  }
}
