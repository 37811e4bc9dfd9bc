import SluiceLoadGenerator
import Testing

@testable import SluiceCommands

@Suite struct KeyExtractionTests {
  static let samples: [(String, [Int])] = [
    ("PING x", []), ("GET k", [1]),
    ("MGET a b c", [1, 2, 3]), ("DEL a", [1]), ("MSET a 1 b 2", [1, 3]), ("BITOP AND d a b", [2, 3, 4]),
    ("BLPOP a b 0", [1, 2]), ("RENAME a b", [1, 2]), ("LCS a b LEN", [1, 2]),
    ("COPY a b DB 1", [1, 2]), ("OBJECT ENCODING k", [2]), ("MEMORY USAGE k", [2]),
    ("XGROUP CREATE k g $", [2]),
    ("SINTERCARD 2 a b LIMIT 3", [2, 3]), ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", [1, 3, 4]),
    ("ZDIFF 1 a WITHSCORES", [2]), ("LMPOP 2 a b LEFT", [2, 3]), ("BZMPOP 0 1 a MIN", [3]),
    ("EVAL s 0", []), ("EVAL s 2 a b c", [3, 4]), ("FCALL f 1 a", [3]),
    ("SORT k", [1]), ("SORT k LIMIT 0 5 ALPHA store d", [1, 7]), ("SORT k STORE a STORE b", [1, 5]),
    ("SORT k BY STORE GET STORE", [1]), ("SORT k STORE", [1]), ("SORT_RO k STORE d", [1]),
    ("GEORADIUS k 1 2 3 m COUNT 1 STORE d", [1, 9]), ("GEORADIUSBYMEMBER k x 1 m STOREDIST d ASC", [1, 6]),
    ("GEORADIUS k 1 2 3 m STORE", [1]), ("GEORADIUS_RO k 1 2 3 m", [1]),
    ("XREAD STREAMS a 0", [2]), ("XREAD COUNT 2 BLOCK 0 streams a b 0 0", [6, 7]),
    ("XREADGROUP GROUP streams c COUNT 1 NOACK STREAMS a b > >", [8, 9]),
    ("MIGRATE h 1 k 0 5", [3]), ("MIGRATE h 1 \"\" 0 5 COPY AUTH keys KEYS a b", [10, 11]),
    ("MIGRATE h 1 k 0 5 AUTH2 keys keys", [3]),
  ]

  /// Where `COMMAND GETKEYS` cannot be asked, or is less exact than the command itself.
  static let samplesBesideTheServer: [(String, [Int])] = [
    ("NOSUCH k v", [1]), ("NOSUCH", []), ("GET", []), ("PFMERGE d", [1]),
    ("XREAD COUNT STREAMS STREAMS a 0", [4]),
  ]

  @Test(arguments: samples + samplesBesideTheServer)
  func positions(line: String, expected: [Int]) {
    let (result, indices) = Invocation(line).keys()
    #expect(result == .found && indices == expected)
  }

  @Test func theSingleKeyFlagSaysTheSameAsTheLayout() {
    for spec in CommandTable.shared.specs {
      #expect(spec.hasSingleKeyAtOne == (spec.keys == .range(first: 1, last: 1, step: 1)), "\(spec.name)")
    }
  }

  @Test(arguments: [
    "XREAD BLOCK 0 STREAMS a 0", "XREAD COUNT 1 block 5 STREAMS a 0",
    "XREADGROUP GROUP g c BLOCK 1 STREAMS a >",
    "COPY a b DB 1", "COPY a b REPLACE db -1", "SORT k BY w_*", "SORT k GET w_*", "SORT k GET # GET k2",
    "SORT_RO k BY a*b",
  ])
  func refusedOptions(line: String) {
    #expect(Invocation(line).refusal() != nil)
  }

