import SluiceFigures
import SluiceProxy
import SluiceRouting
import Testing

/// Stacks that do what no server should: their connection is cut, the clients in flight are told, and nobody gets
/// another command's reply.
@Suite(.serialized) struct HostileStackTests {
  struct Misbehaviour: CustomTestStringConvertible, Sendable {
    let name: String
    /// What the stack sends in the place of its first reply; nil closes at once.
    let bytes: String
    let thenCloses: Bool
    let reason: String
    var testDescription: String { name }
  }

  static let misbehaviours = [
    Misbehaviour(
      name: "garbage", bytes: "hello\r\n", thenCloses: false,
      reason: "does not speak RESP (unknown reply type 'h')"),
    Misbehaviour(
      name: "a length that is none", bytes: "$x\r\n", thenCloses: false,
      reason: "does not speak RESP (invalid reply length)"),
    Misbehaviour(
      name: "a bulk string without its end", bytes: "$3\r\nabcde", thenCloses: false,
      reason: "does not speak RESP (reply without CRLF where one must be)"),
    Misbehaviour(
      name: "nested without end", bytes: String(repeating: "*1\r\n", count: 100), thenCloses: false,
      reason: "does not speak RESP (reply nested too deeply)"),
    Misbehaviour(
      name: "a count that is a line without end", bytes: ":" + String(repeating: "1", count: 100_000),
      thenCloses: false,
      reason: "does not speak RESP (too big request)"),
    Misbehaviour(
      name: "a length that has no sum", bytes: "$9223372036854775807\r\n", thenCloses: false,
      reason: "does not speak RESP (invalid reply length)"),
    Misbehaviour(
      name: "a length whose sum is too large by one", bytes: "$9223372036854775785\r\n", thenCloses: false,
      reason: "does not speak RESP (invalid reply length)"),
    Misbehaviour(
      name: "a count that has no sum", bytes: "*9223372036854775807\r\n", thenCloses: false,
      reason: "does not speak RESP (invalid reply length)"),
    Misbehaviour(
      name: "a map", bytes: "%1\r\n+a\r\n:1\r\n", thenCloses: false,
      reason: "does not speak RESP (type '%' of RESP3, which nobody asked it to speak)"),
    Misbehaviour(
      name: "RESP3's null", bytes: "_\r\n", thenCloses: false,
      reason: "does not speak RESP (type '_' of RESP3, which nobody asked it to speak)"),
    Misbehaviour(
      name: "a push", bytes: ">2\r\n+a\r\n+b\r\n", thenCloses: false,
      reason: "does not speak RESP (type '>' of RESP3, which nobody asked it to speak)"),
    Misbehaviour(
      name: "a boolean in an array", bytes: "*2\r\n$1\r\na\r\n#t\r\n", thenCloses: false,
      reason: "does not speak RESP (type '#' of RESP3, which nobody asked it to speak)"),
    Misbehaviour(
      name: "half a reply", bytes: "$10\r\nabc", thenCloses: true, reason: "closed the connection"),
    Misbehaviour(name: "nothing", bytes: "", thenCloses: true, reason: "closed the connection"),
  ]

