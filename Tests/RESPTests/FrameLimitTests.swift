import SluiceRESP
import Testing

/// Each limit at its edge and one beyond.
@Suite struct FrameLimitTests {
  private func message(_ stream: String, _ limits: FrameLimits) -> String? {
    let whole = RequestTrace(bytes(stream), limits: limits)
    #expect(RequestTrace(bytes(stream), cuts: 0..<stream.utf8.count, limits: limits) == whole)
    return whole.failure?.message
  }

  @Test func bulkBytes() {
    let limits = FrameLimits(bulkBytes: 5)
    #expect(message("*1\r\n$5\r\nhello\r\n", limits) == nil)
    #expect(message("*1\r\n$6\r\nhello!\r\n", limits) == "invalid bulk length")
    #expect(message("*1\r\n$536870912\r\n", FrameLimits()) == nil)
    #expect(message("*1\r\n$536870913\r\n", FrameLimits()) == "invalid bulk length")
  }

  @Test func arguments() {
    let limits = FrameLimits(arguments: 2)
    #expect(message("*2\r\n$1\r\na\r\n$1\r\nb\r\n", limits) == nil)
    #expect(message("*3\r\n", limits) == "invalid multibulk length")
    #expect(message("*1048576\r\n", FrameLimits()) == nil)
    #expect(message("*1048577\r\n", FrameLimits()) == "invalid multibulk length")
  }

  @Test func frameBytes() {
    let stream = "*1\r\n$5\r\nhello\r\n"
    #expect(message(stream, FrameLimits(frameBytes: 15)) == nil)
    #expect(message(stream, FrameLimits(frameBytes: 14)) == "too big request")
    // The sum of many bulk strings, each of which is small.
    let limits = FrameLimits(frameBytes: 100)
    #expect(message("*20\r\n" + String(repeating: "$1\r\na\r\n", count: 13), limits) == nil)
    #expect(message("*20\r\n" + String(repeating: "$1\r\na\r\n", count: 14), limits) == "too big request")
  }

  @Test(arguments: [("", "too big inline request"), ("*", "too big mbulk count string")])
  func lineBytes(_ beginning: String, _ expected: String) {
    let limits = FrameLimits(lineBytes: 20)
    let line = beginning + String(repeating: "1", count: 20 - beginning.utf8.count)
    #expect(message(line, limits) == nil)
    #expect(message(line + "1", limits) == expected)
  }

  @Test func lineBytesOfABulkCount() {
    let limits = FrameLimits(lineBytes: 20)
    let line = "*1\r\n$" + String(repeating: "1", count: 19)
    #expect(message(line, limits) == nil)
    #expect(message(line + "1", limits) == "too big bulk count string")
  }

  @Test func limitsNobodyCanMeanAreRaised() {
    let limits = FrameLimits(bulkBytes: -1, arguments: 0, lineBytes: -5, frameBytes: Int.max, nesting: 0)
    #expect(limits.bulkBytes == 1 && limits.arguments == 1 && limits.lineBytes == 1 && limits.nesting == 1)
    #expect(limits.frameBytes == Int(Int32.max))
    let endless = FrameLimits(
      bulkBytes: .max, arguments: .max, lineBytes: .max, frameBytes: .max, nesting: .max)
    let all = [endless.bulkBytes, endless.arguments, endless.lineBytes, endless.frameBytes, endless.nesting]
    #expect(all.allSatisfy { $0 == Int(Int32.max) })
  }

  @Test func unauthenticated() {
    #expect(message("*10\r\n", .unauthenticated) == nil)
    #expect(message("*11\r\n", .unauthenticated) != nil)
    #expect(message("*1\r\n$16384\r\n", .unauthenticated) == nil)
    #expect(message("*1\r\n$16385\r\n", .unauthenticated) != nil)
  }

  @Test func replies() {
    func failure(_ stream: String, _ limits: FrameLimits) -> ProtocolError.Code? {
      let whole = ReplyTrace(bytes(stream), limits: limits)
      #expect(ReplyTrace(bytes(stream), cuts: 0..<stream.utf8.count, limits: limits) == whole, "\(stream)")
      return whole.failure?.code
    }
    #expect(failure("$5\r\nhello\r\n", FrameLimits(bulkBytes: 5)) == nil)
    #expect(failure("$6\r\nhello!\r\n", FrameLimits(bulkBytes: 5)) == .invalidReplyLength)
    #expect(failure("*2\r\n:1\r\n:2\r\n", FrameLimits(frameBytes: 12)) == nil)
    #expect(failure("*2\r\n:1\r\n:2\r\n", FrameLimits(frameBytes: 11)) == .tooBigFrame)
    #expect(failure("$5\r\nhello\r\n", FrameLimits(frameBytes: 11)) == nil)
    #expect(failure("$5\r\nhello\r\n", FrameLimits(frameBytes: 10)) == .tooBigFrame)
    #expect(failure("*1\r\n*1\r\n:1\r\n", FrameLimits(nesting: 3)) == nil)
    #expect(failure("*1\r\n*1\r\n:1\r\n", FrameLimits(nesting: 2)) == .tooDeep)
    let line = "+" + String(repeating: "x", count: 7)
    #expect(failure(line, FrameLimits(bulkBytes: 8)) == nil)
    #expect(failure(line + "x", FrameLimits(bulkBytes: 8)) == .tooBigFrame)
    let number = ":" + String(repeating: "1", count: 7)
    #expect(failure(number, FrameLimits(lineBytes: 8)) == nil)
    #expect(failure(number + "1", FrameLimits(lineBytes: 8)) == .tooBigFrame)
  }
}
