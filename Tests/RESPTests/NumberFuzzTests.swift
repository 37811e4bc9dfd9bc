import SluiceTestSupport
import Testing

@testable import SluiceRESP

/// Every number that RESP and a dump carry, at the ends of its range: an answer or a refusal, never a trap, and the same in pieces.
@Suite struct NumberFuzzTests {
  private static let requests = [
    "*#\r\n$4\r\nPING\r\n", "*1\r\n$#\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$#\r\nk\r\n", "*#\r\n$#\r\n",
    "*#\r\n",
    "*3\r\n$3\r\nSET\r\n$#\r\n$#\r\n",
  ]
  private static let replies = [
    "$#\r\nab\r\n", ":#\r\n", "*#\r\n:#\r\n:#\r\n", "%#\r\n+a\r\n:#\r\n", "|#\r\n+a\r\n:1\r\n+b\r\n",
    "=#\r\ntxt:\r\n",
    "*2\r\n$#\r\na\r\n$#\r\n", "~#\r\n", ">#\r\n+a\r\n", "!#\r\nx\r\n", ",#\r\n", "(#\r\n",
    "*#\r\n*#\r\n%#\r\n", "#\r\n",
  ]

  @Test func framersAndReaders() {
    var numbers = ExtremeNumbers("RESPTests.framersAndReaders")
    let requests = RequestChecker()
    let replies = ReplyChecker()
    for round in 0..<ExtremeNumbers.rounds(60_000) {
      let isRequest = round & 1 == 0
      let template = numbers.pick(isRequest ? NumberFuzzTests.requests : NumberFuzzTests.replies)
      var stream = bytes(numbers.filled(template))
      if numbers.below(4) == 0 { stream = numbers.mutated(stream) }
      if stream.isEmpty { continue }
      let cuts = (0..<4).map { _ in numbers.below(stream.count) + 1 }.sorted()
      let problem = isRequest ? requests.check(stream, cuts) : replies.check(stream, cuts)
      if let problem { Issue.record("\(problem): \(text(stream).debugDescription), seed \(numbers.seed)") }
      look(at: stream)
    }
  }

  /// Whatever limits somebody sets.
  @Test func limitsOfAnySize() {
    var numbers = ExtremeNumbers("RESPTests.limitsOfAnySize")
    for _ in 0..<ExtremeNumbers.rounds(20_000) {
      var limit: Int { Int(truncatingIfNeeded: numbers.bits()) }
      let limits = FrameLimits(
        bulkBytes: limit, arguments: limit, lineBytes: limit, frameBytes: limit, nesting: limit)
      let request = bytes(numbers.filled(numbers.pick(NumberFuzzTests.requests)))
      let reply = bytes(numbers.filled(numbers.pick(NumberFuzzTests.replies)))
      #expect(RequestTrace(request, limits: limits).consumed <= request.count)
      #expect(ReplyTrace(reply, limits: limits).consumed <= reply.count)
    }
  }

  private func look(at reply: [UInt8]) {
    _ = ReplyReader.integer(reply.span)
    _ = ReplyReader.count(reply.span)
    _ = ReplyReader.isNull(reply.span)
    if let range = ReplyReader.string(reply.span) { #expect(range.upperBound <= reply.count) }
    for range in ReplyReader.elements(of: reply.span) ?? [] { #expect(range.upperBound <= reply.count) }
    _ = InlineRequest.arguments(of: reply.span)
  }

  /// Lengths inside a dump whose checksum is right: plain, as an integer, and compressed.
  @Test func dumps() {
    var numbers = ExtremeNumbers("RESPTests.dumps")
    func length() -> [UInt8] {
      let bits = numbers.bits()
      let all = (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
      switch numbers.below(5) {
      case 0: return [UInt8(numbers.below(0x40))]
      case 1: return [0x40 | UInt8(numbers.below(0x40)), all[7]]
      case 2: return [0x80] + all[4...]
      case 3: return [0x81] + all
      default: return [UInt8(numbers.below(256))]
      }
    }
    var sound = 0
    for _ in 0..<ExtremeNumbers.rounds(30_000) {
      var content: [UInt8] = [numbers.below(20) == 0 ? 14 : 0]
      switch numbers.below(3) {
      case 0: content += length()
      case 1: content += [0xC0 | UInt8(numbers.below(4))]
      default: content += [0xC3] + length() + length()
      }
      for _ in 0..<numbers.below(40) { content.append(UInt8(numbers.below(256))) }
      let version = UInt16(truncatingIfNeeded: numbers.bits())
      content += [UInt8(truncatingIfNeeded: version), UInt8(truncatingIfNeeded: version >> 8)]
      let sum = CRC64.of(content.span)
      content += (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
      if numbers.below(10) == 0 { content = numbers.mutated(content) }
      let longest = numbers.below(3) == 0 ? Int(truncatingIfNeeded: numbers.bits()) : 1 << 20
      if let value = try? DumpedString.value(of: content.span, longest: longest) {
        sound += 1
        #expect(value.count <= max(0, longest))
      }
    }
    #expect(sound > 100)
  }
}
