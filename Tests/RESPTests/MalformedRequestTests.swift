import SluiceRESP
import Testing

/// The hostile inputs of Redis 7.0's tests/unit/protocol.tcl and their kin, with the answer byte by byte.
@Suite struct MalformedRequestTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let stream: [UInt8]
    let message: String
    /// Distance from the first byte of the broken frame.
    let offset: Int

    init(_ name: String, _ stream: String, _ message: String, at offset: Int) {
      self.name = name
      self.stream = bytes(stream)
      self.message = message
      self.offset = offset
    }

    var testDescription: String { name }
  }

  static let long = String(repeating: "payload", count: 15_000)

  static let cases = [
    Case("multibulk length is out of range", "*3000000000\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length has 20 digits", "*99999999999999999999\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length is no number", "*blabla\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length is empty", "*\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length is a sign", "*-\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length has a plus", "*+1\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length has a blank", "* 1\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length has a leading zero", "*01\r\n", "invalid multibulk length", at: 1),
    Case("multibulk length is -0", "*-0\r\n", "invalid multibulk length", at: 1),
    Case(
      "wrong multibulk payload header", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "expected '$', got 'f'",
      at: 20),
    Case("bulk length is negative", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", "invalid bulk length", at: 21),
    Case("bulk length is -1", "*1\r\n$-1\r\n", "invalid bulk length", at: 5),
    Case(
      "bulk length is out of range", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n", "invalid bulk length",
      at: 21),
    Case("bulk length has 20 digits", "*1\r\n$99999999999999999999\r\n", "invalid bulk length", at: 5),
    Case(
      "bulk length is no number", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n", "invalid bulk length", at: 21),
    Case("bulk length is empty", "*1\r\n$\r\n", "invalid bulk length", at: 5),
    Case("bulk length ends with a blank", "*1\r\n$4 \r\nPING\r\n", "invalid bulk length", at: 5),
    Case("request is not followed by bulk strings", "*1\r\nfoo\r\n", "expected '$', got 'f'", at: 4),
    Case("an array in the place of a bulk string", "*1\r\n*1\r\n", "expected '$', got '*'", at: 4),
    Case("an integer in the place of a bulk string", "*1\r\n:1\r\n", "expected '$', got ':'", at: 4),
    Case(
      "bulk string is longer than it says", "*3\r\n$4\r\nECHO\r\n$1\r\nabcdef\r\n", "expected '$', got 'd'",
      at: 21),
    Case("desync 1: a zero byte, then no line end", "\0" + long, "too big inline request", at: 0),
    Case("desync 2: a count that never ends", "*\0" + long, "too big mbulk count string", at: 0),
    Case("desync 3: a bulk count that never ends", "*1\r\n$\0" + long, "too big bulk count string", at: 4),
    Case("inline request that never ends", long, "too big inline request", at: 0),
  ]

  @Test(arguments: cases) func isRefusedInRedisWords(_ given: Case) {
    let trace = RequestTrace(given.stream)
    #expect(trace.failure?.message == given.message)
    #expect(trace.failure?.offset == given.offset)
    #expect(trace.failure?.reply == "-ERR Protocol error: \(given.message)\r\n")
    #expect(trace.items.count == 1)
  }

  @Test(arguments: cases.filter { $0.stream.count < 100 })
  func isRefusedAlikeHoweverItIsCut(_ given: Case) {
    let whole = RequestTrace(given.stream)
    for cut in 0...given.stream.count { #expect(RequestTrace(given.stream, cuts: [cut]) == whole) }
    #expect(RequestTrace(given.stream, cuts: 0..<given.stream.count) == whole)
  }

  @Test(arguments: cases) func whatCameBeforeIsStillAnswered(_ given: Case) {
    let trace = RequestTrace(command("PING") + bytes("PING\r\n") + given.stream)
    #expect(trace.items.map(\.frame).dropLast() == [.command(length: 14), .inline(length: 6)])
    #expect(trace.failure?.message == given.message)
    #expect(trace.failure?.offset == given.offset)
  }

  @Test func aControlByteCannotBreakTheErrorLine() {
    for byte in [UInt8(0), 0x0a, 0x0d, 0x7f, 0xff] {
      let trace = RequestTrace(bytes("*1\r\n") + [byte])
      #expect(trace.failure?.reply == "-ERR Protocol error: expected '$', got '?'\r\n")
    }
  }

  @Test func nothingToDoIsNoError() {
    for stream in ["\r\n", "\n", "*0\r\n", "*-1\r\n", "*-10\r\n"] {
      #expect(RequestTrace(bytes(stream)).items.map(\.frame) == [.empty(length: stream.utf8.count)])
    }
  }
}
