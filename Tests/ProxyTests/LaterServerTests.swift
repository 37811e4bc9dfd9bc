import Foundation
import SluiceFigures
import SluiceProxy
import SluiceRedisClient
import SluiceRouting
import SluiceTestSupport
import Testing

/// Servers that are later than Redis 7.0, alone and in pairs: what they have more, and what they say otherwise.
@Suite(.serialized, .timeLimit(.minutes(4))) struct LaterServerTests {
  private typealias Body =
    @Sendable (Bench, _ client: TestSocket, _ legacy: RedisClient, _ new: RedisClient) throws -> Void

  private static func on(
    _ legacy: ServerBinary, _ new: ServerBinary, _ stage: Stage = .shadow, _ body: @escaping Body
  ) async throws {
    let servers = (try RedisServer(.unixSocket, legacy), try RedisServer(.unixSocket, new))
    defer {
      servers.0.kill()
      servers.1.kill()
    }
    let places = [servers.0, servers.1].map { String($0.url.dropFirst("unix://".count)) }
    try await Bench.run(
      legacy: .unix(places[0], "legacy-stack"), new: .unix(places[1], "new-stack"), routing: .at(stage)
    ) { bench in
      let direct = try places.map { try RedisClient(RedisEndpoint(.unix(path: $0))) }
      try body(bench, bench.client(), direct[0], direct[1])
    }
  }

  /// Waits until every mirrored write and every comparison has come to an end.
  private static func settle(_ bench: Bench) {
    _ = eventually {
      bench.health().allSatisfy {
        $0.legacyInFlight == 0 && $0.newInFlight == 0 && $0.legacySuspects == 0 && $0.newSuspects == 0
      }
    }
  }

  /// What was written, and a question whose answers must be the same on both: they have no order, or times of their own.
  private static let writes: [(server: ServerBinary, lines: [String], question: String)] = [
    (.valkey91, ["MSET a old b old", "MSETEX 2 a new b new EX 1000"], "MGET a b"),
    (.valkey91, ["SET l mine EX 100", "SET l yours IFEQ nobody EX 30"], "GET l"),
    (.valkey91, ["SET l mine", "DELIFEQ l yours", "SET m 1", "DELIFEQ m 1"], "EXISTS l m"),
    (
      .redis82, ["HSET h f 10", "HPEXPIRE h 60000 FIELDS 1 f", "HINCRBYFLOAT h f 0.5"],
      "HPEXPIRETIME h FIELDS 1 f"
    ),
    (.valkey91, ["HSET h f 10", "HPEXPIRE h 60000 FIELDS 1 f", "HSET h f 11"], "HPEXPIRETIME h FIELDS 1 f"),
    (
      .redis82, ["HSETEX h EX 100 FIELDS 2 a 1 b 2", "HGETEX h PX 70000 FIELDS 1 a"],
      "HPEXPIRETIME h FIELDS 2 a b"
    ),
    (
      .redis82, ["HSETEX h EX 100 FIELDS 2 a 1 b 2", "HGETDEL h FIELDS 1 a", "HPERSIST h FIELDS 1 b"],
      "HTTL h FIELDS 2 a b"
    ),
    (.redis82, ["XGROUP CREATE k g 0 MKSTREAM", "XAUTOCLAIM k g c 0 0"], "XGROUP CREATECONSUMER k g c"),
    (
      .valkey91, ["XGROUP CREATE k g 0 MKSTREAM", "XREADGROUP GROUP g c STREAMS k >"],
      "XGROUP CREATECONSUMER k g c"
    ),
    (.redis82, ["XADD x 1-1 f v", "XADD x KEEPREF MAXLEN 5 * f v", "XDELEX x IDS 1 1-1"], "XRANGE x - +"),
    (.redis82, ["SET a abc", "SET b abd", "BITOP DIFF d a b"], "GET d"),
    (.redis82, ["VADD v VALUES 3 1 2 3 e"], "VCARD v"),
  ]

  @Test(arguments: writes.indices)
  func writesReachBothStacksAsTheyAre(index: Int) async throws {
    let row = LaterServerTests.writes[index]
    try await LaterServerTests.on(row.server, row.server, .dualwrite) { bench, client, legacy, new in
      for line in row.lines {
        #expect(try !client.ask(line.components(separatedBy: " ")).hasPrefix("-"), "\(line)")
      }
      LaterServerTests.settle(bench)
      let words = row.question.components(separatedBy: " ").map { Array($0.utf8) }
      let (one, other) = (try legacy.command(words), try new.command(words))
      #expect(one.isAbout(other) && !one.isError, "\(row.lines): \(one), \(other)")
      // No copy was needed for it.
      #expect(bench.figures().suspects[.new].made == 0, "\(row.lines)")
    }
  }

  @Test func aReadCostsARead() async throws {
    try await LaterServerTests.on(.redis82, .redis82) { bench, client, _, _ in
      _ = try client.ask("HSET", "h", "f", "1", "g", "2")
      _ = try client.ask("HPEXPIRE", "h", "60000", "FIELDS", "1", "f")
      for _ in 0..<20 {
        #expect(try client.ask("HTTL", "h", "FIELDS", "2", "f", "g").hasPrefix("*2"))
        _ = try client.ask("HGETEX", "h", "FIELDS", "1", "f")
      }
      LaterServerTests.settle(bench)
      let figures = bench.figures()
      #expect(figures.suspects[.new].made == 0 && figures.compare.matched == 20, "\(figures.compare)")
    }
  }

  @Test(arguments: [(ServerBinary.redis70, ServerBinary.redis82), (.valkey91, .redis62)])
  func fractionsAreNumbers(pair: (ServerBinary, ServerBinary)) async throws {
    try await LaterServerTests.on(pair.0, pair.1) { bench, client, legacy, new in
      for index in 0..<20 {
        _ = try client.ask("ZADD", "board", "1", "m\(index)")
        _ = try client.ask("ZINCRBY", "board", "0.1", "m\(index)")
        _ = try client.ask("ZADD", "board", "INCR", "1e17", "m\(index)")
        _ = try client.ask("ZSCORE", "board", "m\(index)")
      }
      LaterServerTests.settle(bench)
      let figures = bench.figures()
      #expect(figures.suspects[.new].made == 0 && figures.compare.diverged == 0, "\(figures.compare)")
      for index in 0..<20 {
        let score = try legacy.command("ZSCORE", "board", "m\(index)").text.flatMap(Double.init)
        #expect(
          try new.command("ZSCORE", "board", "m\(index)").text.flatMap(Double.init) == score && score != nil)
      }
    }
  }

  /// How much `~` removes is told by what is left.
  @Test(arguments: [
    (ServerBinary.redis70, ServerBinary.redis82), (.redis82, .valkey91), (.valkey91, .redis62),
  ])
  func trimsAreAlike(pair: (ServerBinary, ServerBinary)) async throws {
    try await LaterServerTests.on(pair.0, pair.1, .dualwrite) { bench, client, legacy, new in
      for index in 0..<300 {
        try client.send(command: ["XADD", "x", "MAXLEN", "~", "100", "*", "f", "\(index)"])
      }
      for _ in 0..<300 { _ = try client.reply() }
      _ = try client.ask("XTRIM", "x", "MAXLEN", "~", "10")
      LaterServerTests.settle(bench)
      let left = try legacy.command("XRANGE", "x", "-", "+")
      #expect(try new.command("XRANGE", "x", "-", "+") == left && left.items.count < 300)
      #expect(bench.figures().suspects[.new].made == 0)
    }
  }

  @Test func whatWaitsIsRefusedAndWhatTheServerTakesIsLetThrough() async throws {
    try await LaterServerTests.on(.valkey91, .redis82) { _, client, _, _ in
      #expect(try client.ask("WAITAOF", "0", "1", "0").hasPrefix("-ERR sluice: replication"))
      #expect(try client.ask("CLIENT", "NO-TOUCH", "ON") == "+OK\r\n")
      #expect(try client.ask("COMMANDLOG", "LEN", "slow").hasPrefix("-ERR sluice: "))
      _ = try client.ask("ZADD", "z", "1", "a", "2", "b")
      #expect(try client.ask("ZRANK", "z", "b", "WITHSCORE") == "*2\r\n:1\r\n$1\r\n2\r\n")
      #expect(try client.ask("ZRANK", "z").hasPrefix("-ERR wrong number of arguments"))
    }
  }

  @Test func whatOnlyOneServerHasIsCounted() async throws {
    try await LaterServerTests.on(.redis82, .redis70) { bench, client, _, new in
      _ = try client.ask("HSET", "h", "f", "1")
      for _ in 0..<3 { #expect(try client.ask("HTTL", "h", "FIELDS", "1", "f") == "*1\r\n:-1\r\n") }
      _ = try client.ask("ZADD", "z", "1", "a")
      _ = try client.ask("ZRANK", "z", "a", "WITHSCORE")
      #expect(try client.ask("HGETDEL", "h", "FIELDS", "1", "f") == "*1\r\n$1\r\n1\r\n")
      LaterServerTests.settle(bench)
      let figures = bench.figures()
      #expect(
        figures.compare.diverged == 0 && figures.compare.ignoredBy[.oneSided] == 4, "\(figures.compare)")
      #expect(figures.lacks.ranked.map(\.place.reason) == ["new_lacks_it", "new_lacks_it", "new_lacks_it"])
      #expect(figures.lacks.ranked.map(\.tally.count) == [3, 1, 1])
      // What it did is told in what the other one has.
      #expect(try new.command("EXISTS", "h") == .integer(0))
    }
  }

  @Test(arguments: [ServerBinary.valkey91, .redis82])
  func fieldsThatExpireRaiseNoAlarm(binary: ServerBinary) async throws {
    try await LaterServerTests.on(binary, binary) { bench, client, _, _ in
      for key in 0..<100 {
        let fields = (0..<10).flatMap { ["f\($0)", "\($0)"] }
        _ = try client.ask(["HSET", "h\(key)"] + fields)
        let names = (0..<(key % 4 == 0 ? 10 : 5)).map { "f\($0)" }
        _ = try client.ask(
          ["HPEXPIRE", "h\(key)", "\(200 + key * 10)", "FIELDS", "\(names.count)"] + names)
      }
      let end = ContinuousClock.now + .seconds(2)
      while ContinuousClock.now < end {
        for key in 0..<100 {
          for words in [
            ["HLEN", "h\(key)"], ["HGETALL", "h\(key)"], ["EXISTS", "h\(key)"],
            ["HMGET", "h\(key)", "f0", "f9"],
          ] {
            try client.send(command: words)
          }
        }
        for _ in 0..<400 { _ = try client.reply() }
      }
      LaterServerTests.settle(bench)
      let compare = bench.figures().compare
      #expect(compare.diverged == 0 && compare.matched > 1000, "\(compare) \(bench.divergences.first as Any)")
    }
  }

  /// A field that only one of them has, and that does not expire, is a difference as ever.
  @Test func aFieldThatIsMissingIsADifference() async throws {
    try await LaterServerTests.on(.valkey91, .valkey91) { bench, client, _, new in
      _ = try client.ask("HSET", "h", "f", "1", "g", "2")
      LaterServerTests.settle(bench)
      _ = try new.command("HDEL", "h", "f")
      for read in [["HLEN", "h"], ["HGETALL", "h"], ["HGET", "h", "f"], ["HVALS", "h"]] {
        _ = try client.ask(read)
      }
      _ = eventually { bench.figures().compare.diverged == 4 }
      #expect(bench.figures().compare.diverged == 4, "\(bench.figures().compare)")
    }
  }

  /// Two right servers of other versions: what they rightly say differently is ignored, and nothing is called a divergence.
  @Test(
    arguments: [
      (ServerBinary.redis62, ServerBinary.valkey91), (.redis70, .redis82), (.redis82, .valkey91),
      (.valkey91, .redis70),
    ])
  func whatTwoVersionsSayDifferentlyIsNoDifference(pair: (ServerBinary, ServerBinary)) async throws {
    let writes = [
      "SET s hello", "SET n 12", "RPUSH l 1 2 3 4 5", "SADD u a b c d", "HSET h a 1 b 2",
      "ZADD z 1.1 a 2.2 b 1e17 c -0 d",
      "GEOADD g 13.361389 38.115556 P 15.087269 37.502669 C", "XADD x 1-1 f v", "XADD x 2-1 f v",
      "XADD x 3-1 f v",
      "XGROUP CREATE x g 0", "XREADGROUP GROUP g c COUNT 1 STREAMS x >", "XTRIM x MAXLEN 1",
    ]
    let reads = [
      "BITCOUNT s 0", "BITCOUNT none 0", "BITCOUNT s 0 -1 BIT", "BITPOS s 1 0 -1 BIT",
      "LPOS l 3 RANK -9223372036854775808",
      "XREAD STREAMS x +", "ZCOUNT z 1 0x3", "ZRANK z b WITHSCORE", "XINFO GROUPS x", "ZSCORE z a",
      "ZSCORE z c", "ZSCORE z d",
      "ZRANGE z 0 -1 WITHSCORES", "GEOPOS g P C",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHCOORD",
      "SMEMBERS u", "SORT_RO u BY nosort LIMIT 0 2", "EXPIRETIME s", "SINTERCARD 2 u u", "HSCAN h 0 NOVALUES",
      "HTTL h FIELDS 1 a",
      "GEODIST g P C xx", "GEOSEARCH g FROMMEMBER none BYRADIUS 1 km",
    ]
    try await LaterServerTests.on(pair.0, pair.1) { bench, client, _, _ in
      for line in writes { _ = try client.ask(line.components(separatedBy: " ")) }
      LaterServerTests.settle(bench)
      for line in reads { _ = try client.ask(line.components(separatedBy: " ")) }
      _ = eventually {
        let compare = bench.figures().compare
        return compare.compared + compare.ignored + compare.dropped >= UInt64(reads.count)
      }
      let compare = bench.figures().compare
      #expect(compare.diverged == 0, "\(compare) \(bench.divergences)")
      #expect(compare.ignoredBy[.versions] > 0 && compare.matched > 8, "\(compare)")
    }
  }

  /// A stack whose clock is ahead is told the same time to live in its own clock.
  @Test func expiriesAreMovedForAClockThatIsWrong() async throws {
    let (legacy, new) = (try FakeStack(), try FakeStack())
    defer {
      legacy.stop()
      new.stop()
    }
    func time(ahead seconds: Double) -> String {
      let now = Date().timeIntervalSince1970 + seconds
      let parts = ["\(Int(now))", "\(Int((now - now.rounded(.down)) * 1e6))"]
      return "*2\r\n" + parts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }
    legacy.identity.time = time(ahead: 0)
    new.identity.time = time(ahead: 30)
    try await Bench.run(
      legacy: .port(legacy.port, "legacy-stack"), new: .port(new.port, "new-stack"), routing: .at(.dualwrite)
    ) { bench in
      let (primary, mirror) = (try legacy.connection(), try new.connection())
      let client = try bench.client()
      let now = Int(Date().timeIntervalSince1970 * 1000)
      try client.send(command: ["SET", "k", "v", "EX", "20"])
      _ = try primary.command()
      try primary.send("+OK\r\n")
      var told = try mirror.command()
      #expect(told[0...3] == ["SET", "k", "v", "PXAT"])
      #expect(abs((Int(told[4]) ?? 0) - now - 50_000) < 10_000)
      #expect(try client.reply() == "+OK\r\n")
      // A time of day is one of the primary's clock.
      try client.send(command: ["PEXPIREAT", "k", "4000000000000"])
      _ = try primary.command()
      try primary.send(":1\r\n")
      told = try mirror.command()
      #expect(told == ["PEXPIREAT", "k", "4000000030000"])
      // So is that of a copy.
      try client.send(command: ["SET", "c", "v"])
      _ = try primary.command()
      try primary.send("+OK\r\n")
      _ = try mirror.command()
      try mirror.send("+OK\r\n:1\r\n-OOM no\r\n")
      try primary.expectCopyQuestion(about: "c")
      try primary.send("$4\r\ndump\r\n:4000000000000\r\n")
      try mirror.expectReplaced("RESTORE", "c", "4000000030000", "dump", "REPLACE", "ABSTTL")
      try mirror.send(TestSocket.replaced)
      // And what is the same in both clocks is no difference.
      for (time, outcome) in [(4_000_000_030_000, KeyOutcome.equal), (4_000_000_000_000, .different(.ttl))] {
        let check = bench.begin(.check, "d")
        #expect(try primary.command() == ["TYPE", "d"])
        try primary.send("+string\r\n")
        for (stack, said) in [(primary, 4_000_000_000_000), (mirror, time)] {
          for word in ["TYPE", "PEXPIRETIME", "GET"] { #expect(try stack.command() == [word, "d"]) }
          try stack.send("+string\r\n:\(said)\r\n$1\r\nv\r\n")
        }
        #expect(check.finish() == [outcome])
      }
      #expect(bench.proxy.clockShift(of: .new) == 30_000 && bench.proxy.clockShift(of: .legacy) == 0)
    }
  }
}

extension Reply {
  fileprivate var items: [Reply] { if case .array(let items) = self { items } else { [] } }
  /// The same; a relative time is told as an absolute one, by a clock that is read a moment later.
  fileprivate func isAbout(_ other: Reply) -> Bool {
    zip(items, other.items).allSatisfy { pair in
      guard case (.integer(let one), .integer(let two)) = pair, one > 0, two > 0 else {
        return pair.0 == pair.1
      }
      return abs(one - two) < 1000
    } && items.count == other.items.count && (!items.isEmpty || self == other)
  }

  fileprivate var isError: Bool { if case .error = self { true } else { false } }
}
