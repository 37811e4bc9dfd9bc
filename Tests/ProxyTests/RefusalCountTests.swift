import SluiceCommands
import SluiceFigures
import SluiceProxy
import SluiceRouting
import Testing

/// An application may swallow an error: what is refused is counted, with who asked.
@Suite(.serialized) struct RefusalCountTests {
  private struct Row: Equatable {
    let command: String
    let reason: String
    let count: UInt64
  }

  @Test(arguments: [1, 2]) func eachUnderItsCommandAndReason(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runMemory(settings, routing: .at(.live)) { bench in
      let snapshot = RoutingSnapshot.at(.live)
      let (left, right) = (snapshot.keys(1, on: .legacy)[0], snapshot.keys(1, on: .new)[0])
      let client = try bench.client()
      _ = try client.ask("CLIENT", "SETNAME", "shop-7")
      _ = try client.ask("CLIENT", "SETINFO", "lib-name", "redis-py")
      _ = try client.ask("CLIENT", "SETINFO", "lib-ver", "5.0.8")
      let asked: [([String], String, String)] = [
        (["EVAL", "return 1", "0"], "EVAL", "script_without_keys"),
        (["SUBSCRIBE", "c"], "SUBSCRIBE", "pubsub"),
        (["HELLO", "3"], "HELLO", "resp3"), (["WATCH", "a"], "WATCH", "transaction"),
        (["XREAD", "BLOCK", "0", "STREAMS", "s", "0"], "XREAD", "blocking"),
        (["COPY", "a", "b", "DB", "3"], "COPY", "database"),
        (["SORT", "a", "BY", "w_*"], "SORT", "sort_pattern"),
        (["WAIT", "1", "0"], "WAIT", "replication"), (["ACL", "LOAD"], "ACL|LOAD", "access_control"),
        (["RENAME", left, right], "RENAME", "cross_stack"), (["STATUS"], "UNKNOWN", "control_order"),
      ]
      for (words, _, _) in asked {
        for _ in 0..<3 { #expect(try client.ask(words).hasPrefix("-"), "\(words)") }
      }
      try client.send(
        "MULTI\r\nGET a\r\nEXEC\r\nMULTI\r\nDISCARD\r\nMULTI\r\nGET\r\nEXEC\r\nEXEC\r\nCLIENT FOO\r\nGET\r\n")
      for _ in 0..<11 { _ = try client.reply() }
      try client.send("SELECT 1\r\nGET a\r\nSELECT 0\r\n")
      for _ in 0..<3 { _ = try client.reply() }
      let expected =
        asked.map { Row(command: $0.1, reason: $0.2, count: 3) }
        + [
          Row(command: "MULTI", reason: "transaction", count: 1),
          Row(command: "SELECT", reason: "select", count: 1),
          Row(command: "GET", reason: "behind_select", count: 1),
        ]
      #expect(eventually { bench.figures().refusals.total == 36 }, "\(bench.figures().refusals.ranked)")
      let ranked = bench.figures().refusals.ranked
      let rows = ranked.map {
        Row(
          command: CommandTable.shared.name(of: $0.place.command), reason: $0.place.reason,
          count: $0.tally.count)
      }
      #expect(rows.count == expected.count)
      for row in expected { #expect(rows.contains(row), "\(row)") }
      for (place, tally) in ranked {
        #expect(tally.client.name == "shop-7" && tally.client.library == "redis-py 5.0.8", "\(place)")
        #expect(tally.client.address.hasPrefix("127.0.0.1:"), "\(place)")
        #expect(tally.firstAt > 1_600_000_000_000 && tally.firstAt <= tally.lastAt, "\(place)")
      }
    }
  }
}

/// The stack that has the keys answers for all that is asked about keys and servers.
@Suite(.serialized) struct DeadStackTests {
  private static let questions = [
    ["INFO"], ["TIME"], ["DBSIZE"], ["SCAN", "0"], ["KEYS", "*"], ["RANDOMKEY"], ["HELLO", "2"],
  ]

  /// A stack that nobody listens for, and a memory engine as the other one.
  private static func run(
    dead: StackID, _ routing: RoutingSnapshot, threads: Int = 1,
    _ body: @escaping @Sendable (Bench) throws -> Void
  ) async throws {
    let nobody = try FakeStack()
    nobody.stop()
    let gone = StackEndpoint.port(nobody.port, "nobody")
    try await Bench.withMemory { memory in
      var settings = ProxySettings()
      settings.threads = threads
      try await Bench.run(
        settings, legacy: dead == .legacy ? gone : memory, new: dead == .new ? gone : memory, routing: routing
      ) { bench in
        let client = try bench.client()
        let isUp = try eventually { try client.ask("SET", "k", "v") == "+OK\r\n" }
        #expect(isUp)
        try body(bench)
      }
    }
  }

  @Test(arguments: [1, 2]) func aDeadLegacyBlindsNobodyWhenNewHasAllKeys(threads: Int) async throws {
    for stage in [Stage.live, .rampdown, .complete] {
      try await DeadStackTests.run(dead: .legacy, .at(stage, 100), threads: threads) { bench in
        try DeadStackTests.expectAnswers(bench, "\(stage)")
      }
    }
  }

  @Test(arguments: [1, 2]) func aDeadNewBlindsNobodyWhenLegacyHasAllKeys(threads: Int) async throws {
    for routing in [
      RoutingSnapshot.at(.off), .at(.dualwrite), .at(.shadow), .at(.live, 0),
      .at(.live, 100, isRolledBack: true),
      .at(.live, 100, fallback: .readsAndWrites),
    ] {
      try await DeadStackTests.run(dead: .new, routing, threads: threads) { bench in
        try DeadStackTests.expectAnswers(bench, "\(routing.stage)")
      }
    }
  }

  /// With keys on both sides a server still answers whoever looks whether one is there; about all keys nobody can.
  @Test func ofTwoServersTheOneThatIsThereIsAsked() async throws {
    let routing = RoutingSnapshot.at(.live, 99)
    try await DeadStackTests.run(dead: .legacy, routing) { bench in
      let client = try bench.client()
      for question in [["INFO"], ["TIME"], ["HELLO", "2"]] {
        #expect(try !client.ask(question).hasPrefix("-"), "\(question)")
      }
      #expect(try client.ask("DBSIZE").hasPrefix("-STACKDOWN"))
    }
  }

  private static func expectAnswers(_ bench: Bench, _ stage: String) throws {
    let client = try bench.client()
    for question in questions { #expect(try !client.ask(question).hasPrefix("-"), "\(stage) \(question)") }
    #expect(try client.ask("DBSIZE") == ":1\r\n", "\(stage)")
    #expect(try client.ask("KEYS", "*") == "*1\r\n$1\r\nk\r\n", "\(stage)")
    // In one round: there is no other side to look at.
    #expect(try client.ask("SCAN", "0") == "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n", "\(stage)")
    #expect(try client.ask("HELLO", "2").contains("7.0.15"), "\(stage)")
    #expect(try client.ask("FLUSHDB") == "+OK\r\n", "\(stage)")
  }
}
