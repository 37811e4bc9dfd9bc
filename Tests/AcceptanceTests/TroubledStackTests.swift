import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A new stack that answers, and says that it cannot.
  @Suite struct TroubledStackTests {
    /// Sends writes until the guardrail has rolled back; then legacy takes them.
    private func expectRollback(_ stacks: TwoStacks, saying word: String) throws {
      let client = try stacks.sluice.client()
      var failures = 0
      try eventually(within: .seconds(20), "the guardrail rolls back") {
        for index in 0..<25 { try client.append("SET", "key:\(index)", "v") }
        for _ in 0..<25 { if case .error = try client.reply() { failures += 1 } }
        return try stacks.sluice.status().flag("rolled_back") == true
      }
      let status = try stacks.sluice.status()
      #expect(status.text("rollback.who") == "guardrail")
      #expect(status.text("rollback.reason")?.contains("new failed commands in ") == true)
      #expect(status.text("rollback.reason")?.contains("it said: \(word) ") == true)
      #expect(status.text("stacks.new.last_trouble.text")?.hasPrefix("\(word) ") == true)
      #expect(try client.command("SET", "key:1", "v") == .status("OK"))
      #expect(try stacks.sluice.terminate() == .code(0))
      let errors = try Ledgerbook(stacks.sluice.ledgerPath).rows(.errors).filter { $0["stack"] == "new" }
      #expect(errors.reduce(0) { $0 + (Int($1["trouble"] ?? "") ?? 0) } > 0)
      #expect(failures > 0)
      let report = try Child.run(try SluiceProcess.executable(), ["report", stacks.sluice.ledgerPath])
      #expect(report.output.contains("\(word) "), "\(report)")
    }

    @Test("without memory it is left by itself")
    func outOfMemory() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      try expectRollback(stacks, saying: "OOM")
    }

    @Test("read only it is left by itself")
    func readOnly() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      _ = try stacks.new.client().command("REPLICAOF", "127.0.0.1", "1")
      try expectRollback(stacks, saying: "READONLY")
    }

    @Test("by few writes too, one by one, and while somebody rewrites the flag file again and again")
    func fewWritesAndManyEdits() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let flags = FlagText.make(stage: "live", percent: 100)
      let client = try stacks.sluice.client()
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      var (failures, edits) = (0, 0)
      try eventually(within: .seconds(20), "the guardrail rolls back") {
        if case .error = try client.command("SET", "key:\(failures)", "v") { failures += 1 }
        if failures % 5 == 0 {
          edits += 1
          try stacks.sluice.replaceFlags(flags + String(repeating: "\n", count: edits))
        }
        return try stacks.sluice.status().flag("rolled_back") == true
      }
      #expect(failures >= 10 && failures < 100, "\(failures) writes failed")
    }

    @Test("errors about the data are the client's: nobody rolls back for them")
    func wrongType() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options)
      let client = try stacks.sluice.client()
      #expect(try client.command("SET", "key", "v") == .status("OK"))
      for _ in 0..<1500 { try client.append("LPUSH", "key", "v") }
      for _ in 0..<1500 { _ = try client.reply() }
      // The guardrails look at the figures in the moment in which they go to the ledger.
      try eventually("the errors are counted") {
        let errors = try Ledgerbook(stacks.sluice.ledgerPath).rows(.errors)
        return errors.reduce(0) { $0 + (Int($1["reply"] ?? "") ?? 0) } == 1500
      }
      #expect(try stacks.sluice.status().flag("rolled_back") == false)
    }
  }
}
