import SluiceProxy
import SluiceRouting
import Testing

/// With `warm_on_miss` a read that misses on new waits until legacy was asked.
@Suite(.serialized) struct WarmOnMissTests {
  private static let live = RoutingSnapshot.at(.rampdown)
  private static var warming: ProxySettings {
    var settings = ProxySettings()
    settings.warmOnMiss = true
    return settings
  }

  @Test func aMissIsAnsweredFromTheFilledKeyInItsTurn() async throws {
    try await Bench.runScripted(WarmOnMissTests.warming, routing: WarmOnMissTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "k")
      try client.send(command: "GET", "other")
      #expect(try stacks.new.command() == ["GET", "k"])
      #expect(try stacks.new.command() == ["GET", "other"])
      try stacks.new.send("$-1\r\n$5\r\nthere\r\n")
      try stacks.expectFill(of: "k")
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "k", "0", "dump"])
      #expect(try stacks.new.command() == ["GET", "k"])
      try stacks.new.send("+OK\r\n$3\r\nold\r\n")
      #expect(try client.reply() == "$3\r\nold\r\n")
      #expect(try client.reply() == "$5\r\nthere\r\n")
    }
  }

  @Test func clientsThatMissTheSameKeyShareOneFill() async throws {
    try await Bench.runScripted(WarmOnMissTests.warming, routing: WarmOnMissTests.live) { bench, stacks in
      let clients = [try bench.client(), try bench.client()]
      for client in clients {
        try client.send(command: "GET", "k")
        #expect(try stacks.new.command() == ["GET", "k"])
      }
      try stacks.new.send("$-1\r\n$-1\r\n")
      try stacks.expectFill(of: "k")
      #expect(try stacks.legacy.commandsNow() == [])
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "k", "0", "dump"])
      for _ in clients { #expect(try stacks.new.command() == ["GET", "k"]) }
      try stacks.new.send("+OK\r\n$3\r\nold\r\n$3\r\nold\r\n")
      for client in clients { #expect(try client.reply() == "$3\r\nold\r\n") }
    }
  }

  @Test func aWriteMeanwhileLeavesTheMiss() async throws {
    try await Bench.runScripted(WarmOnMissTests.warming, routing: WarmOnMissTests.live) { bench, stacks in
      let reader = try bench.client()
      let writer = try bench.client()
      try reader.send(command: "GET", "k")
      #expect(try stacks.new.command() == ["GET", "k"])
      try stacks.new.send("$-1\r\n")
      try stacks.expectFill(of: "k")
      try writer.send(command: "SET", "k", "young")
      #expect(try stacks.new.command() == ["SET", "k", "young"])
      #expect(try reader.reply() == "$-1\r\n")
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      try stacks.new.send("+OK\r\n")
      #expect(try writer.reply() == "+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", "k", "young"])
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func whatLegacyLacksIsAMiss() async throws {
    try await Bench.runScripted(WarmOnMissTests.warming, routing: WarmOnMissTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "HGETALL", "k")
      #expect(try stacks.new.command() == ["HGETALL", "k"])
      try stacks.new.send("*0\r\n")
      try stacks.expectFill(of: "k")
      try stacks.legacy.send("$-1\r\n:-2\r\n")
      #expect(try client.reply() == "*0\r\n")
    }
  }

  @Test func aLegacyThatDoesNotAnswerCostsNoMoreThanTheDeadline() async throws {
    try await Bench.runScripted(
      WarmOnMissTests.warming, routing: WarmOnMissTests.live, timeout: 200_000_000
    ) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try stacks.new.command() == ["GET", "k"])
      try stacks.new.send("$-1\r\n")
      #expect(try stacks.new.command() == ["EXISTS", "k"])
      try stacks.new.send(":0\r\n")
      #expect(try stacks.legacy.command() == ["TYPE", "k"])
      #expect(try client.reply() == "$-1\r\n")
    }
  }

  @Test func withoutItAMissIsAMiss() async throws {
    try await Bench.runScripted(routing: WarmOnMissTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try stacks.new.command() == ["GET", "k"])
      try stacks.new.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func onlyTheCohortOfNewIsFilled() async throws {
    try await Bench.runScripted(WarmOnMissTests.warming, routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try stacks.legacy.command() == ["GET", "k"])
      try stacks.legacy.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
      #expect(try stacks.new.commandsNow() == [])
    }
  }
}
