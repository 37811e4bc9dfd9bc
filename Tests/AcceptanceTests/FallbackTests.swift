import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// New cannot be reached, and legacy stands in for it.
  @Suite struct FallbackTests {
    private static let keys = (0..<40).map { "key:\($0)" }

    @Test(
      "legacy answers for new's keys while new is down or hangs, and gives them back",
      arguments: [true, false])
    func standsIn(_ isKilled: Bool) throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50, threads: 2)
      options.yaml = "timeouts:\n  command: 300ms\n"
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let client = try sluice.client()
      for key in Self.keys { #expect(try client.command("SET", key, "1") == .status("OK")) }
      if isKilled { stacks.new.kill() } else { stacks.new.pause() }
      // Reads and plain writes are never refused: what new owes is asked again at legacy.
      for key in Self.keys {
        #expect(try client.command("GET", key) == .string(Array("1".utf8)))
        #expect(try client.command("SET", key, "2") == .status("OK"))
      }
      try eventually("STATUS says that legacy stands in") {
        try sluice.status().text("fallback.mode") == "reads_and_writes"
      }
      #expect(try sluice.status().text("effective_stage") == "dualwrite")
      #expect(try sluice.status().text("stage") == "live")
      for key in Self.keys { #expect(try client.command("INCR", key) == .integer(3)) }

      if isKilled { try stacks.new.start() } else { stacks.new.resume() }
      try eventually(within: .seconds(60), "new has its keys back") {
        try sluice.status().text("effective_stage") == "live"
      }
      #expect(try sluice.status().text("fallback.mode") == nil)
      for key in Self.keys {
        let value = try client.command("GET", key)
        #expect(value == .string(Array("3".utf8)) || (isKilled && value == .null), "\(value)")
      }
      let log = sluice.child.errors.split(separator: "\n")
      #expect(log.filter { $0.contains("legacy stands in for new") }.count == 1, "\(log)")
    }

    @Test("The account of the routing goes on through a fallback, with what is known to differ")
    func account() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "timeouts:\n  command: 300ms\n"
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let client = try sluice.client()
      for key in Self.keys { #expect(try client.command("SET", key, "1") == .status("OK")) }
      try eventually("new has them") { try stacks.new.client().command("GET", Self.keys[39]).text == "1" }
      let owners = try sluice.which(Self.keys)
      let lost = try #require(zip(Self.keys, owners).first { $0.1 == "legacy" }?.0)
      _ = try stacks.new.client().command("SET", lost, "wrong")
      for key in Self.keys { _ = try client.command("GET", key) }
      try eventually("it is counted") { try sluice.status().number("compare.since_flip.matched") == 39 }
      stacks.new.pause()
      try eventually("legacy stands in") {
        _ = try sluice.client().command("GET", Self.keys[0])
        return try sluice.status().text("fallback.mode") != nil
      }
      #expect(try sluice.status().number("compare.since_flip.matched") ?? 0 >= 39)
      #expect(try sluice.status().number("step.open_divergences") == 1)
      stacks.new.resume()
      try eventually(within: .seconds(60), "new has its keys back") {
        try sluice.status().text("effective_stage") == "live"
      }
      let status = try sluice.status()
      #expect(status.number("compare.since_flip.matched") ?? 0 >= 39, "\(status)")
      #expect(
        status.number("compare.since_flip.diverged") == 1 && status.number("step.open_divergences") == 1)
      // Behind a kill in the midst of it, too: legacy stands in for new, and the account is that of live.
      try eventually("the ledger knows") {
        let step = try Ledgerbook(sluice.ledgerPath).rows(.step).first
        return step?["step"] == "live 50 %" && Int(step?["matched"] ?? "") ?? 0 >= 39
      }
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().number("compare.since_flip.matched") ?? 0 >= 39)
    }

    @Test("with reads alone a write of new's cohort fails and names new")
    func readsAlone() throws {
      var options = SluiceProcess.Options(stage: "rampdown")
      options.yaml = "fallback: reads\n"
      let stacks = try TwoStacks(options)
      let client = try stacks.sluice.client()
      #expect(try client.command("SET", "k", "1") == .status("OK"))
      stacks.new.kill()
      try eventually("legacy stands in") {
        try stacks.sluice.status().text("fallback.mode") == "reads"
      }
      #expect(try client.command("GET", "k") == .string(Array("1".utf8)))
      guard case .error(let text) = try client.command("SET", "k", "2") else {
        Issue.record("a write was taken")
        return
      }
      #expect(text.hasPrefix("STACKDOWN ") && text.contains("'new'"), "\(text)")
    }
  }
}
