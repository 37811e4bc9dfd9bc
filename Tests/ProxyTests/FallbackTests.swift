import Foundation
import SluiceProxy
import SluiceRouting
import Testing

/// New cannot be reached: what a lane keeps until legacy stands in, and what legacy then does.
@Suite(.serialized) struct FallbackTests {
  private static let live = RoutingSnapshot.at(.live, 100)
  private static func fallen(_ fallback: Fallback) -> RoutingSnapshot {
    .at(.live, 100, version: 2, fallback: fallback)
  }
  private static func settings(_ fallback: Fallback = .readsAndWrites) -> ProxySettings {
    var settings = ProxySettings()
    settings.fallback = fallback
    settings.fallbackPatience = 60_000_000_000
    return settings
  }

  @Test func whatMayBeRepeatedGoesOnAtLegacy() async throws {
    try await Bench.runScripted(FallbackTests.settings(), routing: FallbackTests.live) { bench, stacks in
      let clients = try (0..<4).map { _ in try bench.client() }
      try clients[0].send(command: "GET", "a")
      try clients[1].send(command: "SET", "b", "1")
      try clients[2].send(command: "INCR", "c")
      for _ in 0..<3 { _ = try stacks.new.command() }
      stacks.newStack.stop()
      stacks.new.close()
      // An INCR may have happened; nobody can say, and it must not happen twice.
      #expect(try clients[2].reply().hasSuffix("the write may or may not have happened\r\n"))
      // A command that was never sent can wait whatever it is.
      try clients[3].send(command: "INCR", "d")
      bench.settle()
      #expect(try stacks.legacy.commandsNow() == [], "nobody has decided yet")
      _ = bench.adopt(FallbackTests.fallen(.readsAndWrites))
      #expect(try stacks.legacy.command() == ["GET", "a"])
      // If the SET did happen at new, legacy lacks it: a suspect is never served.
      #expect(try stacks.legacy.command() == ["UNLINK", "b"])
      #expect(try stacks.legacy.command() == ["SET", "b", "1"])
      #expect(try stacks.legacy.command() == ["INCR", "d"])
      try stacks.legacy.send("$1\r\nL\r\n:0\r\n+OK\r\n:1\r\n")
      #expect(try clients[0].reply() == "$1\r\nL\r\n")
      #expect(try clients[1].reply() == "+OK\r\n")
      #expect(try clients[3].reply() == ":1\r\n")
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [2], "what new missed is suspect there")
    }
  }

  @Test func thePipelineOfAClientKeepsItsOrder() async throws {
    try await Bench.runScripted(FallbackTests.settings(), routing: FallbackTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send("GET a\r\nGET b\r\n")
      for _ in 0..<2 { _ = try stacks.new.command() }
      stacks.newStack.stop()
      stacks.new.close()
      #expect(eventually { bench.health().allSatisfy { $0.new.name == "down" } })
      try client.send("SET c 1\r\nGET c\r\n")
      bench.settle()
      _ = bench.adopt(FallbackTests.fallen(.readsAndWrites))
      for words in [["GET", "a"], ["GET", "b"], ["SET", "c", "1"], ["GET", "c"]] {
        #expect(try stacks.legacy.command() == words)
      }
      try stacks.legacy.send("$1\r\na\r\n$1\r\nb\r\n+OK\r\n$1\r\n1\r\n")
      for reply in ["$1\r\na\r\n", "$1\r\nb\r\n", "+OK\r\n", "$1\r\n1\r\n"] {
        #expect(try client.reply() == reply)
      }
    }
  }

  /// What is kept for legacy is kept in step with the answers.
  @Test func anAnsweredReadIsNotKept() async throws {
    try await Bench.runScripted(FallbackTests.settings(), routing: .at(.rampdown)) { bench, stacks in
      let client = try bench.client()
      for key in ["a", "b"] {
        try client.send(command: "GET", key)
        #expect(try stacks.new.command() == ["GET", key])
        try stacks.new.send("$1\r\nN\r\n")
        #expect(try client.reply() == "$1\r\nN\r\n")
      }
      try client.send(command: "SET", "c", "1")
      #expect(try stacks.new.command() == ["SET", "c", "1"])
      try stacks.new.send("+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", "c", "1"])
    }
  }

  @Test func withReadsAloneWritesFail() async throws {
    try await Bench.runScripted(FallbackTests.settings(.reads), routing: FallbackTests.live) {
      bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "k", "1")
      _ = try stacks.new.command()
      stacks.newStack.stop()
      stacks.new.close()
      #expect(try client.reply().hasPrefix("-STACKDOWN sluice: stack 'new'"))
      _ = bench.adopt(FallbackTests.fallen(.reads))
      for write in [["SET", "k", "2"], ["MSET", "k", "2", "l", "3"]] {
        let reply = try client.ask(write)
        #expect(reply.hasPrefix("-STACKDOWN sluice: stack 'new'") && reply.contains("reads"), "\(reply)")
      }
      try client.send(command: "GET", "other")
      #expect(try stacks.legacy.command() == ["GET", "other"])
      try stacks.legacy.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
    }
  }

  @Test func whenNobodyDecidesTheClientIsTold() async throws {
    var settings = FallbackTests.settings()
    settings.fallbackPatience = 1_000_000
    try await Bench.runScripted(settings, routing: FallbackTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "a")
      _ = try stacks.new.command()
      stacks.newStack.stop()
      stacks.new.close()
      #expect(try client.reply().hasPrefix("-STACKDOWN sluice: stack 'new'"))
      #expect(try client.ask("GET", "a").hasPrefix("-STACKDOWN sluice: stack 'new'"), "at once from now on")
    }
  }

  @Test func whenNewIsBackFirstItAnswersItself() async throws {
    try await Bench.runScripted(FallbackTests.settings(), routing: FallbackTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "a")
      _ = try stacks.new.command()
      stacks.new.close()
      let new = try stacks.newStack.connection()
      #expect(try new.command() == ["GET", "a"])
      try new.send("$1\r\nN\r\n")
      #expect(try client.reply() == "$1\r\nN\r\n")
    }
  }

  /// New comes back while a fence is up: what was kept came first, and goes on first.
  @Test func whatWasKeptIsNotOvertakenBehindAFence() async throws {
    let live = FallbackTests.live
    try await Bench.runScripted(FallbackTests.settings(), routing: live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "a", "1")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
      try stacks.new.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", "a", "1"])
      stacks.newStack.letsWait = true
      stacks.new.close()
      #expect(eventually { bench.health().allSatisfy { $0.new.name == "down" } })
      try client.send(command: "SET", "k", "1")
      bench.settle()
      let flip = bench.beginAdopting(live.withLatch(true, version: 2), deadline: 60_000_000_000)
      try client.send(command: "SET", "k", "2")
      bench.settle()
      stacks.newStack.letsWait = false
      #expect(eventually { bench.health().allSatisfy { $0.new.name == "up" } })
      try stacks.legacy.send("+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", "k", "1"])
      #expect(try stacks.legacy.command() == ["SET", "k", "2"])
      _ = flip.finish()
    }
  }
}

/// A stack that takes connections and answers no command is asked less and less.
@Suite struct BreakerTests {
  @Test func aHandshakeIsNoProof() async throws {
    var settings = ProxySettings()
    // A connection that was kept for longer than this counts as one that works, however slow this machine is.
    settings.backoffMaximum = 600_000_000_000
    try await Bench.runScripted(settings, routing: .at(.off), timeout: 20_000_000) { bench, _ in
      let client = try bench.client()
      for round in 1...3 {
        #expect(eventually { bench.health().allSatisfy { $0.legacy == .up && $0.legacyBreaker == .closed } })
        #expect(try client.ask("GET", "a").hasPrefix("-STACKDOWN"))
        #expect(bench.health().map(\.legacyFailures) == [round])
      }
    }
  }
}
