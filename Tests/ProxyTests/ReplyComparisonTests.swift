import SluiceCommands
import SluiceFigures
import SluiceRESP
import Testing

@testable import SluiceCore

/// What two replies mean, byte by byte: pure, as the proxy judges them.
@Suite struct ReplyComparisonTests {
  private func comparison(
    _ command: String, _ legacy: String, _ new: String, hasScores: Bool = false, tolerance: Int = 1000,
    waited: Int = 0
  ) -> ReplyComparison {
    let table = CommandTable.shared
    return ReplyComparison(
      table.specs[table.lookup(Array(command.utf8).span)], hasScores: hasScores, tolerance: tolerance,
      waited: waited, legacy: Array(legacy.utf8), new: Array(new.utf8))
  }

  private func kind(_ comparison: ReplyComparison) -> DivergenceKind? {
    if case .different(let kind, _) = comparison.verdict { kind } else { nil }
  }

  private func bulks(_ texts: String...) -> String {
    "*\(texts.count)\r\n" + texts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }

  private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

  @Test(arguments: [
    ("1", "1.0"), ("1e3", "1000"), ("inf", "Infinity"), ("-inf", "-INF"), ("inf", "+inf"), ("nan", "-nan"),
    ("0.1", "0.10000000000000001"), ("13.36138933897018433", "13.361389338970184"), ("0", "-0"),
  ])
  func aNumberMayBeSpelledInSeveralWays(one: String, other: String) {
    #expect(comparison("ZSCORE", bulk(one), bulk(other)).verdict == .equivalent)
    #expect(comparison("ZMSCORE", bulks("7", one), bulks("7", other)).verdict == .equivalent)
    #expect(kind(comparison("GET", bulk(one), bulk(other))) == .value, "a value is its bytes")
    #expect(
      comparison("ZRANGE", bulks("m", one), bulks("m", other), hasScores: true).verdict == .equivalent)
    #expect(
      kind(comparison("ZRANGE", bulks(one, "1"), bulks(other, "1"), hasScores: true)) == .value,
      "a member is its bytes")
    #expect(kind(comparison("ZRANGE", bulks("m", one), bulks("m", other))) == .value)
    let place = { "*1\r\n*2\r\n\(bulk("m"))*2\r\n\(bulk("1"))\(bulk($0))" }
    #expect(comparison("GEOSEARCH", place(one), place(other)).verdict == .equivalent)
    #expect(comparison("GEOPOS", place(one), place(other)).verdict != .identical)
  }

  @Test(arguments: [
    ("1", "1.0000000000000002"), ("1", "2"), ("inf", "-inf"), ("nan", "0"), ("1", "x"), ("", "0"),
    ("1", " 1"),
  ])
  func otherNumbersAreOther(one: String, other: String) {
    #expect(kind(comparison("ZSCORE", bulk(one), bulk(other))) == .value)
    #expect(kind(comparison("ZMSCORE", bulks(one, "1"), bulks(other, "1"))) == .value)
    #expect(kind(comparison("ZRANGE", bulks("m", one), bulks("m", other), hasScores: true)) == .value)
  }

  @Test func orderMattersWhereItMeansSomething() {
    #expect(comparison("SMEMBERS", bulks("a", "b"), bulks("b", "a")).verdict == .equivalent)
    #expect(kind(comparison("SMEMBERS", bulks("a", "a"), bulks("a", "b"))) == .value)
    #expect(
      comparison("HGETALL", bulks("a", "1", "b", "2"), bulks("b", "2", "a", "1")).verdict == .equivalent)
    #expect(kind(comparison("HGETALL", bulks("a", "1", "b", "2"), bulks("a", "2", "b", "1"))) == .value)
    #expect(kind(comparison("LRANGE", bulks("a", "b"), bulks("b", "a"))) == .value)
  }

  @Test func errorsAreTheirCodeWord() {
    let wrongType = "-WRONGTYPE Operation\r\n"
    #expect(comparison("GET", wrongType, "-WRONGTYPE other words\r\n").verdict == .equivalent)
    #expect(kind(comparison("GET", wrongType, "$1\r\n1\r\n")) == .type)
    #expect(kind(comparison("GET", "$1\r\n1\r\n", wrongType)) == .type)
    #expect(kind(comparison("GET", "$1\r\n1\r\n", "-LOADING\r\n")) == .errorInNew)
    #expect(kind(comparison("GET", "-OOM\r\n", "$-1\r\n")) == .errorInLegacy)
    #expect(kind(comparison("GET", wrongType, "-LOADING\r\n")) == .errorInNew)
    #expect(kind(comparison("GET", "-LOADING\r\n", "-ERR x\r\n")) == .errorInLegacy)
    #expect(kind(comparison("GET", wrongType, "-ERR x\r\n")) == .type)
  }

  @Test func timesMayLieApartByTheToleranceAndTheWait() {
    for (distance, waited, isSame) in [(1000, 0, true), (1001, 0, false), (1500, 500, true)] {
      let replies = (":50000\r\n", ":\(50_000 - distance)\r\n")
      #expect(
        (comparison("PTTL", replies.0, replies.1, waited: waited).verdict == .equivalent) == isSame)
    }
    // An absolute time does not go on while one waits.
    #expect(kind(comparison("PEXPIRETIME", ":3000\r\n", ":1500\r\n", waited: 9000)) == .ttl)
    #expect(comparison("TTL", ":10\r\n", ":9\r\n", tolerance: 0).verdict == .equivalent, "rounded")
    #expect(kind(comparison("TTL", ":10\r\n", ":8\r\n")) == .ttl)
    #expect(comparison("TTL", ":10\r\n", ":8\r\n", tolerance: 1200).verdict == .equivalent)
    #expect(kind(comparison("TTL", ":-1\r\n", ":1\r\n")) == .ttl)
    #expect(kind(comparison("TTL", ":-2\r\n", ":1\r\n")) == .missingInLegacy)
    #expect(kind(comparison("PTTL", ":\(Int.max)\r\n", ":-9\r\n")) == .ttl)
  }

  @Test(
    arguments: [
      (-2, 400, true), (400, -2, true), (400, 900, true), (-2, -2, false), (-2, -1, false), (-2, 1001, false),
      (0, -2, true), (5000, 900, false), (nil, -2, false),
    ] as [(Int?, Int?, Bool)])
  func aKeyThatIsAboutToExpireExplainsADifference(legacy: Int?, new: Int?, isAtEdge: Bool) {
    let lifetimes = KeyLifetimes(legacy: [legacy], new: [new])
    #expect(lifetimes.isAtEdge(0, edge: 1000) == isAtEdge)
    let place = comparison("GET", "$1\r\n1\r\n", "$-1\r\n").place(of: .missingInNew, lifetimes, edge: 1000)
    #expect((place == nil) == isAtEdge)
    let trouble = comparison("GET", "$1\r\n1\r\n", "-LOADING\r\n")
    #expect(
      trouble.place(of: .errorInNew, lifetimes, edge: 1000)?.kind == .errorInNew, "no expiry explains it")
  }

  @Test func anExpiryExplainsOnlyItsOwnElement() {
    let lifetimes = KeyLifetimes(legacy: [10, -1], new: [-2, -1])
    let both = comparison("MGET", bulks("a", "b"), "*2\r\n$-1\r\n$1\r\nx\r\n")
    let found = both.place(of: .value, lifetimes, edge: 1000)
    #expect(found?.kind == .value && found?.key == 1)
    let one = comparison("MGET", bulks("a", "b"), "*2\r\n$-1\r\n$1\r\nb\r\n")
    #expect(one.place(of: .missingInNew, lifetimes, edge: 1000) == nil)
  }

  /// No bytes of a stack may trap: random ones, and a reply's beginnings.
  @Test func anyBytesHaveAVerdict() {
    var random = SystemRandomNumberGenerator()
    let pieces = [
      "*2\r\n", "*", "$1\r\n", "$-1\r\n", ":", "-1\r\n", "a", "\r\n", "+", "-", "_", "%1\r\n", "9",
    ]
    let commands = ["GET", "MGET", "SMEMBERS", "HGETALL", "TTL", "ZSCORE", "ZRANGE", "TYPE"]
    for _ in 0..<20_000 {
      let texts = (0..<2).map { _ in
        (0..<Int.random(in: 0..<6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
          .joined()
      }
      let comparison = comparison(
        commands.randomElement(using: &random) ?? "GET", texts[0], texts[1],
        hasScores: .random(using: &random))
      let isSame = comparison.verdict == .identical
      #expect(isSame == (texts[0] == texts[1]))
      _ = comparison.place(of: .value, KeyLifetimes(legacy: [nil], new: [1]), edge: 10)
    }
  }
}
