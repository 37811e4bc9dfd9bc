import SluiceProxy
import SluiceRouting
import Testing

/// Law 6: how keys change sides while commands are in flight.
@Suite(.serialized) struct FenceTests {
  private static let before = RoutingSnapshot.at(.live, 25, version: 1)
  private static let after = RoutingSnapshot.at(.live, 50, version: 2)
  /// Keys that the flip from 25 to 50 % moves from legacy to new, and some that stay.
  private static let moving = RoutingSnapshot.keys(5) {
    before.changesPrimary(of: $0.span, comparedTo: after)
  }
  private static let staying = before.keys(40, on: .legacy).filter {
    !before.changesPrimary(of: Array($0.utf8).span, comparedTo: after)
  }

  @Test func noCommandReachesTheNewPrimaryBeforeTheOldOnesReply() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let key = FenceTests.moving[0]
      let other = FenceTests.staying[0]
      let first = try bench.client()
      let second = try bench.client()
      let third = try bench.client()
      try first.send(command: "SET", key, "old")
      #expect(try stacks.legacy.command() == ["SET", key, "old"])
      let flip = bench.beginAdopting(FenceTests.after)
      try second.send(command: "SET", key, "young")
      // Keys that stay are not held.
      try third.send(command: "SET", other, "x")
      #expect(try stacks.legacy.command() == ["SET", other, "x"])
      bench.settle()
      #expect(try stacks.new.commandsNow() == [], "held")
      #expect(try stacks.legacy.commandsNow() == [], "held")
      #expect(!flip.isFinished)
      try stacks.legacy.send("+OK\r\n")
      #expect(try first.reply() == "+OK\r\n")
      // The mirrored write first, then the new primary's.
      #expect(try stacks.new.command() == ["SET", key, "old"])
      bench.settle()
      #expect(try stacks.new.commandsNow() == [], "held until new has taken the effect")
      try stacks.new.send("+OK\r\n")
      #expect(try stacks.new.command() == ["SET", key, "young"])
      try stacks.new.send("+OK\r\n")
      #expect(try second.reply() == "+OK\r\n")
      let lanes = flip.finish()
      #expect(lanes.map(\.commands) == [1] && lanes.allSatisfy { $0.held > 0 && $0.cutOff.isEmpty })
      let holds = bench.figures().holds
      #expect(holds[.fence].count == 1 && holds[.key].count == 0 && holds[.outage].count == 0)
      try stacks.legacy.send("+OK\r\n")
      #expect(try third.reply() == "+OK\r\n")
    }
  }

  /// A command that can take many keys, with one that stays, keeps its place before the next one on that key.
  @Test func aCommandForManyKeysWithOneIsNotOvertaken() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let key = FenceTests.moving[0]
      let other = FenceTests.staying[0]
      let first = try bench.client()
      let second = try bench.client()
      let third = try bench.client()
      try first.send(command: "SET", key, "old")
      #expect(try stacks.legacy.command() == ["SET", key, "old"])
      let flip = bench.beginAdopting(FenceTests.after)
      try second.send(command: "SET", key, "young")
      bench.settle()
      try third.send(command: "DEL", other)
      try third.send(command: "SET", other, "x")
      #expect(try stacks.legacy.command() == ["DEL", other])
      #expect(try stacks.legacy.command() == ["SET", other, "x"])
      try stacks.legacy.send("+OK\r\n:1\r\n+OK\r\n")
      #expect(try third.reply() == ":1\r\n")
      #expect(try third.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["SET", key, "old"])
      #expect(try stacks.new.command() == ["DEL", other])
      #expect(try stacks.new.command() == ["SET", other, "x"])
      try stacks.new.send("+OK\r\n:1\r\n+OK\r\n")
      #expect(try stacks.new.command() == ["SET", key, "young"])
      try stacks.new.send("+OK\r\n")
      #expect(try second.reply() == "+OK\r\n")
      _ = flip.finish()
    }
  }

  /// What a fence holds has a bound: clients of the lane's own loop wait, and what is beyond the bound is refused whole.
  @Test func aFenceHoldsNoMoreThanItMay() async throws {
    var settings = ProxySettings()
    settings.heldBytes = 1000
    try await Bench.runScripted(settings, routing: FenceTests.before) { bench, stacks in
      let keys = FenceTests.moving
      let first = try bench.client()
      try first.send(command: "SET", keys[0], "old")
      #expect(try stacks.legacy.command() == ["SET", keys[0], "old"])
      let flip = bench.beginAdopting(FenceTests.after)
      let clients = try (0..<3).map { _ in try bench.client() }
      let value = String(repeating: "x", count: 800)
      // Two fill it, the third finds no room: one that is read already is not left without an answer.
      for (number, client) in clients.prefix(2).enumerated() {
        try client.send(command: "SET", keys[number + 1], value)
        bench.settle()
      }
      try clients[2].send(command: "SET", keys[3], "v")
      #expect(
        try clients[2].reply()
          == "-TRYAGAIN sluice: more waits for a flip than the proxy may hold; nothing was done, try again\r\n"
      )
      // A client that was told to wait goes on when the fence has come down.
      try clients[0].send(command: "SET", keys[4], "behind")
      try stacks.legacy.send("+OK\r\n")
      #expect(try first.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["SET", keys[0], "old"])
      try stacks.new.send("+OK\r\n")
      for (number, client) in clients.prefix(2).enumerated() {
        #expect(try stacks.new.command().prefix(2) == ["SET", keys[number + 1]])
        try stacks.new.send("+OK\r\n")
        #expect(try client.reply() == "+OK\r\n")
      }
      #expect(try stacks.new.command() == ["SET", keys[4], "behind"])
      try stacks.new.send("+OK\r\n")
      #expect(try clients[0].reply() == "+OK\r\n")
      #expect(flip.finish().map(\.commands) == [2])
    }
  }

  @Test func heldCommandsGoOnInTheirOrder() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let key = FenceTests.moving[0]
      let blocker = try bench.client()
      try blocker.send(command: "GET", key)
      _ = try stacks.legacy.command()
      let flip = bench.beginAdopting(FenceTests.after)
      let client = try bench.client()
      var expected: [[String]] = []
      for number in 0..<20 {
        try client.send(command: "SET", key, "\(number)")
        try client.send(command: "MGET", key, FenceTests.moving[1])
        expected += [["SET", key, "\(number)"], ["MGET", key, FenceTests.moving[1]]]
      }
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
      try stacks.legacy.send("$-1\r\n")
      #expect(try blocker.reply() == "$-1\r\n")
      _ = flip.finish()
      var seen: [[String]] = []
      while seen.count < expected.count {
        let command = try stacks.new.command()
        // The blocker's read is compared, at its place before all others.
        if command != ["GET", key] { seen.append(command) }
      }
      #expect(seen == expected)
    }
  }

  /// What was overtaken on its way to the lane is answered when what took its place is in force, and not before.
  @Test func anOvertakenFlipIsAnsweredWithTheOneThatOvertookIt() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let blocker = try bench.client()
      try blocker.send(command: "GET", FenceTests.moving[0])
      _ = try stacks.legacy.command()
      let newer = bench.beginAdopting(.at(.live, 50, version: 3))
      bench.settle()
      let older = bench.beginAdopting(FenceTests.after)
      bench.settle()
      #expect(!newer.isFinished && !older.isFinished)
      try stacks.legacy.send("$-1\r\n")
      #expect(try blocker.reply() == "$-1\r\n")
      _ = newer.finish()
      _ = older.finish()
    }
  }

  @Test func theDeadlineCutsOffAStackThatDoesNotAnswer() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let key = FenceTests.moving[0]
      let first = try bench.client()
      let second = try bench.client()
      try first.send(command: "SET", key, "old")
      _ = try stacks.legacy.command()
      let flip = bench.beginAdopting(FenceTests.after, deadline: 200_000_000)
      try second.send(command: "SET", key, "young")
      let lanes = flip.finish()
      #expect(lanes.map(\.cutOff) == [[.legacy]])
      #expect(lanes.allSatisfy { $0.held >= 200_000_000 })
      let error = try first.reply()
      #expect(
        error.hasPrefix("-STACKDOWN sluice: stack 'legacy' (legacy-stack) did not answer within the 200 ms"))
      #expect(error.hasSuffix("the write may or may not have happened\r\n"))
      // Nobody knows whether the old write happened, so new may lack it: a suspect is never served (law 7).
      #expect(try stacks.new.command() == ["UNLINK", key])
      #expect(try stacks.new.command() == ["SET", key, "young"])
      try stacks.new.send(":0\r\n+OK\r\n")
      #expect(try second.reply() == "+OK\r\n")
      #expect(try stacks.legacy.untilClosed() == "", "the old connection is cut, so nothing can land late")
      _ = try stacks.legacyStack.connection()
    }
  }

  @Test func rollbackWaitsForNobody() async throws {
    let live = RoutingSnapshot.at(.live, 100)
    let settings = ProxySettings()
    try await Bench.runScripted(settings, routing: live) { bench, stacks in
      let inFlight = try (0..<10).map { _ in try bench.client() }
      for (number, client) in inFlight.enumerated() { try client.send(command: "GET", "k\(number)") }
      for _ in inFlight { _ = try stacks.new.command() }
      // The new stack is silent for ever; the connection's own deadline is a minute.
      let lanes = bench.adopt(live.withLatch(true, version: 2), deadline: settings.rollbackDeadline)
      #expect(lanes.map(\.cutOff) == [[.new]])
      #expect(lanes.allSatisfy { $0.held < 5_000_000_000 })
      for client in inFlight {
        #expect(try client.reply().hasPrefix("-STACKDOWN sluice: stack 'new' (new-stack) did not answer"))
      }
      // Behind the acknowledgement everything is legacy's, for clients old and new.
      for client in inFlight + [try bench.client()] {
        try client.send(command: "GET", "k1")
        #expect(try stacks.legacy.command() == ["GET", "k1"])
        try stacks.legacy.send("$1\r\nL\r\n")
        #expect(try client.reply() == "$1\r\nL\r\n")
      }
    }
  }

  /// One fence up, and a second flip before it has fallen: a command on a key that no longer moves must not overtake
  /// the one that was held.
  @Test func aSecondFlipDoesNotLetCommandsOvertake() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let key = FenceTests.moving[0]
      let young = FenceTests.before.keys(1, on: .new)[0]
      let blockers = [try bench.client(), try bench.client()]
      try blockers[0].send(command: "GET", key)
      _ = try stacks.legacy.command()
      try blockers[1].send(command: "GET", young)
      _ = try stacks.new.command()
      let up = bench.beginAdopting(FenceTests.after)
      let client = try bench.client()
      try client.send(command: "SET", key, "1")
      bench.settle()
      let down = bench.beginAdopting(FenceTests.before.withLatch(true, version: 3))
      try client.send(command: "SET", key, "2")
      bench.settle()
      try stacks.new.send("$-1\r\n")
      try stacks.legacy.send("$-1\r\n")
      _ = try blockers.map { try $0.reply() }
      _ = up.finish()
      _ = down.finish()
      var sets: [[String]] = []
      while sets.count < 2 {
        let command = try stacks.legacy.command()
        if command[0] == "SET" { sets.append(command) } else { try stacks.legacy.send("$-1\r\n") }
      }
      #expect(sets == [["SET", key, "1"], ["SET", key, "2"]])
    }
  }

  @Test func anOlderRoutingNeverReplacesANewerOne() async throws {
    try await Bench.runScripted(routing: .at(.off, version: 5)) { bench, stacks in
      _ = bench.adopt(.at(.complete, version: 7))
      _ = bench.adopt(.at(.off, version: 6))
      let client = try bench.client()
      try client.send(command: "GET", "a")
      #expect(try stacks.new.command() == ["GET", "a"])
      try stacks.new.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
    }
  }

  @Test func nobodyWaitsForAFlipWhenTheProxyEnds() async throws {
    try await Bench.runScripted(routing: FenceTests.before) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", FenceTests.moving[0])
      _ = try stacks.legacy.command()
      let flip = bench.beginAdopting(FenceTests.after, deadline: 600_000_000_000)
      let proxy = bench.proxy
      Awaited { await proxy.stop() }.finish()
      _ = flip.finish()
      #expect(bench.adopt(FenceTests.before.withLatch(true, version: 9)).isEmpty)
    }
  }

  @Test func aCommandThatWasBegunIsAnsweredBeforeTheProxyEnds() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let begun = try bench.client()
      let idle = try bench.client()
      #expect(try idle.ask("PING") == "+PONG\r\n")
      try begun.send("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nbeg")
      #expect(try begun.reply() == "+PONG\r\n")
      let proxy = bench.proxy
      let drain = Awaited { await proxy.drain(deadline: 20_000_000_000) }
      #expect(try idle.untilClosed() == "")
      try begun.send("un\r\n")
      #expect(try begun.untilClosed() == "+OK\r\n")
      begun.close()
      idle.close()
      drain.finish()
    }
  }

  /// However many: a key that waits for its copy would be forgotten.
  @Test func everySuspectIsCopiedBeforeAFlip() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      let keys = (0..<700).map { "k\($0)" }
      for key in keys { try client.send(command: "SET", key, "v") }
      for key in keys {
        #expect(try stacks.legacy.command() == ["SET", key, "v"])
        try stacks.legacy.send("+OK\r\n")
        #expect(try client.reply() == "+OK\r\n")
        #expect(try stacks.new.command() == ["SET", key, "v"])
      }
      let flip = bench.beginAdopting(.at(.rampdown, version: 2), deadline: 60_000_000_000)
      try stacks.new.send(String(repeating: "-OOM command not allowed\r\n", count: keys.count))
      var copies = 0
      while copies < keys.count {
        switch try stacks.legacy.command()[0] {
        case "TYPE": try stacks.legacy.send("+string\r\n")
        case "OBJECT": try stacks.legacy.send("$6\r\nembstr\r\n")
        case "DUMP": try stacks.legacy.send("$4\r\ndump\r\n")
        default:
          try stacks.legacy.send(":-1\r\n")
          #expect(try stacks.new.command()[0] == "UNLINK")
          #expect(try stacks.new.command()[0] == "RESTORE")
          try stacks.new.send(TestSocket.replaced)
          copies += 1
        }
      }
      #expect(flip.finish().map(\.cutOff) == [[]])
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }
}
