import Foundation
import SluiceFigures
import Testing

@testable import SluiceLedger

/// Divergences by kind, command and pattern of the key: every one is counted, however few are kept.
@Suite struct DivergenceGroupTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
  }

  @Test(arguments: [
    ("user:123:profile", "user:*:profile"), ("user:123", "user:*"), ("user123", "user*"), ("plain", "plain"),
    ("", ""), (":", ":"), ("a:b:c", "a:b:c"), ("v2:user:7", "v*:user:*"), ("1.2.3.4", "*.*.*.*"),
    ("session/0f8fad5b-d9cb-469f-a165-70867728950e/x", "session/*/x"),
    ("0F8FAD5B-D9CB-469F-A165-70867728950E", "*"),
    ("0f8fad5b-d9cb-469f-a165-70867728950ex", "*-d*cb-*f-a*-*ex"),
    ("token:deadbeef01", "token:*"), ("token:deadbeef", "token:deadbeef"), ("cafe1", "cafe*"),
    ("id:3kTMd9Xq2LpW8nVz", "id:*"), ("cart.{alice}:items", "cart.{*}:items"), ("{u1}", "{*}"),
    ("{}x1", "{}x*"),
    ("{open", "{open"), ("a_b-c1_d", "a_b-c*_d"), ("grüße:17", "grüße:*"), ("名前:5", "名前:*"),
    ("abcdefghijklmnopqrstuvwxyzabcdefgh", "*"),
  ])
  func aPatternIsWhatKeysHaveInCommon(key: String, pattern: String) {
    #expect(KeyPattern.pattern(of: Array(key.utf8)) == pattern)
  }

  @Test func anyBytesHaveAPattern() {
    #expect(KeyPattern.pattern(of: [0xff, 0x31]) == KeyPattern.binary)
    #expect(KeyPattern.pattern(of: [0x61, 0]) == KeyPattern.binary)
    let long = KeyPattern.pattern(of: Array(("k:" + String(repeating: "x:", count: 1000)).utf8))
    #expect(long.utf8.count < 140 && long.hasSuffix("…"))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let key = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
        Array("{}:-.09afAFgz é".utf8).randomElement(using: &random) ?? 0
      }
      #expect(KeyPattern.pattern(of: key).utf8.count <= 3 * KeyPattern.longestKey + 3)
    }
  }

  @Test func everyOneIsCountedAndFewAreKept() throws {
    let ledger = try scratch.open {
      $0.samplesPerClass = 10
      $0.samplesPerKey = 2
    }
    for number in 0..<5000 { ledger.record(divergence(key: "user:\(number % 50)", at: Double(number))) }
    for _ in 0..<700 { ledger.record(divergence(.ttl, key: "one")) }
    ledger.close(clean: true)
    let groups = "SELECT kind, command, pattern, count, first_at, last_at, example FROM divergence_groups"
    #expect(
      try scratch.rows(groups + " ORDER BY kind DESC") == [
        "value|GET|user:*|5000|1772366400000|1772371399000|user:0",
        "ttl|GET|one|700|1772366400000|1772366400000|one",
      ])
    #expect(try scratch.rows("SELECT count, counted FROM which_keys") == ["5000|exact", "700|exact"])
    // The cap is per minute, and a minute may end while this runs.
    let kept = try #require(
      Int(try scratch.rows("SELECT count(*) FROM divergences WHERE pattern = 'one'")[0]))
    #expect(kept >= 2 && kept <= 4)
  }

  @Test func patternsBeyondTheLimitAreOthers() throws {
    let ledger = try scratch.open()
    let words = (0..<DivergenceGroups.limit + 300).map { number in
      String(String(number).unicodeScalars.map { Character(Unicode.Scalar($0.value + 49) ?? "a") })
    }
    for word in words { ledger.record(divergence(key: word)) }
    for word in words { ledger.record(divergence(key: word)) }
    ledger.close(clean: true)
    #expect(
      try scratch.rows("SELECT count(*), sum(count) FROM divergence_groups")
        == ["\(DivergenceGroups.limit + 1)|\(2 * words.count)"])
    #expect(
      try scratch.rows("SELECT count, counted FROM which_keys WHERE pattern = '(other)'") == ["600|exact"])
  }

  /// The disk hangs and the queue is full: how many there were stays known, of their keys nothing.
  @Test func whatFindsNoRoomIsCountedAsLost() async throws {
    let ledger = try scratch.open {
      $0.queueLimit = 100
      $0.samplesPerClass = 5
    }
    try ledger.store.database.inDatabase { try $0.execute(sql: "PRAGMA query_only = ON") }
    for number in 0..<1000 { ledger.record(divergence(key: "user:\(number)")) }
    for number in 0..<10 { ledger.record(divergence(.ttl, command: 8, key: "user:\(number)")) }
    try ledger.store.database.inDatabase { try $0.execute(sql: "PRAGMA query_only = OFF") }
    #expect(await eventually { ledger.health().queued == 0 })
    ledger.record(divergence(.type, key: "x"))
    ledger.close(clean: true)
    #expect(
      try scratch.rows("SELECT kind, sum(count) FROM divergence_groups GROUP BY kind")
        == ["ttl|10", "type|1", "value|1000"])
    #expect(
      try scratch.rows("SELECT pattern, kind, counted FROM which_keys ORDER BY kind, pattern") == [
        "(lost)|ttl|keys lost", "x|type|exact", "(lost)|value|keys lost", "user:*|value|at least",
      ])
    #expect(
      try scratch.rows("SELECT lost_samples <= 5 FROM runs") == ["1"], "those that were to be kept, no others"
    )
  }

  @Test func hashedKeysHideTheirPatternToo() throws {
    let ledger = try scratch.open { $0.hashKeys = true }
    for number in 0..<3 { ledger.record(divergence(key: "alice:\(number)")) }
    ledger.record(divergence(key: "bob:1"))
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT count FROM which_keys") == ["3", "1"])
    let texts = try scratch.rows(
      "SELECT pattern, example FROM divergence_groups UNION SELECT pattern, key FROM divergences")
    #expect(
      texts.allSatisfy { $0.hasPrefix("#") && !$0.contains("alice") && !$0.contains("bob") }, "\(texts)")
  }

  @Test func oldGroupsGo() throws {
    let ledger = try scratch.open()
    ledger.record(divergence(key: "old:1", at: -31 * 86_400))
    ledger.record(divergence(key: "young:1"))
    ledger.close(clean: true)
    let configuration = scratch.configuration()
    let store = try LedgerStore(configuration, version: "1", summary: "") { "\($0)" }
    while try store.expire(now: time(0), configuration) {}
    store.close()
    #expect(try scratch.rows("SELECT pattern FROM divergence_groups") == ["young:*"])
  }
}