  @Test(arguments: misbehaviours) func isCutAndItsClientsAreTold(_ given: Misbehaviour) async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, stacks in
      let clients = try (0..<3).map { _ in try bench.client() }
      for (number, client) in clients.enumerated() {
        try client.send(command: number == 1 ? "INCR" : "GET", "k\(number)")
        _ = try stacks.legacy.command()
      }
      try stacks.legacy.send(given.bytes)
      if given.thenCloses { stacks.legacy.close() }
      for (number, client) in clients.enumerated() {
        let fate = number == 1 ? "; the write may or may not have happened" : ""
        #expect(
          try client.reply() == "-STACKDOWN sluice: stack 'legacy' (legacy-stack) \(given.reason)\(fate)\r\n")
      }
      // It comes back, and the old replies are not waited for any more.
      let again = try stacks.legacyStack.connection()
      #expect(eventually { bench.health().first?.legacy.name == "up" })
      try clients[2].send(command: "GET", "again")
      #expect(try again.command() == ["GET", "again"])
      try again.send("$1\r\n1\r\n")
      #expect(try clients[2].reply() == "$1\r\n1\r\n")
      // Who was not answered is among the operations too, so that a rate of errors never exceeds 100 %.
      let figures = bench.figures()
      #expect(figures[.legacy, .read].operations == 3 && figures[.legacy, .read].errors == 2)
      #expect(figures[.legacy, .write].operations == 1 && figures[.legacy, .write].errors == 1)
      #expect(bench.figures().errors[.legacy, .unreachable] == 3)
    }
  }

  /// A mirror that nobody trusts yet must not take the traffic of the other stack down with it.
  @Test(arguments: ["$9223372036854775807\r\n", "%1\r\n+a\r\n:1\r\n", "+OK\r\n+OK\r\n+OK\r\n", "\r\n"])
  func aMirrorThatMisbehavesHarmsNobody(_ bytes: String) async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "a", "1")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
      try stacks.new.send(bytes)
      #expect(try stacks.new.untilClosed() == "")
      try stacks.acknowledge(by: client, "SET", "a", "2")
      #expect(eventually { !bench.healthReasons.isEmpty })
    }
  }

  @Test func aReplyTooManyIsNobodys() async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "a")
      _ = try stacks.legacy.command()
      try stacks.legacy.send("$1\r\na\r\n$5\r\nwrong\r\n")
      #expect(try client.reply() == "$1\r\na\r\n")
      #expect(try stacks.legacy.untilClosed() == "")
      let again = try stacks.legacyStack.connection()
      #expect(eventually { bench.health().first?.legacy.name == "up" })
      try client.send(command: "GET", "b")
      _ = try again.command()
      try again.send("$1\r\nb\r\n")
      #expect(try client.reply() == "$1\r\nb\r\n")
      #expect(bench.healthReasons.contains("sent a reply that nobody asked for"))
    }
  }

  @Test func aReplyOfAnotherTypeGoesToItsOwnCommand() async throws {
    let routing = RoutingSnapshot.at(.live, 50)
    try await Bench.runScripted(routing: routing) { bench, stacks in
      let client = try bench.client()
      let old = routing.keys(1, on: .legacy)[0]
      let young = routing.keys(1, on: .new)[0]
      // Parts of split commands that are no arrays and no numbers.
      try client.send("DBSIZE\r\nMGET \(old) \(young)\r\nDEL \(old) \(young)\r\nSCAN 0\r\nKEYS *\r\nPING\r\n")
      for _ in 0..<5 {
        _ = try stacks.legacy.command()
        try stacks.legacy.send("+what\r\n")
      }
      for _ in 0..<4 {
        _ = try stacks.new.command()
        try stacks.new.send("*1\r\n*0\r\n")
      }
      _ = try (0..<5).map { _ in try client.reply() }
      #expect(try client.reply() == "+PONG\r\n")
    }
  }

  @Test func aStackThatOwesAReplyIsCutAtTheDeadline() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: 200_000_000) { bench, stacks in
      let client = try bench.client()
      try client.send("GET a\r\nGET b\r\n")
      #expect(
        try client.reply().hasPrefix("-STACKDOWN sluice: stack 'legacy' (legacy-stack) owed a reply for "))
      #expect(
        try client.reply().hasPrefix("-STACKDOWN sluice: stack 'legacy' (legacy-stack) owed a reply for "))
      #expect(bench.figures().errors[.legacy, .timeout] == 2)
      #expect(try stacks.legacy.command() == ["GET", "a"])
      #expect(try stacks.legacy.command() == ["GET", "b"])
      #expect(try stacks.legacy.untilClosed() == "")
    }
  }

  @Test func aDeadStackFailsFastAndByName() async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, stacks in
      stacks.legacyStack.stop()
      stacks.legacy.reset()
      #expect(eventually { bench.health().first?.legacy.name == "down" })
      let client = try bench.client()
      for _ in 0..<100 {
        #expect(
          try client.ask("GET", "a").hasPrefix(
            "-STACKDOWN sluice: stack 'legacy' (legacy-stack) cannot be used: "))
      }
      #expect(bench.figures().errors[.legacy, .refused] == 100)
      #expect(try client.ask("PING") == "+PONG\r\n")
    }
  }

  /// Whoever sends what nobody has asked for is asked less and less, even if the hand-shake is right each time, and a command.
  @Test(arguments: [false, true]) func aFloodIsNoReasonToComeAtOnce(answersOnce: Bool) async throws {
    let legacy = try FakeStack()
    let new = try FakeStack()
    defer {
      legacy.stop()
      new.stop()
    }
    var settings = ProxySettings()
    settings.backoffInitial = 20_000_000
    settings.backoffMaximum = 10_000_000_000
    let start = ContinuousClock.now
    try await Bench.run(
      settings, legacy: .port(legacy.port, "legacy-stack"), new: .port(new.port, "new-stack"),
      routing: .at(.off)
    ) { bench in
      let client = try bench.client()
      for _ in 0..<6 {
        let connection = try legacy.connection()
        #expect(eventually { bench.health().first?.legacy.name == "up" })
        if answersOnce {
          try client.send(command: "GET", "a")
          #expect(try connection.command() == ["GET", "a"])
          try connection.send("$1\r\na\r\n")
          #expect(try client.reply() == "$1\r\na\r\n")
        }
        try connection.send("+OK\r\n")
        #expect(try connection.untilClosed() == "")
      }
    }
    // Between the six were pauses of at least 10, 20, 40, 80 and 160 ms.
    #expect(ContinuousClock.now - start > .milliseconds(300))
  }

  @Test(arguments: [
    "-NOAUTH Authentication required.\r\n", "-LOADING Redis is loading\r\n", "nonsense\r\n", ":1\r\n",
    "+OK\r\n",
  ])
  func aHandShakeThatFailsIsTriedAgainWithBackoff(_ greeting: String) async throws {
    let legacy = try FakeStack(greeting: greeting)
    let new = try FakeStack()
    defer {
      legacy.stop()
      new.stop()
    }
    var settings = ProxySettings()
    settings.backoffInitial = 20_000_000
    settings.backoffMaximum = 100_000_000
    try await Bench.run(
      settings, legacy: .port(legacy.port, "legacy-stack"), new: .port(new.port, "new-stack"),
      routing: .at(.off)
    ) { bench in
      let client = try bench.client()
      #expect(try client.ask("GET", "a").hasPrefix("-STACKDOWN sluice: stack 'legacy' (legacy-stack)"))
      #expect(eventually { legacy.connections >= 4 })
      let reason = try #require(bench.healthReasons.first)
      let expected =
        switch greeting.first {
        case "-": "refused the connection: \(greeting.dropFirst().prefix(6))"
        case "n": "does not speak RESP"
        default: "is no Redis: it answered PING with '\(greeting.dropLast())'"
        }
      #expect(reason.hasPrefix(expected), "\(reason)")
      // Said once, however often it is tried.
      #expect(bench.healthReasons.count == 1)
    }
  }

  @Test func repliesInSinglePiecesOfOneByte() async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, stacks in
      let client = try bench.client()
      try client.send("GET a\r\nLRANGE l 0 -1\r\n")
      _ = try stacks.legacy.command()
      _ = try stacks.legacy.command()
      for byte in "$5\r\nhe\r\no\r\n*2\r\n$1\r\na\r\n*-1\r\n".utf8 { try stacks.legacy.send([byte]) }
      #expect(try client.reply() == "$5\r\nhe\r\no\r\n")
      #expect(try client.reply() == "*2\r\n$1\r\na\r\n*-1\r\n")
    }
  }
}
