import SluiceProxy
import SluiceRouting
import Testing

/// The replies to a client come in the order of its commands, whichever stack or lane answers first.
@Suite(.serialized) struct ReplyOrderTests {
  private static let routing = RoutingSnapshot.at(.live, 50)

  @Test(arguments: [true, false]) func oneStackAnswersBeforeTheOther(newIsFirst: Bool) async throws {
    try await Bench.runScripted(routing: ReplyOrderTests.routing) { bench, stacks in
      let keys = (0..<40).map { "k\($0)" }
      let client = try bench.client()
      var pipeline = ""
      for (number, key) in keys.enumerated() {
        pipeline += "GET \(key)\r\n"
        if number % 3 == 0 { pipeline += "ECHO \(number)\r\n" }
        if number % 7 == 0 { pipeline += "MONITOR\r\n" }
      }
      try client.send(pipeline)
      func answer(_ stack: TestSocket, _ side: StackID) throws {
        for key in keys where ReplyOrderTests.routing.primary(of: Array(key.utf8).span) == side {
          #expect(try stack.command() == ["GET", key])
          try stack.send("$\(key.utf8.count)\r\n\(key)\r\n")
        }
      }
      try answer(newIsFirst ? stacks.new : stacks.legacy, newIsFirst ? .new : .legacy)
      bench.settle()
      try answer(newIsFirst ? stacks.legacy : stacks.new, newIsFirst ? .legacy : .new)
      for (number, key) in keys.enumerated() {
        #expect(try client.reply() == "$\(key.utf8.count)\r\n\(key)\r\n")
        if number % 3 == 0 { #expect(try client.reply() == "$\("\(number)".count)\r\n\(number)\r\n") }
        if number % 7 == 0 { #expect(try client.reply().hasPrefix("-ERR sluice: MONITOR")) }
      }
    }
  }

  /// Law 12: what the reply to a write sets off must not answer the same client in the midst of it. Here the write's key is one
  /// suspect too many for new, which is given up while it owes the client's next reply.
  @Test func aReplyIsWrittenBeforeWhatItsEffectSetsOff() async throws {
    var settings = ProxySettings()
    settings.suspects = 1
    settings.mirrorCommands = 1
    try await Bench.runScripted(settings, routing: ReplyOrderTests.routing) { bench, stacks in
      let old = ReplyOrderTests.routing.keys(3, on: .legacy)
      let young = ReplyOrderTests.routing.keys(1, on: .new)[0]
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", old[0], "v")
      #expect(try stacks.new.command() == ["SET", old[0], "v"])
      // Now the mirror's queue is full.
      try client.send("SET \(old[1]) v\r\nSET \(old[2]) v\r\nINCR \(young)\r\n")
      #expect(try stacks.new.command() == ["INCR", young])
      #expect(try stacks.legacy.command() == ["SET", old[1], "v"])
      #expect(try stacks.legacy.command() == ["SET", old[2], "v"])
      try stacks.legacy.send("+FIRST\r\n+SECOND\r\n")
      #expect(try client.reply() == "+FIRST\r\n")
      #expect(try client.reply() == "+SECOND\r\n")
      #expect(
        try client.reply()
          == "-STACKDOWN sluice: stack 'new' (new-stack) what it holds may be old: it is being emptied; "
          + "the write may or may not have happened\r\n")
    }
  }

  @Test func aSplitCommandWaitsForBothStacks() async throws {
    try await Bench.runScripted(routing: ReplyOrderTests.routing) { bench, stacks in
      let old = ReplyOrderTests.routing.keys(2, on: .legacy)
      let young = ReplyOrderTests.routing.keys(2, on: .new)
      let client = try bench.client()
      try client.send(command: "MGET", young[0], old[0], young[1], old[1], young[0])
      try client.send("PING\r\n")
      #expect(try stacks.new.command() == ["MGET", young[0], young[1], young[0]])
      #expect(try stacks.legacy.command() == ["MGET", old[0], old[1]])
      try stacks.new.send("*3\r\n$1\r\na\r\n$-1\r\n$1\r\na\r\n")
      bench.settle()
      try stacks.legacy.send("*2\r\n$1\r\nb\r\n$0\r\n\r\n")
      #expect(try client.reply() == "*5\r\n$1\r\na\r\n$1\r\nb\r\n$-1\r\n$0\r\n\r\n$1\r\na\r\n")
      #expect(try client.reply() == "+PONG\r\n")
    }
  }

  @Test func anErrorOfOnePartIsTheAnswer() async throws {
    try await Bench.runScripted(routing: ReplyOrderTests.routing) { bench, stacks in
      let old = ReplyOrderTests.routing.keys(1, on: .legacy)[0]
      let young = ReplyOrderTests.routing.keys(1, on: .new)[0]
      let client = try bench.client()
      try client.send(command: "DEL", old, young)
      _ = try stacks.legacy.command()
      _ = try stacks.new.command()
      try stacks.legacy.send(":1\r\n")
      try stacks.new.send("-LOADING Redis is loading the dataset in memory\r\n")
      #expect(try client.reply() == "-LOADING Redis is loading the dataset in memory\r\n")
      // Half of it was acknowledged, and that half is mirrored.
      #expect(try stacks.new.command() == ["DEL", old])
    }
  }

  /// Law 8: never half applied.
  @Test(arguments: [1, 2]) func keysOnBothStacksAreRefusedWhole(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runScripted(settings, routing: ReplyOrderTests.routing) { bench, stacks in
      let old = ReplyOrderTests.routing.keys(1, on: .legacy)[0]
      let young = ReplyOrderTests.routing.keys(1, on: .new)[0]
      let client = try bench.client()
      for words in [
        "SUNIONSTORE \(old) \(young)", "RENAME \(young) \(old)", "MSETNX \(old) 1 \(young) 2",
        "PFCOUNT \(old) \(young)",
        "SINTERCARD 2 \(old) \(young)", "COPY \(old) \(young)",
      ] {
        try client.send(words + "\r\n")
        let name = words.prefix { $0 != " " }
        #expect(
          try client.reply()
            == "-CROSSSTACK sluice: the keys of \(name) are on both stacks just now and it cannot "
            + "be split; give them one hash tag, as in {user1}:a {user1}:b, to keep them together\r\n")
      }
      bench.settle()
      for lane in stacks.legacyLanes + stacks.newLanes { #expect(try lane.commandsNow() == []) }
    }
  }

  /// These stacks do not say what commands they have, so nobody knows what it touches (law 8).
  @Test func anUnknownCommandIsRefusedWhereNobodyCanTellItsKeys() async throws {
    try await Bench.runScripted(routing: ReplyOrderTests.routing) { bench, stacks in
      let client = try bench.client()
      let young = ReplyOrderTests.routing.keys(1, on: .new)[0]
      #expect(try client.ask("MODULE.DO", young, "x").hasPrefix("-ERR sluice: nobody can tell the keys"))
      bench.settle()
      #expect(try stacks.legacy.commandsNow() == [] && stacks.new.commandsNow() == [])
    }
  }

  @Test(arguments: [Stage.off, .live]) func manyKeysOverTwoLanes(_ stage: Stage) async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runMemory(settings, routing: .at(stage)) { bench in
      let keys = (0..<60).map { "k\($0)" }
      for round in 0..<4 {
        // Whichever loop the client lives on.
        let client = try bench.client()
        try client.send("MSET " + keys.map { "\($0) \($0)-\(round)" }.joined(separator: " ") + "\r\n")
        try client.send(
          "MGET none " + keys.joined(separator: " ") + "\r\nEXISTS none " + keys.joined(separator: " "))
        try client.send("\r\nPING\r\nDEL none " + keys.joined(separator: " ") + "\r\n")
        #expect(try client.reply() == "+OK\r\n")
        let values = keys.map { "$\($0.utf8.count + 2)\r\n\($0)-\(round)\r\n" }.joined()
        #expect(try client.reply() == "*61\r\n$-1\r\n" + values)
        #expect(try client.reply() == ":60\r\n")
        #expect(try client.reply() == "+PONG\r\n")
        #expect(try client.reply() == ":60\r\n")
      }
    }
  }

