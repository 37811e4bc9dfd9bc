import SluiceCommands
import SluiceFigures
import SluiceProxy
import SluiceRESP
import SluiceRouting
import Testing

/// What is compared, what is called different, and that every count adds up (law 10).
@Suite(.serialized) struct CompareTests {
  private static let routing = RoutingSnapshot.at(.shadow)

  /// Two real servers behind the proxy; the body gets a client of each, past the proxy.
  private static func onRealServers(
    _ routing: RoutingSnapshot = routing,
    _ body: @escaping @Sendable (Bench, _ legacy: TestSocket, _ new: TestSocket) throws -> Void
  ) async throws {
    try await Bench.runRedis(routing: routing) { try body($0, $1.client(), $2.client()) }
  }

  /// Waits until the verdict on `count` reads is in.
  private static func verdicts(_ count: UInt64, _ bench: Bench) -> CompareFigures {
    _ = eventually {
      let compare = bench.figures().compare
      return compare.compared + compare.dropped + compare.ignored >= count
    }
    return bench.figures().compare
  }

  @Test func equalServersMatch() async throws {
    try await CompareTests.onRealServers { bench, _, _ in
      let client = try bench.client()
      for words in [
        "SET s v EX 100", "HSET h a 1 b 2 c 3", "SADD u 1 2 3", "SADD w b a c", "ZADD z 1 a 2 b",
        "RPUSH l a b",
        "INCRBYFLOAT f 1.5", "SETRANGE r 3 x", "PFADD p a",
      ] {
        try client.send(words + "\r\n")
        #expect(try !client.reply().hasPrefix("-"))
      }
      let reads = [
        "GET s", "TTL s", "PTTL s", "EXPIRETIME s", "STRLEN s", "HGETALL h", "HKEYS h", "SMEMBERS u",
        "SMEMBERS w",
        "SUNION u w", "ZRANGE z 0 -1 WITHSCORES", "LRANGE l 0 -1", "GET f", "GETRANGE r 0 -1", "GET none",
        "TYPE s",
        "EXISTS s none", "MGET s none f", "GET l", "HGET s x", "PFCOUNT p", "TTL none", "TTL l",
      ]
      for read in reads {
        try client.send(read + "\r\n")
        _ = try client.reply()
      }
      let compare = CompareTests.verdicts(UInt64(reads.count), bench)
      // A time may tick between the two questions, and no longer differ when asked again.
      #expect(compare.matched + compare.superseded == UInt64(reads.count), "\(compare) \(bench.divergences)")
      #expect(compare.superseded <= 5, "only the questions for times")
      #expect(compare.diverged == 0 && compare.mirroredWrites == 9 && compare.mirrorErrors == 0)
      #expect(bench.divergences.isEmpty)
    }
  }

  @Test func otherOrderIsNoDifference() async throws {
    try await CompareTests.onRealServers { bench, legacy, new in
      let members = (0..<200).map { "m\($0)" }
      _ = try legacy.ask(["SADD", "u"] + members)
      _ = try new.ask(["SADD", "u"] + members.reversed())
      _ = try legacy.ask(["HSET", "h"] + members.flatMap { [$0, $0 + "-v"] })
      _ = try new.ask(["HSET", "h"] + members.reversed().flatMap { [$0, $0 + "-v"] })
      // Small sets and hashes are lists, in the order of arrival.
      _ = try legacy.ask(["HSET", "i", "a", "1", "b", "2"])
      _ = try new.ask(["HSET", "i", "b", "2", "a", "1"])
      let client = try bench.client()
      for words in [
        ["SMEMBERS", "u"], ["HGETALL", "h"], ["HKEYS", "i"], ["HVALS", "i"], ["HGETALL", "i"],
      ] {
        _ = try client.ask(words)
      }
      let compare = CompareTests.verdicts(5, bench)
      #expect(compare.matched == 5 && compare.diverged == 0, "\(compare)")
    }
  }

  private typealias Planted = (legacy: [String], new: [String], read: [String], kind: DivergenceKind)

