import Foundation
import SluiceLoadGenerator
import SluiceRESP
import Testing

/// Mutated streams through both framers: no crash, no hang, nothing beyond the input, and never another result because
/// the bytes came in other pieces.
///
/// A million streams unless `SLUICE_FUZZ_STREAMS` says otherwise; `SLUICE_FUZZ_SEED` repeats a run.
@Suite struct FuzzTests {
  private static let environment = ProcessInfo.processInfo.environment
  static let streams = environment["SLUICE_FUZZ_STREAMS"].flatMap { Int($0) } ?? 1_000_000
  static let seed =
    environment["SLUICE_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...UInt64.max >> 1)
  /// Independent parts, so that all cores have something to do.
  static let parts = 8

  private static let requests: [[UInt8]] = [
    command("GET", "k"), command("SET", "k", "v1"), command("PING"), bytes("PING\r\n"),
    bytes("GET \"a\\x41\"\r\n"),
    bytes("*0\r\n"), bytes("\r\n"), bytes("*2\r\n$0\r\n\r\n$3\r\n*1\r\r\n"), bytes("*-1\r\n"),
  ]
  private static let replies: [[UInt8]] = [
    "+OK\r\n", "-ERR x\r\n", ":12\r\n", "$-1\r\n", "$2\r\nab\r\n", "$0\r\n\r\n", "*0\r\n",
    "*2\r\n:1\r\n$1\r\na\r\n",
    "%1\r\n+a\r\n_\r\n", "|1\r\n+a\r\n:1\r\n#t\r\n", "~1\r\n,1.5\r\n", "*1\r\n*1\r\n*-1\r\n",
    ">1\r\n=4\r\ntxt:\r\n",
  ].map(bytes)
  /// The bytes that mean something, more often than others.
  private static let telling = bytes("*$:+-_,#(!=~%|>0123459\r\n\r\n\"'\\ ") + [0, 0xff]

  @Test(.timeLimit(.minutes(10)), arguments: 0..<parts) func mutatedStreams(part: Int) {
    if part == 0 { print("fuzz: \(FuzzTests.streams) streams, SLUICE_FUZZ_SEED=\(FuzzTests.seed)") }
    var random = SplitMix64(seed: FuzzTests.seed &+ UInt64(part))
    let requests = RequestChecker()
    let replies = ReplyChecker()
    for number in 0..<FuzzTests.streams / FuzzTests.parts {
      let stream = FuzzTests.mutated(number & 1 == 0 ? FuzzTests.requests : FuzzTests.replies, &random)
      var cuts: [Int] = []
      var cut = 0
      while cut < stream.count {
        cut += 1 + random.below(number & 6 == 0 ? 1 : 9)
        cuts.append(min(cut, stream.count))
      }
      let problem = number & 1 == 0 ? requests.check(stream, cuts) : replies.check(stream, cuts)
      if let problem {
        Issue.record("\(problem): \(text(stream).debugDescription) cut at \(cuts), seed \(FuzzTests.seed)")
        return
      }
    }
  }

  private static func mutated(_ corpus: [[UInt8]], _ random: inout SplitMix64) -> [UInt8] {
    var stream = corpus[random.below(corpus.count)]
    if random.below(2) == 0 { stream += corpus[random.below(corpus.count)] }
    for _ in 0...random.below(3) {
      let place = random.below(stream.count)
      switch random.below(6) {
      case 0: stream.remove(at: place)
      case 1: stream.insert(telling[random.below(telling.count)], at: place)
      case 2: stream[place] ^= 1 << UInt8(random.below(8))
      case 3: stream.removeSubrange(place...)
      default: stream[place] = telling[random.below(telling.count)]
      }
      if stream.isEmpty { return [0x2a] }
    }
    return stream
  }
}

/// Reads a stream whole and in pieces and says what is wrong with it, if anything.
struct RequestChecker {
  func check(_ stream: [UInt8], _ cuts: [Int]) -> String? {
    let whole = RequestTrace(stream)
    let pieces = RequestTrace(stream, cuts: cuts)
    guard whole == pieces else { return "chunking changed a request: \(whole) or \(pieces)" }
    guard whole.consumed <= stream.count else { return "a request beyond the input" }
    for item in whole.items {
      guard case .command(let length) = item.frame else { continue }
      for argument in item.arguments {
        guard argument.offset >= 0, argument.length >= 0, argument.range.upperBound + 2 <= length else {
          return "an argument outside its frame"
        }
      }
    }
    return nil
  }
}

struct ReplyChecker {
  func check(_ stream: [UInt8], _ cuts: [Int]) -> String? {
    let whole = ReplyTrace(stream)
    let pieces = ReplyTrace(stream, cuts: cuts)
    guard whole == pieces else { return "chunking changed a reply: \(whole) or \(pieces)" }
    guard whole.consumed <= stream.count, whole.lengths.allSatisfy({ $0 > 0 }) else {
      return "a reply beyond the input, or of nothing"
    }
    return nil
  }
}
