import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A legacy stack, plain or under the layers of `auto`, and a new one under those of `web_app`.
  @Suite struct LayeredStackTests {
    private func stacks(stage: String, percent: Int = 0, legacy: String = "plain") throws -> TwoStacks {
      var options = SluiceProcess.Options(stage: stage, percent: percent)
      // What `auto` detects; the address itself comes with the command line.
      options.environment = ["REDIS_URL": "redis://127.0.0.1:1"]
      options.yaml = """
        stacks:
          legacy: {preset: \(legacy)}
          new: {preset: web_app, compression: {threshold: 1000}}

        """
      return try TwoStacks(options)
    }

    private func plan(_ sluice: SluiceProcess) -> LoadPlan {
      var plan = LoadPlan(
        endpoint: sluice.endpoint, profile: .uniform(valueSize: 3000, readShare: 0.8), connections: 20,
        pipeline: 8, limit: .time(.seconds(600)), keys: 300, rate: 4000, verify: true)
      plan.drainTimeout = .seconds(10)
      return plan
    }

    @Test(
      "shadow reports the TTLs that the default gives, and no other difference; the ramp and the way back keep every value",
      arguments: ["plain", "auto"])
    func walk(legacy: String) throws {
      let stacks = try stacks(stage: "dualwrite", legacy: legacy)
      let sluice = stacks.sluice
      let plan = plan(sluice)
      #expect(LoadRun.run(plan.filling).isClean)
      let load = LoadRun.start(plan)
      // A new that stands behind layers may be slower than a plain legacy, and a gate says so.
      let why = "layers take their time"
      for words in [
        ["STAGE", "shadow"], ["STAGE", "live", "25", "FORCE", why], ["RAMP", "50", "FORCE", why],
        ["RAMP", "100", "FORCE", why], ["ROLLBACK", "why"],
      ] {
        try sluice.control(words)
        let before = load.commandsSoFar
        try eventually(within: .seconds(60), "the load goes on") { load.commandsSoFar > before + 4000 }
      }
      load.stop()
      let result = load.finish()
      #expect(result.isClean, "\(result.errorSamples)")
      let status = try sluice.status()
      // A rollback waits for nobody for long: where the machine stands still, what was in flight is in doubt, and forgotten.
      let forgotten = status.number("stacks.legacy.suspects_deleted") ?? 0
      #expect(result.misses == 0 || forgotten > 0, "\(result.misses) misses: \(status)")
      #expect(status.number("compare.matched") ?? 0 > 1000, "\(status)")
      #expect(status.number("compare.diverged") == 0, "\(status)")
      #expect(status.number("stacks.new.layers.compressed") ?? 0 > 100, "\(status)")
      #expect(status.number("stacks.new.layers.l1_hits") ?? 0 > 10, "\(status)")
      #expect(status.number("stacks.new.layers.corrupt") == 0, "\(status)")
      let legacyHits = status.number("stacks.legacy.layers.l1_hits")
      #expect(legacy == "plain" ? legacyHits == nil : legacyHits ?? 0 > 0, "\(status)")
      #expect(sluice.child.output.contains("under l1 200, compression 1000/6, default_ttl 30m"))

      // The one difference that the migration makes, and the ledger names it.
      try sluice.control("REARM")
      try sluice.control("STAGE", "shadow")
      let client = try sluice.client()
      #expect(try client.command("SET", "t", "1") == .status("OK"))
      // `auto` gives an hour, as the legacy world did.
      let left = try client.command("TTL", "t")
      #expect(legacy == "plain" ? left == .integer(-1) : left == .integer(3600) || left == .integer(3599))
      try eventually("the TTL is reported") { try sluice.status().number("compare.kinds.ttl") == 1 }
      #expect(try sluice.status().number("compare.diverged") == 1)
    }

    @Test(
      "a kill of new under load: memory answers, status says so, no value is wrong, and it comes back by itself"
    )
    func outage() throws {
      let stacks = try stacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      let plan = plan(sluice)
      #expect(LoadRun.run(plan.filling).isClean)
      let load = LoadRun.start(plan)
      func goOn() throws {
        let before = load.commandsSoFar
        try eventually(within: .seconds(60), "the load goes on") { load.commandsSoFar > before + 3000 }
      }
      try goOn()
      stacks.new.kill()
      try eventually(within: .seconds(20), "memory answers") {
        try sluice.status().text("stacks.new.layers.memory_since") != nil
      }
      try goOn()
      #expect(try sluice.status().text("stacks.new.layers.reason") != nil)
      let client = try sluice.client()
      #expect(try client.command("SET", "outage", "1") == .status("OK"))
      #expect(try client.command("GET", "outage").text == "1")
      try stacks.new.start()
      try eventually(within: .seconds(20), "the endpoint answers again") {
        let status = try sluice.status()
        return status.text("stacks.new.layers.memory_since") == nil
          && status.number("stacks.new.layers.recoveries") ?? 0 >= 1
      }
      try goOn()
      load.stop()
      let result = load.finish()
      #expect(result.wrong == 0, "\(result.errorSamples)")
      #expect(result.unanswered == 0 && result.lostConnections == 0, "\(result.errorSamples)")
      // What was in flight when the server went has an unknown end; the rest was served.
      #expect(result.errors < result.commands / 20, "\(result.errors) of \(result.commands)")
      #expect(try sluice.terminate() == .code(0), "\(sluice.child.lastWords)")
    }
  }
}
