import SluiceLoadGenerator
import SluiceRESP
import Testing

@testable import SluiceCommands

/// No effect is longer than a command may be: where it would be, the keys of the request are copied.
@Suite struct LongEffectTests {
  /// The command, and the reply that names so many members; what is told of it has `words` more words than there are members.
  struct Row: CustomTestStringConvertible, Sendable {
    let line: String
    let words: Int
    let reply: @Sendable (Int) -> String
    var testDescription: String { line }
  }

  static func bulks(_ count: Int) -> String { (0..<count).map { "$4\r\n\(1000 + $0)\r\n" }.joined() }

  static let rows = [
    Row(line: "SPOP k 99", words: 2) { "*\($0)\r\n\(bulks($0))" },
    Row(line: "ZPOPMIN k 99", words: 2) {
      "*\(2 * $0)\r\n" + (0..<$0).map { _ in bulks(1) + bulks(1) }.joined()
    },
    Row(line: "ZPOPMAX k 99", words: 2) {
      "*\(2 * $0)\r\n" + (0..<$0).map { _ in bulks(1) + bulks(1) }.joined()
    },
    Row(line: "ZMPOP 2 k l MIN COUNT 99", words: 2) {
      "*2\r\n$1\r\nl\r\n*\($0)\r\n" + (0..<$0).map { _ in "*2\r\n" + bulks(2) }.joined()
    },
    Row(line: "XAUTOCLAIM k g c 0 0", words: 7) { "*3\r\n$3\r\n0-0\r\n*\($0)\r\n\(bulks($0))*0\r\n" },
    Row(line: "XAUTOCLAIM k g c 0 0 JUSTID", words: 8) { "*3\r\n$3\r\n0-0\r\n*\($0)\r\n\(bulks($0))*0\r\n" },
  ]

  @Test(arguments: rows) func membersUpToTheLimitAreNamed(_ row: Row) {
    let limits = FrameLimits(arguments: 40)
    for members in 40 - row.words - 3...40 + 3 {
      let words = Invocation.words(row.line).map { Array($0.utf8) }
      let told = Mirrored(words, Array(row.reply(members).utf8), limits: limits)
      #expect(told.action == (members + row.words <= 40 ? .replaced : .copy), "\(members) members")
      if told.action == .replaced { #expect(ReplyReader.count(told.output.span) == members + row.words) }
    }
  }

  @Test func bytesUpToTheLimitAreTold() {
    let reply = Array("*9\r\n\(LongEffectTests.bulks(9))".utf8)
    let words = Invocation.words("SPOP k 9").map { Array($0.utf8) }
    let whole = Mirrored(words, reply).output.count
    #expect(Mirrored(words, reply, limits: FrameLimits(frameBytes: whole)).action == .replaced)
    #expect(Mirrored(words, reply, limits: FrameLimits(frameBytes: whole - 1)).action == .copy)
  }

  /// Whatever a configuration allows to clients, a Redis of 6.2 takes no more words.
  @Test func noMoreWordsThanAnyRedisTakes() {
    for (words, action) in [(1 << 20, MirrorAction.replaced), ((1 << 20) + 1, .copy), (.max, .copy)] {
      var effect = Array("*\(words)\r\n$4\r\nSREM\r\n".utf8)
      #expect(Mirroring.fitting(.replaced, &effect, FrameLimits(arguments: .max)) == action)
      #expect(effect.isEmpty == (action == .copy))
    }
  }

  /// Every row of the table, with requests and replies of about as many words as are allowed: what is told is one command that the
  /// same limits let through.
  @Test func noRowTellsMoreThanACommandMayBe() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    print("noRowTellsMoreThanACommandMayBe: seed \(seed)")
    let options = [
      "0", "1", "2", "NX", "GET", "EX", "PX", "ABSTTL", "JUSTID", "TIME", "1-1", "*", "LEFT", "STORE", "k",
    ]
    let specs = CommandTable.shared.specs.filter { $0.mirror != .none }
    var actions: [MirrorAction: Int] = [:]
    for round in 0..<60_000 {
      let spec = specs[round % specs.count]
      let limits = FrameLimits(
        arguments: 8 + Int.random(in: 0..<40, using: &random),
        frameBytes: 200 + Int.random(in: 0..<800, using: &random))
      let around = max(0, limits.arguments - 4 + Int.random(in: 0..<9, using: &random))
      var words = spec.name.split(separator: "|").map { Array($0.utf8) }
      let isLongRequest = Int.random(in: 0..<2, using: &random) == 0
      let count = isLongRequest ? min(limits.arguments, around) : 2 + Int.random(in: 0..<6, using: &random)
      while words.count < count {
        words.append(Array(options[Int.random(in: 0..<options.count, using: &random)].utf8))
      }
      let reply =
        switch Int.random(in: 0..<6, using: &random) {
        case 0: "*\(around)\r\n\(LongEffectTests.bulks(around))"
        case 1: "*2\r\n$1\r\nk\r\n*\(around)\r\n\(LongEffectTests.bulks(around))"
        case 2:
          "*2\r\n$1\r\nk\r\n*\(around)\r\n"
            + (0..<around).map { _ in "*2\r\n\(LongEffectTests.bulks(2))" }.joined()
        case 3: "*3\r\n$3\r\n0-0\r\n*\(around)\r\n\(LongEffectTests.bulks(around))*0\r\n"
        case 4: "$\(around * 20)\r\n" + String(repeating: "x", count: around * 20) + "\r\n"
        default: ":1\r\n"
        }
      let request = InlineRequest.frame(of: words)
      guard request.count <= limits.frameBytes else { continue }
      let told = Mirrored(words, Array(reply.utf8), limits: limits)
      actions[told.action, default: 0] += 1
      guard told.action == .replaced else { continue }
      var framer = RequestFramer(limits: limits)
      let frame = framer.next(told.output.span)
      #expect(frame == .command(length: told.output.count), "seed \(seed), round \(round)")
    }
    #expect(actions[.replaced, default: 0] > 1000 && actions[.copy, default: 0] > 1000)
  }
}
