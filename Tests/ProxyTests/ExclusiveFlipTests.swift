import SluiceProxy
import SluiceRouting
import Testing

/// A flip and a command that has all lanes for itself, at the same time: the flip waits for all that a flip waits for, and for no
/// dead stack.
@Suite(.serialized) struct ExclusiveFlipTests {
  /// Enough keys to fall on both lanes.
  private static let keys = (0..<20).map { "s\($0)" }
  private static var twoLanes: ProxySettings {
    var settings = ProxySettings()
    settings.threads = 2
    settings.fenceDeadline = 60_000_000_000
    return settings
  }

  /// The connection that gets a command next, which must be this one.
  private static func expect(
    _ words: [String], on lanes: [TestSocket], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> TestSocket {
    var found: (lane: TestSocket, commands: [[String]])?
    let hasCome = try eventually {
      for lane in lanes where found == nil {
        let commands = try lane.commandsNow()
        if !commands.isEmpty { found = (lane, commands) }
      }
      return found != nil
    }
    #expect(hasCome, sourceLocation: sourceLocation)
    #expect(found?.commands == [words], sourceLocation: sourceLocation)
    return try #require(found).lane
  }

  @Test func aFlipWithACommandForAllLanesWaitsForProofsAndCopies() async throws {
    try await Bench.runScripted(ExclusiveFlipTests.twoLanes, routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "HSET", "h", "f", "1")
      let legacy = try ExclusiveFlipTests.expect(["HSET", "h", "f", "1"], on: stacks.legacyLanes)
      try legacy.send(":1\r\n")
      #expect(try client.reply() == ":1\r\n")
      let new = try ExclusiveFlipTests.expect(["HSET", "h", "f", "1"], on: stacks.newLanes)
      #expect(try legacy.command() == ["HLEN", "h"])
      let flip = bench.beginAdopting(.at(.rampdown, version: 2))
      let union = ["SUNION"] + ExclusiveFlipTests.keys
      try client.send(command: union)
      bench.settle()
      try new.send(":1\r\n")
      bench.settle()
      for lane in stacks.newLanes { #expect(try lane.commandsNow() == [], "the proof is not answered") }
      try legacy.send(":2\r\n")
      #expect(try new.command() == ["HLEN", "h"])
      try new.send(":1\r\n")
      try legacy.expectCopyQuestion(about: "h")
      try legacy.send("$4\r\ndump\r\n:-1\r\n")
      try new.expectReplaced("RESTORE", "h", "0", "dump", "REPLACE")
      try new.send(TestSocket.replaced)
      #expect(flip.finish().map(\.cutOff) == [[], []])
      try ExclusiveFlipTests.expect(union, on: stacks.newLanes).send("*0\r\n")
      #expect(try client.reply() == "*0\r\n")
    }
  }

  @Test func aFlipBehindACommandForAllLanesForgetsNothing() async throws {
    try await Bench.runScripted(ExclusiveFlipTests.twoLanes, routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "s0", "v")
      let legacy = try ExclusiveFlipTests.expect(["SET", "s0", "v"], on: stacks.legacyLanes)
      try legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      let new = try ExclusiveFlipTests.expect(["SET", "s0", "v"], on: stacks.newLanes)
      let union = ["SUNION"] + ExclusiveFlipTests.keys
      try client.send(command: union)
      bench.settle()
      // Refused while the lane is held: nobody copies it now.
      try new.send("-OOM command not allowed\r\n")
      let asked = try ExclusiveFlipTests.expect(union, on: stacks.legacyLanes)
      let flip = bench.beginAdopting(.at(.rampdown, version: 2))
      let reader = try bench.client()
      try reader.send(command: "GET", "s0")
      bench.settle()
      try asked.send("*0\r\n")
      #expect(try client.reply() == "*0\r\n")
      try legacy.expectCopyQuestion(about: "s0")
      try legacy.send("$4\r\ndump\r\n:-1\r\n")
      try new.expectReplaced("RESTORE", "s0", "0", "dump", "REPLACE")
      try new.send(TestSocket.replaced)
      #expect(flip.finish().map(\.cutOff) == [[], []])
      #expect(try new.command() == ["GET", "s0"])
      try new.send("$1\r\nv\r\n")
      #expect(try reader.reply() == "$1\r\nv\r\n")
    }
  }

  @Test func aRollbackDoesNotWaitForACommandForAllLanes() async throws {
    let before = RoutingSnapshot.at(.rampdown)
    try await Bench.runScripted(ExclusiveFlipTests.twoLanes, routing: before) { bench, stacks in
      let client = try bench.client()
      let union = ["SUNION"] + ExclusiveFlipTests.keys
      try client.send(command: union)
      // Never answered; the connection's own deadline is a minute.
      _ = try ExclusiveFlipTests.expect(union, on: stacks.newLanes)
      let lanes = bench.adopt(before.withLatch(true, version: 2), deadline: 50_000_000)
      #expect(lanes.flatMap(\.cutOff) == [.new])
      #expect(try client.reply().hasPrefix("-STACKDOWN sluice: stack 'new'"))
      try client.send(command: "GET", "s0")
      try ExclusiveFlipTests.expect(["GET", "s0"], on: stacks.legacyLanes).send("$1\r\nL\r\n")
      #expect(try client.reply() == "$1\r\nL\r\n")
    }
  }

  /// Both stacks answer for keys: one that refuses to be emptied must not be asked before that is known.
  @Test func noKeyIsServedByAStackThatRefusesToBeEmptied() async throws {
    let live = RoutingSnapshot.at(.live)
    let key = live.keys(1, on: .new)[0]
    try await Bench.runScripted(routing: live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "FLUSHALL")
      #expect(try stacks.legacy.command() == ["FLUSHALL"])
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["FLUSHALL"])
      try client.send(command: "GET", key)
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
      try stacks.new.send("-ERR unknown command\r\n")
      #expect(try client.reply().hasPrefix("-STACKDOWN sluice: stack 'new'"))
    }
  }
}