  @Test(arguments: [
    "XREAD COUNT 1 STREAMS BLOCK 0", "XREADGROUP GROUP BLOCK BLOCK STREAMS a >", "COPY DB DB",
    "COPY a b DB 0", "COPY a b REPLACE db 0", "COPY a b DB", "COPY a b DB x",
    "COPY a b REPLACE",
    "COPY a", "SORT k BY nosort GET #", "SORT k LIMIT 0 1 STORE BY", "SORT BY", "SORT k STORE GET",
    "SORT k BY", "GET BLOCK",
  ])
  func optionsThatAreNone(line: String) {
    #expect(Invocation(line).refusal() == nil)
  }

  /// The database that is served has another number at the stack: the option stays here.
  @Test(arguments: [
    ("COPY a b", CommandSpec.DatabaseOption.none), ("COPY a b REPLACE", .none), ("COPY a", .none),
    ("GET a", .none),
    ("COPY a b DB 0", .served(kept: [0, 1, 2])), ("COPY a b db 0 replace", .served(kept: [0, 1, 2, 5])),
    ("COPY a b REPLACE DB 1 DB 0", .served(kept: [0, 1, 2, 3])), ("COPY a b DB 0 DB 1", .other),
    ("COPY a b DB -1", .other), ("COPY a b DB", .invalid("ERR syntax error")),
    ("COPY a b DB x", .invalid("ERR value is not an integer or out of range")),
    ("COPY a b DB 0 x", .invalid("ERR syntax error")),
  ])
  func databaseOfACopy(line: String, option: CommandSpec.DatabaseOption) {
    let invocation = Invocation(line)
    #expect(
      invocation.spec.databaseOption(in: invocation.frame.span, arguments: invocation.arguments.span)
        == option)
  }

  @Test(arguments: [
    ("9223372036854775807", 9_223_372_036_854_775_807), ("-9223372036854775808", Int.min), ("0", 0),
    ("-1", -1),
    ("9223372036854775808", nil), ("-9223372036854775809", nil), ("99999999999999999999999", nil), ("", nil),
    ("-", nil), ("-0", nil), ("01", nil), ("+1", nil), (" 1", nil), ("1 ", nil), ("1.0", nil), ("0x1", nil),
  ])
  func integersByRedisRule(text: String, value: Int?) {
    let invocation = Invocation([text])
    #expect(invocation.arguments.span.integer(at: 0, in: invocation.frame.span) == value)
    #expect(invocation.arguments.span.integer(at: 1, in: invocation.frame.span) == nil)
  }

  /// Random arguments for every command: never a trap, never a position that is not there, and the same
  /// twice.
  @Test func randomArgumentsNeverTrap() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    print("randomArgumentsNeverTrap: seed \(seed)")
    let words = [
      "", "0", "1", "2", "-1", "3", "x", "STORE", "store", "STOREDIST", "STREAMS", "BLOCK", "COUNT", "GROUP",
      "NOACK",
      "LIMIT", "BY", "GET", "#", "*", "KEYS", "AUTH", "AUTH2", "DB", "9223372036854775807",
      "-9223372036854775808",
      "4294967296", "\0", "ENCODING", "USAGE",
    ].map { Array($0.utf8) }
    let table = CommandTable.shared
    for round in 0..<60_000 {
      let spec = table.specs[round % table.specs.count]
      var line = spec.name.split(separator: "|").map { Array($0.utf8) }
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        line.append(words.randomElement(using: &random) ?? [])
      }
      if Int.random(in: 0..<20, using: &random) == 0 { line.removeFirst() }
      let invocation = Invocation(line)
      let (result, indices) = invocation.keys()
      #expect(
        indices.allSatisfy { $0 > 0 && $0 < line.count } && Set(indices).count == indices.count,
        "seed \(seed), round \(round)")
      #expect(invocation.keys() == (result, indices), "seed \(seed), round \(round)")
      // Any spec with any arguments, too: the proxy must not depend on having asked the right one.
      var others: [Int] = []
      _ = spec.keyIndices(in: invocation.frame.span, arguments: invocation.arguments.span, into: &others)
      _ = spec.refusal(in: invocation.frame.span, arguments: invocation.arguments.span)
      #expect(others.allSatisfy { $0 > 0 && $0 < line.count }, "seed \(seed), round \(round)")
    }
  }
}