  /// Law 1: a command for all lanes comes after what its client sent before it, and before what comes behind it.
  @Test func aCommandForAllLanesKeepsItsPlace() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let clients = try (0..<4).map { _ in try bench.client() }
      for round in 0..<200 {
        let client = clients[round % 4]
        let key = "k\(round % 13)"
        try client.send("SET \(key) v\r\nFLUSHALL\r\nGET \(key)\r\nSET \(key) w\r\nGET \(key)\r\n")
        let replies = try (0..<5).map { _ in try client.reply() }
        #expect(replies == ["+OK\r\n", "+OK\r\n", "$-1\r\n", "+OK\r\n", "$1\r\nw\r\n"], "round \(round)")
      }
    }
  }

  @Test func aQuestionAboutAllKeysSeesWhatItsClientWrote() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let clients = try (0..<4).map { _ in try bench.client() }
      for round in 0..<200 {
        let client = clients[round % 4]
        let key = "k\(round)"
        try client.send("SET \(key) v\r\nDBSIZE\r\nKEYS *\r\nDEL \(key)\r\nDBSIZE\r\n")
        let replies = try (0..<5).map { _ in try client.reply() }
        #expect(replies[1] == ":1\r\n")
        #expect(replies[2] == "*1\r\n$\(key.count)\r\n\(key)\r\n")
        #expect(replies[4] == ":0\r\n")
      }
    }
  }

  /// Nor does it see what the client asked afterwards, though that may take a shorter way.
  @Test func aQuestionAboutAllKeysIsNotOvertaken() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runScripted(settings, routing: .at(.off)) { bench, stacks in
      let client = try bench.client()
      try client.send("DBSIZE\r\n" + (0..<8).map { "SET k\($0) v\r\n" }.joined())
      var asked: [[String]] = []
      var lane = stacks.legacy
      func look() throws -> Int {
        for next in stacks.legacyLanes {
          let commands = try next.commandsNow()
          if commands.contains(["DBSIZE"]) { lane = next }
          asked += commands
        }
        return asked.count
      }
      #expect(try eventually { try look() > 0 })
      bench.settle()
      _ = try look()
      #expect(asked == [["DBSIZE"]])
      try lane.send(":0\r\n")
      #expect(try client.reply() == ":0\r\n")
      #expect(try eventually { try look() == 9 })
    }
  }

  /// What stands behind a fence is not overtaken by a question about all keys, which no fence holds.
  @Test func aQuestionAboutAllKeysWaitsBehindAFence() async throws {
    let routing = RoutingSnapshot.at(.live)
    try await Bench.runScripted(routing: routing) { bench, stacks in
      let client = try bench.client()
      let key = routing.keys(1, on: .legacy)[0]
      try client.send("FLUSHALL\r\nSET \(key) v\r\nKEYS *\r\n")
      #expect(try stacks.legacy.command() == ["FLUSHALL"])
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["FLUSHALL"])
      try stacks.new.send("+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", key, "v"])
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.legacy.command() == ["KEYS", "*"])
    }
  }

  /// In live keys are counted on both stacks, so the mirror must have been told of them.
  @Test func aCountInLiveIsTheClientsOwn() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let client = try bench.client()
      try client.send((0..<50).map { "SET k\($0) v\r\n" }.joined() + "DBSIZE\r\nDEL k0 k1 k2\r\nDBSIZE\r\n")
      let replies = try (0..<53).map { _ in try client.reply() }
      #expect(replies.suffix(3) == [":50\r\n", ":3\r\n", ":47\r\n"])
    }
  }
}