  /// What may be wrong with a new stack, planted behind the proxy's back.
  private static let planted: [Planted] = [
    (["SET", "a", "one"], ["SET", "a", "two"], ["GET", "a"], .value),
    (["SET", "b", "one"], ["PING"], ["GET", "b"], .missingInNew),
    (["PING"], ["SET", "c", "one"], ["GET", "c"], .missingInLegacy),
    (["SET", "d", "1"], ["RPUSH", "d", "1"], ["GET", "d"], .type),
    (["RPUSH", "e", "1"], ["SET", "e", "1"], ["GET", "e"], .type),
    (["SET", "f", "1", "EX", "100"], ["SET", "f", "1", "EX", "500"], ["TTL", "f"], .ttl),
    (["SET", "g", "1"], ["SET", "g", "1", "EX", "500"], ["PTTL", "g"], .ttl),
    (["SET", "h", "1"], ["PING"], ["TTL", "h"], .missingInNew),
    (["SADD", "i", "1", "2"], ["SADD", "i", "1", "3"], ["SMEMBERS", "i"], .value),
    (["SADD", "j", "1"], ["PING"], ["SMEMBERS", "j"], .missingInNew),
    (["HSET", "k", "a", "b"], ["HSET", "k", "b", "a"], ["HGETALL", "k"], .value),
    (["SET", "l", "1"], ["PING"], ["EXISTS", "l"], .missingInNew),
    (["SET", "m", "aaab"], ["SET", "m", "aaac"], ["MGET", "m", "x"], .value),
    // A number, or a null inside of a key that is there, says nothing about the key being missing.
    (["PING"], ["SADD", "n", "1"], ["SISMEMBER", "n", "1"], .missingInLegacy),
    (["SADD", "o", "1"], ["SADD", "o", "2"], ["SISMEMBER", "o", "1"], .value),
    (["HSET", "p", "a", "b"], ["HSET", "p", "c", "b"], ["HGET", "p", "a"], .value),
    (["HSET", "q", "a", "b"], ["PING"], ["HGET", "q", "a"], .missingInNew),
    (["RPUSH", "r", "1", "2"], ["PING"], ["LLEN", "r"], .missingInNew),
    (["RPUSH", "s", "1", "2"], ["RPUSH", "s", "1"], ["LLEN", "s"], .value),
    (["SET", "t", "1"], ["RPUSH", "t", "1"], ["TYPE", "t"], .type),
    (["SET", "u", "1"], ["PING"], ["TYPE", "u"], .missingInNew),
    (["SET", "v", "1"], ["RPUSH", "v", "1"], ["MGET", "x", "v"], .type),
    (["SET", "w", "1"], ["PING"], ["MGET", "x", "w"], .missingInNew),
    (["PING"], ["SET", "x1", "1"], ["SMEMBERS", "x1"], .missingInLegacy),
    (["SADD", "y", "1"], ["PING"], ["SUNION", "y", "y2"], .missingInNew),
    (["ZADD", "z", "1", "m"], ["ZADD", "z", "1.5", "m"], ["ZSCORE", "z", "m"], .value),
    (["ZADD", "z1", "1", "1"], ["ZADD", "z1", "1", "1.0"], ["ZRANGE", "z1", "0", "-1"], .value),
    (["SET", "z2", "1", "EX", "500"], ["SET", "z2", "1"], ["EXPIRETIME", "z2"], .ttl),
  ]

  @Test func plantedDifferencesAreFoundByTheirKind() async throws {
    try await CompareTests.onRealServers { bench, legacy, new in
      let planted = CompareTests.planted
      let client = try bench.client()
      for (index, difference) in planted.enumerated() {
        _ = try legacy.ask(difference.legacy)
        _ = try new.ask(difference.new)
        _ = try client.ask(difference.read)
        // One verdict at a time, so that they come in order.
        #expect(
          CompareTests.verdicts(UInt64(index + 1), bench).diverged == UInt64(index + 1), "\(difference)")
      }
      let compare = bench.figures().compare
      #expect(compare.diverged == UInt64(planted.count) && compare.matched == 0, "\(compare)")
      let found = bench.divergences
      for (difference, found) in zip(planted, found) {
        #expect(found.kind == difference.kind, "\(difference)")
        // MGET names the key that differs.
        #expect(difference.read.contains(String(decoding: found.key, as: UTF8.self)), "\(difference)")
      }
      #expect(found.filter { $0.key == Array("x".utf8) }.isEmpty, "the key that differs is named")
      #expect(found.first?.firstDifference == 4)
      #expect(found.first?.legacy?.bytes.map { String(decoding: $0, as: UTF8.self) } == "$3\r\none\r\n")
      #expect(found.first?.new?.bytes.map { String(decoding: $0, as: UTF8.self) } == "$3\r\ntwo\r\n")
      for kind in DivergenceKind.allCases {
        #expect(bench.figures().divergences[kind] == UInt64(planted.count { $0.kind == kind }), "\(kind)")
      }
    }
  }

  @Test func aSecondOfTimeToLiveIsTolerated() async throws {
    try await CompareTests.onRealServers { bench, legacy, new in
      let client = try bench.client()
      _ = try legacy.ask(["SET", "a", "1", "PXAT", "4102444800000"])
      _ = try new.ask(["SET", "a", "1", "PXAT", "4102444800900"])
      _ = try client.ask("PEXPIRETIME", "a")
      _ = try client.ask("PTTL", "a")
      #expect(CompareTests.verdicts(2, bench).matched == 2)
      _ = try new.ask(["PEXPIREAT", "a", "4102444801100"])
      _ = try client.ask("PEXPIRETIME", "a")
      let compare = CompareTests.verdicts(3, bench)
      #expect(compare.matched == 2 && compare.diverged == 1 && bench.figures().divergences[.ttl] == 1)
    }
  }

  @Test func theCountsAddUp() async throws {
    try await CompareTests.onRealServers(.at(.live)) { bench, legacy, new in
      let client = try bench.client()
      for number in 0..<100 { #expect(try client.ask("SET", "k\(number)", "v") == "+OK\r\n") }
      bench.settle()
      for number in 0..<10 { _ = try legacy.ask(["SET", "k\(number)", "planted"]) }
      for number in 0..<100 { _ = try client.ask("GET", "k\(number)") }
      for number in 0..<20 { _ = try client.ask("OBJECT", "ENCODING", "k\(number)") }
      let figures = CompareTests.verdicts(120, bench)
      #expect(figures.matched == 90 && figures.diverged == 10 && figures.ignored == 20, "\(figures)")
      #expect(figures.superseded == 0 && figures.dropped == 0)
      #expect(figures.mirroredWrites == 100 && figures.droppedWrites == 0 && figures.mirrorErrors == 0)
      let all = bench.figures()
      let asked = StackID.allCases.reduce(0) { $0 + all[$1, .write].operations }
      #expect(asked == 200, "each write once on either stack")
    }
  }
}
