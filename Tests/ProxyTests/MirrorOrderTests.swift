import SluiceFigures
import SluiceProxy
import SluiceRouting
import Testing

/// Laws 2, 4 and 5, seen from both ends: the test is the clients and the stacks.
@Suite(.serialized) struct MirrorOrderTests {
  // MARK: Law 2

  @Test func aWriteGoesToTheMirrorWhenThePrimaryHasAcknowledgedIt() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "a", "1")
      #expect(try stacks.legacy.command() == ["SET", "a", "1"])
      bench.settle()
      #expect(try stacks.new.commandsNow() == [], "nothing may go before the acknowledgement")
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
    }
  }

  @Test func theMirrorGetsTheOrderOfTheAcknowledgements() async throws {
    try await Bench.runScripted(routing: .at(.shadow)) { bench, stacks in
      let clients = try (0..<4).map { _ in try bench.client() }
      var log: [[String]] = []
      for round in 0..<50 {
        for (number, client) in clients.enumerated() {
          try client.send(command: "SET", "key", "\(round).\(number)")
          if number == 2 { try client.send(command: "GET", "key") }
        }
        var batch: [[String]] = []
        while batch.count < 5 { batch.append(try stacks.legacy.command()) }
        log += batch
        // Acknowledged in pieces that end anywhere.
        let replies = Array(batch.map { $0[0] == "SET" ? "+OK\r\n" : "$1\r\nx\r\n" }.joined().utf8)
        try stacks.legacy.send(Array(replies.prefix(7 + round % 9)))
        bench.settle()
        try stacks.legacy.send(Array(replies.dropFirst(7 + round % 9)))
        for (number, client) in clients.enumerated() {
          #expect(try client.reply() == "+OK\r\n")
          if number == 2 { #expect(try client.reply() == "$1\r\nx\r\n") }
        }
      }
      // A compared read stands where the primary answered it.
      for expected in log { #expect(try stacks.new.command() == expected) }
    }
  }

  @Test func whatThePrimaryRefusedNeverGoesThere() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for (value, reply) in [("1", "-OOM command not allowed\r\n"), ("2", "+OK\r\n"), ("3", "-ERR no\r\n")] {
        try client.send(command: "SET", "a", value)
        _ = try stacks.legacy.command()
        try stacks.legacy.send(reply)
        #expect(try client.reply() == reply)
      }
      #expect(try stacks.new.command() == ["SET", "a", "2"])
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func eachCohortIsMirroredOnTheOtherStack() async throws {
    let routing = RoutingSnapshot.at(.live, 50)
    try await Bench.runScripted(routing: routing) { bench, stacks in
      let client = try bench.client()
      let old = routing.keys(1, on: .legacy)[0]
      let young = routing.keys(1, on: .new)[0]
      try client.send(command: "SET", young, "n")
      #expect(try stacks.new.command() == ["SET", young, "n"])
      bench.settle()
      #expect(try stacks.legacy.commandsNow() == [])
      try stacks.new.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", young, "n"])
      try stacks.legacy.send("+OK\r\n")
      try client.send(command: "SET", old, "l")
      #expect(try stacks.legacy.command() == ["SET", old, "l"])
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["SET", old, "l"])
    }
  }

  @Test(arguments: [Stage.off, .dualwrite, .shadow, .rampdown, .complete])
  func eachStageAsksWhomItShould(_ stage: Stage) async throws {
    try await Bench.runScripted(routing: .at(stage)) { bench, stacks in
      let primaryIsNew = stage == .rampdown || stage == .complete
      let (primary, mirror) = primaryIsNew ? (stacks.new, stacks.legacy) : (stacks.legacy, stacks.new)
      let client = try bench.client()
      try client.send(command: "SET", "a", "1")
      _ = try primary.command()
      try primary.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      try client.send(command: "GET", "a")
      _ = try primary.command()
      try primary.send("$1\r\n1\r\n")
      #expect(try client.reply() == "$1\r\n1\r\n")
      bench.settle()
      var expected: [[String]] = []
      if stage != .off && stage != .complete { expected.append(["SET", "a", "1"]) }
      if stage == .shadow { expected.append(["GET", "a"]) }
      #expect(try mirror.commandsNow() == expected)
    }
  }

  /// What a server says of itself is no write, whatever the server's table says.
  @Test func questionsToTheServerAreNotMirrored() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for words in [["INFO"], ["TIME"], ["CONFIG", "GET", "maxmemory"], ["COMMAND", "COUNT"]] {
        try client.send(words.joined(separator: " ") + "\r\n")
        #expect(try stacks.legacy.command() == words)
        try stacks.legacy.send(":1\r\n")
        #expect(try client.reply() == ":1\r\n")
      }
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
      #expect(bench.figures().compare.mirroredWrites == 0)
    }
  }

  // MARK: Law 4

  @Test func aMirrorThatNeverAnswersDelaysNobody() async throws {
    var settings = ProxySettings()
    settings.mirrorCommands = 100
    try await Bench.runScripted(settings, routing: .at(.shadow)) { bench, stacks in
      let client = try bench.client()
      for number in 0..<1000 {
        try client.send(command: "SET", "a", "\(number)")
        _ = try stacks.legacy.command()
        try stacks.legacy.send("+OK\r\n")
        // No reply of the mirror ever comes, and all of these do.
        #expect(try client.reply() == "+OK\r\n")
        #expect(try #require(bench.health().first).newMirrorQueue <= 100)
      }
      try client.send(command: "GET", "a")
      _ = try stacks.legacy.command()
      try stacks.legacy.send("$3\r\n999\r\n")
      #expect(try client.reply() == "$3\r\n999\r\n")
      let compare = bench.figures().compare
      #expect(compare.mirroredWrites == 100 && compare.droppedWrites == 900)
      #expect(compare.dropped == 1 && compare.compared == 0)
      #expect(try stacks.new.commandsNow().count == 100)
    }
  }

  @Test func bytesForTheMirrorAreBoundedToo() async throws {
    var settings = ProxySettings()
    settings.mirrorBytes = 64 << 10
    try await Bench.runScripted(settings, routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      let value = String(repeating: "x", count: 10_000)
      for _ in 0..<20 {
        try stacks.acknowledge(by: client, "SET", "a", value)
      }
      let compare = bench.figures().compare
      #expect(compare.mirroredWrites == 6 && compare.droppedWrites == 14)
      for _ in 0..<6 {
        #expect(try stacks.new.command().first == "SET")
        try stacks.new.send("+OK\r\n")
      }
      #expect(eventually { bench.health().first?.newMirrorQueue == 0 })
      // There is room again.
      try stacks.acknowledge(by: client, "SET", "b", value)
      #expect(try stacks.new.command().prefix(2) == ["SET", "b"])
    }
  }

  @Test func aMirrorThatIsGoneIsCountedAndDelaysNobody() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      stacks.newStack.stop()
      stacks.new.reset()
      #expect(eventually { bench.health().first?.new.name == "down" })
      let client = try bench.client()
      for _ in 0..<100 {
        try stacks.acknowledge(by: client, "SET", "a", "1")
      }
      #expect(bench.figures().compare.droppedWrites == 100)
    }
  }

  // MARK: Law 5

  @Test(arguments: [1, 2]) func whatIsAcknowledgedHasLeftForTheMirror(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runScripted(settings, routing: .at(.dualwrite)) { bench, stacks in
      let clients = try (0..<4).map { _ in try bench.client() }
      for round in 0..<200 {
        let client = clients[round % 4]
        let command = ["SET", "k\(round % 7)", "\(round)"]
        try client.send(command: command[0], command[1], command[2])
        // Which lane it is, the key says: ask the one that hears of it.
        var lane: Int?
        #expect(
          try eventually {
            lane = try stacks.legacyLanes.firstIndex { try $0.commandsNow() == [command] }
            return lane != nil
          })
        let index = try #require(lane)
        try stacks.legacyLanes[index].send("+OK\r\n")
        #expect(try client.reply() == "+OK\r\n")
        // No waiting here: the bytes are in the mirror's socket, or the law is broken.
        let mirrored = try stacks.newLanes.flatMap { try $0.commandsNow() }
        #expect(mirrored == [command], "round \(round)")
      }
    }
  }

  @Test func aCommandForAllLanesDoesNotWaitForTheMirror() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "FLUSHALL")
      #expect(try stacks.new.command() == ["FLUSHALL"])  // never answered
      try client.send(command: "GET", "a")
      #expect(try stacks.legacy.command() == ["GET", "a"])
    }
  }
}
