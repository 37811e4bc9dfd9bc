import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What `WHICH` says is what happens, and the cohort only grows.
  @Suite struct RoutingTruthTests {
    private static let keys = (0..<2000).map { "key:\($0)" } + (0..<50).map { "{tag\($0)}:x" }

    /// Plants in each server, behind the proxy's back, the name of that server under every key.
    private func plantMarkers(_ stacks: TwoStacks) throws {
      for (name, server) in [("legacy", stacks.legacy), ("new", stacks.new)] {
        let client = try server.client()
        for key in Self.keys { try client.append("SET", key, name) }
        for _ in Self.keys { #expect(try client.reply() == .status("OK")) }
      }
    }

    /// Who really answers each key, by one pipelined `GET` per key.
    private func answering(_ client: RedisClient) throws -> [String] {
      for key in Self.keys { try client.append("GET", key) }
      return try Self.keys.map { _ in try client.reply().text ?? "(nothing)" }
    }

    @Test(
      "every key is answered by the stack that WHICH names, at every share and after a rollback",
      arguments: [1, 2])
    func which(threads: Int) throws {
      // Nothing is compared: the markers differ on purpose, and the guardrail would rightly go back.
      var options = SluiceProcess.Options()
      options.flags = FlagText.make(stage: "live", percent: 0, compare: 0)
      options.threads = threads
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      try plantMarkers(stacks)
      let client = try sluice.client()

      var before: Set<String> = []
      for percent in [0, 25, 50, 100] {
        try sluice.control("RAMP", "\(percent)")
        let answers = try answering(client)
        #expect(answers == (try sluice.which(Self.keys)))
        let cohort = Set(zip(Self.keys, answers).filter { $0.1 == "new" }.map(\.0))
        #expect(cohort.isSuperset(of: before), "keys left the cohort at \(percent) %")
        let share = Double(cohort.count) / Double(Self.keys.count) * 100
        #expect(abs(share - Double(percent)) < 5, "\(share) % of the keys are new at \(percent) %")
        // One command with keys of both stacks agrees with one command per key.
        let together = try client.command((["MGET"] + Self.keys).map { Array($0.utf8) })
        #expect(together == .array(answers.map { .string(Array($0.utf8)) }))
        before = cohort
      }

      try sluice.control("ROLLBACK")
      #expect(Set(try answering(client)) == ["legacy"])
      #expect(Set(try sluice.which(Self.keys)) == ["legacy"])
      try sluice.control("REARM", "RESUME", "the truth")
      #expect(Set(try answering(client)) == ["new"])
      for (stage, owner) in [
        ("off", "legacy"), ("dualwrite", "legacy"), ("shadow", "legacy"), ("rampdown", "new"),
        ("complete", "new"),
      ] {
        try sluice.control("STAGE", stage)
        #expect(Set(try answering(client)) == [owner], "stage \(stage)")
        #expect(Set(try sluice.which(Self.keys)) == [owner], "stage \(stage)")
      }
    }

    @Test("what was written at 25 % is there at 50 %, at 100 % and after a rollback")
    func nothingIsLost() throws {
      let stacks = try TwoStacks(stage: "live", percent: 25)
      let client = try stacks.sluice.client()
      for key in Self.keys { try client.append("SET", key, "value of \(key)") }
      for _ in Self.keys { #expect(try client.reply() == .status("OK")) }
      let expected = Self.keys.map { "value of \($0)" }
      for order in [
        ["RAMP", "50"], ["RAMP", "100"], ["ROLLBACK"], ["REARM", "RESUME", "on"], ["RAMP", "25"],
      ] {
        try stacks.sluice.control(order)
        #expect(try answering(client) == expected, "after \(order)")
        #expect(try client.command("DBSIZE") == .integer(Int64(Self.keys.count)), "after \(order)")
      }
      try stacks.expectAgreement()
    }

    @Test("commands with keys on both stacks are split in order, or refused with what to do")
    func bothSides() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let client = try stacks.sluice.client()
      let keys = Array(Self.keys.prefix(100))
      let pairs = keys.flatMap { [$0, "v-\($0)"] }
      #expect(try client.command((["MSET"] + pairs).map { Array($0.utf8) }) == .status("OK"))
      let values = try client.command((["MGET"] + keys.reversed()).map { Array($0.utf8) })
      #expect(values == .array(keys.reversed().map { .string(Array("v-\($0)".utf8)) }))
      for name in ["EXISTS", "TOUCH", "UNLINK"] {
        let count = try client.command(([name] + keys).map { Array($0.utf8) })
        #expect(count == .integer(Int64(keys.count)), "\(name)")
      }

      let which = try stacks.sluice.which(keys)
      let legacy = try #require(zip(keys, which).first { $0.1 == "legacy" }?.0)
      let new = try #require(zip(keys, which).first { $0.1 == "new" }?.0)
      #expect(try client.command("SADD", legacy, "a") == .integer(1))
      #expect(try client.command("SADD", new, "b") == .integer(1))
      for command in [
        ["SUNION", legacy, new], ["SUNIONSTORE", legacy, legacy, new], ["RENAME", legacy, new],
      ] {
        let reply = try client.command(command.map { Array($0.utf8) })
        guard case .error(let text) = reply else {
          Issue.record("\(command) was answered with \(reply)")
          continue
        }
        #expect(text.hasPrefix("CROSSSTACK ") && text.contains("hash tag"), "\(text)")
      }
      // Refused means that nothing of it happened.
      #expect(try client.command("SMEMBERS", legacy) == .array([.string(Array("a".utf8))]))
      #expect(try client.command("SMEMBERS", new) == .array([.string(Array("b".utf8))]))
    }
  }
}
