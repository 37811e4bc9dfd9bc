import SluiceRESP
import SluiceTestSupport
import Testing

@testable import SluiceCommands

/// Every row of the table with arguments and replies at the ends of their ranges.
@Suite struct NumberFuzzTests {
  private static let words = [
    "#", "#", "#", "#-#", "k", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "NX", "XX", "GET", "STREAMS", "COUNT",
    "BLOCK", "IDLE",
    "TIME", "RETRYCOUNT", "LIMIT", "STORE", "MAXLEN", "MINID", "~", "=", "LEFT", "KEYS", "ABSTTL", "JUSTID",
  ]
  private static let replies = [
    ":#\r\n", "$1\r\n#\r\n", "*#\r\n", "*2\r\n$1\r\nk\r\n*#\r\n", "*1\r\n:#\r\n", "%#\r\n", "$#\r\n",
    "+#\r\n", "$-1\r\n",
    "*3\r\n$1\r\n#\r\n*1\r\n$3\r\n1-1\r\n*0\r\n", "*2\r\n$1\r\nk\r\n*1\r\n$1\r\nx\r\n",
  ]

  @Test func keysEffectsAndQuestions() {
    var numbers = ExtremeNumbers("CommandsTests.keysEffectsAndQuestions")
    let specs = CommandTable.shared.specs
    for round in 0..<ExtremeNumbers.rounds(60_000) {
      let spec = specs[round % specs.count]
      var words = spec.name.split(separator: "|").map { Array($0.utf8) }
      for _ in 0..<numbers.below(9) {
        words.append(Array(numbers.filled(numbers.pick(NumberFuzzTests.words)).utf8))
      }
      let invocation = Invocation(words)
      let (_, keys) = invocation.keys()
      #expect(keys.allSatisfy { (0..<words.count).contains($0) }, "seed \(numbers.seed), round \(round)")
      _ = invocation.refusal()
      let reply = Array(numbers.filled(numbers.pick(NumberFuzzTests.replies)).utf8)
      let now = Int64(bitPattern: numbers.bits())
      _ = Mirrored(words, reply, now: now)
      var output: [UInt8] = []
      _ = Mirroring.question(
        behind: invocation.spec, request: invocation.frame.span, arguments: invocation.arguments.span,
        reply: reply.span, into: &output)
      _ = Mirroring.buildsOnPriorValue(
        invocation.spec, request: invocation.frame.span, arguments: invocation.arguments.span)
    }
  }
}
