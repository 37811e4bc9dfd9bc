import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The account of a routing outlives edits, orders and processes; guardrails that look at latency and at what is missing.
  @Suite struct EvidenceLastsTests {
    private func write(_ process: SluiceProcess, _ keys: Int) throws {
      let client = try process.client()
      for index in 0..<keys { try client.append("SET", "key:\(index)", "right") }
      for _ in 0..<keys { _ = try client.reply() }
    }

    private func read(_ process: SluiceProcess, _ keys: Range<Int>) throws {
      let client = try process.client()
      for index in keys { try client.append("GET", "key:\(index)") }
      for _ in keys { _ = try client.reply() }
    }

    @Test("A restart, clean or not, goes on with the account and with what is known to differ")
    func restart() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      try write(process, 100)
      // Twelve wrong keys are one too few for the guardrail.
      let behind = try stacks.new.client()
      for index in 0..<12 { _ = try behind.command("SET", "key:\(index)", "wrong") }
      try read(process, 0..<100)
      try eventually("they are known, and counted") {
        let status = try process.status()
        return status.number("step.open_divergences") == 12
          && status.number("step.guardrails.diverged.bad") == 12
      }
      try eventually("the account is written") {
        try Ledgerbook(process.ledgerPath).rows(.step).first?["open"] == "12"
      }
      try eventually("what the stacks did is written, too") {
        let written = try Ledgerbook(process.ledgerPath).rows(.figures)
        return written.filter { $0["role"] == "primary" }.compactMap { $0["operations"].flatMap { Int($0) } }
          .reduce(0, +) >= 200
      }
      for signal in [SIGKILL, SIGTERM] {
        let hour = try process.status().number("clients.waits.last_hour.commands.all.commands") ?? 0
        #expect(hour >= 200)
        process.child.send(signal)
        _ = try process.child.wait(within: .seconds(10))
        try process.restart()
        let status = try process.status()
        #expect(
          status.number("clients.waits.last_hour.commands.all.commands") == hour,
          "how clients waited is known over the restart")
        #expect(
          (status.number("clients.waits.last_hour.seconds") ?? 0) >= status.number("uptime_seconds") ?? 0)
        #expect(status.number("step.open_divergences") == 12 && status.text("compare.verdict") == "differs")
        #expect(status.number("compare.since_flip.diverged") == 12)
        #expect(status.number("step.guardrails.diverged.bad") == 12, "\(status)")
      }
      // One more is enough now, whatever happened in between; and others may close.
      for index in 1..<12 { _ = try behind.command("SET", "key:\(index)", "right") }
      for index in 20..<22 { _ = try behind.command("SET", "key:\(index)", "wrong") }
      try eventually("the guardrail goes on counting") {
        try read(process, 1..<50)
        return try process.status().flag("rolled_back") == true
      }
      #expect(try process.status().number("step.open_divergences") == 3)
    }

    @Test("Another flag in the file that is edited all the time makes no guardrail forget")
    func otherTeamsEdits() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let process = stacks.sluice
      try write(process, 200)
      let behind = try stacks.new.client()
      for index in 0..<200 { _ = try behind.command("SET", "key:\(index)", "wrong") }
      // Two keys between any two edits: who forgets with each of them never gets to thirteen.
      var edit = 0
      while try process.status().flag("rolled_back") == false, edit < 90 {
        let text = FlagText.make(stage: "live", percent: 50).replacing(
          #""flags": {"#,
          with:
            #""flags": { "theirs": { "state": "ENABLED", "variants": { "n": \#(edit) }, "defaultVariant": "n" },"#
        )
        try process.replaceFlags(text)
        try process.control("RELOAD")
        try read(process, 2 * edit..<2 * edit + 2)
        edit += 1
      }
      try eventually("thirteen keys are enough") { try process.status().flag("rolled_back") == true }
    }

    @Test("New 300 ms late pauses, or rolls back where the file says so", arguments: ["pause", "rollback"])
    func late(reaction: String) throws {
      let (legacy, new) = (try RedisServer(), try RedisServer())
      let port = try #require(UInt16(new.url.split(separator: ":").last ?? ""))
      let line = try DelayLine(to: port)
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.flags = options.flags.replacing(
        #""flags": {"#,
        with: #"""
          "flags": { "cache-guardrails": { "state": "ENABLED", "defaultVariant": "d", "variants": {
            "d": { "slow": { "reaction": "\#(reaction)" } } } },
          """#)
      let process = try SluiceProcess(legacy: legacy.url, new: "redis://127.0.0.1:\(line.port)", options)
      try write(process, 200)
      let load = LoadRun.start(
        LoadPlan(
          endpoint: process.endpoint, profile: .uniform(), connections: 20, pipeline: 1,
          limit: .time(.seconds(40)), keys: 200, seed: 1))
      defer {
        load.stop()
        _ = load.finish()
      }
      try eventually("legacy's pace is known") {
        try process.status().number("stacks.legacy.last_minute.primary.operations") ?? 0 > 2000
      }
      #expect(try process.status().text("step.paused") == nil)
      line.delay(milliseconds: 300)
      if reaction == "rollback" {
        try eventually("it rolls back") { try process.status().flag("rolled_back") == true }
        return #expect(try process.status().text("rollback.reason")?.contains("slower than legacy") == true)
      }
      try eventually("it pauses") { try process.status().text("step.paused") != nil }
      let status = try process.status()
      #expect(status.flag("rolled_back") == false && status.text("compare.verdict") != "pass")
      #expect(throws: TestFailure.self) { try process.control("RAMP", "100") }
      line.delay(milliseconds: 0)
      try process.control("CLOSE", "the network is mended")
      #expect(try process.status().text("step.paused") == nil)
    }

    @Test("A new that was emptied under live pauses: clients miss what legacy has")
    func emptied() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let process = stacks.sluice
      try write(process, 100)
      _ = try stacks.new.client().command("FLUSHALL")
      try eventually("it pauses") {
        try read(process, 0..<100)
        return try process.status().text("step.paused")?.contains("clients missed") == true
      }
      #expect(try process.status().flag("rolled_back") == false)
      // Neither a fall nor an edit by somebody else, neither a kill nor a warm-up answers for it.
      try process.control("RAMP", "40")
      try process.replaceFlags(FlagText.make(stage: "live", percent: 30))
      try eventually("the edit is taken") { try process.status().number("percent") == 30 }
      try eventually("the ledger knows") {
        let step = try Ledgerbook(process.ledgerPath).rows(.step).first
        return step?["paused"]?.contains("clients missed") == true && step?["step"]?.hasSuffix("30 %") == true
      }
      process.child.kill()
      try process.replaceFlags(FlagText.make(stage: "live", percent: 20))
      try process.restart()
      #expect(try process.status().text("step.paused")?.contains("clients missed") == true)
      let warm = try Child.run(
        try SluiceProcess.executable(), ["warm"],
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      #expect(warm.exit == .code(0), "\(warm)")
      try read(process, 0..<100)
      #expect(throws: TestFailure.self) { try process.control("RAMP", "40") }
      try process.control("CLOSE", "it is warm again")
      #expect(try process.status().text("step.paused") == nil)
      try process.control("RAMP", "40")
    }

    @Test("What new said is in a pause, in status, in the ledger, and in what is refused for it")
    func words() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      options.flags = options.flags.replacing(
        #""flags": {"#,
        with: #"""
          "flags": { "cache-guardrails": { "state": "ENABLED", "defaultVariant": "d", "variants": {
            "d": { "failed": { "reaction": "pause" } } } },
          """#)
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      try eventually("it pauses") {
        try write(process, 20)
        return try process.status().text("step.paused")?.contains("it said: OOM command not allowed") == true
      }
      try process.control("RAMP", "50")
      let refused = #expect(throws: TestFailure.self) { try process.control("RAMP", "100") }
      #expect("\(refused.map(String.init(describing:)) ?? "")".contains("failed on new, it said: OOM"))
      #expect(try process.terminate() == .code(0))
      let why = try Ledgerbook(process.ledgerPath).rows(.why)
      #expect(why.contains { $0["action"] == "paused" && $0["words"]?.contains("OOM") == true }, "\(why)")
      #expect(why.contains { $0["action"] == "refused" && $0["words"]?.contains("OOM") == true }, "\(why)")
    }

    @Test("Hurt are clients whom new answered otherwise than legacy, and none of shadow or of legacy's keys")
    func hurt() throws {
      var options = SluiceProcess.Options(stage: "shadow", percent: 50)
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      try write(process, 100)
      let behind = try stacks.new.client()
      try eventually("new has them") { try behind.command("DBSIZE") == .integer(100) }
      for index in 0..<8 { _ = try behind.command("SET", "key:\(index)", "wrong") }
      for index in 8..<16 { _ = try behind.command("DEL", "key:\(index)") }
      try read(process, 0..<16)
      try eventually("shadow has seen them") { try process.status().number("compare.diverged") == 16 }
      try process.control("STAGE", "live", "50", "FORCE", "to see who is hurt")
      let owners = try process.which((0..<16).map { "key:\($0)" })
      try read(process, 0..<16)
      try eventually("live has seen them") { try process.status().number("compare.diverged") == 32 }
      #expect(try process.terminate() == .code(0))
      let rows = try Ledgerbook(process.ledgerPath).rows(.hurt)
      let (shadow, live) = (
        rows.first { $0["step"] == "shadow 50 %" }, rows.first { $0["step"] == "live 50 %" }
      )
      #expect(shadow?["different_on_new"] == "0" && shadow?["missing_on_new"] == "0", "\(rows)")
      #expect(live?["different_on_new"] == "\(owners[0..<8].count { $0 == "new" })", "\(rows)")
      #expect(live?["missing_on_new"] == "\(owners[8...].count { $0 == "new" })", "\(rows)")
      #expect(live?["compared_on_new"] == "\(owners.count { $0 == "new" })", "\(rows)")
    }

    @Test("A fork's pause, a lost link and a BGSAVE are no alarm")
    func falseAlarms() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let process = stacks.sluice
      try write(process, 500)
      let load = LoadRun.start(
        LoadPlan(
          endpoint: process.endpoint, profile: .uniform(), connections: 10, pipeline: 1,
          limit: .time(.seconds(40)), keys: 500, seed: 1))
      defer {
        load.stop()
        _ = load.finish()
      }
      let behind = try stacks.new.client()
      for round in 0..<3 {
        stacks.new.pause()
        usleep(150_000)
        stacks.new.resume()
        _ = try behind.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        _ = try behind.command("BGSAVE")
        let asked = try process.status().number("stacks.new.operations") ?? 0
        try eventually("clients are served on, round \(round)") {
          try process.status().number("stacks.new.operations") ?? 0 > asked + 2000
        }
      }
      let status = try process.status()
      #expect(status.flag("rolled_back") == false && status.text("step.paused") == nil, "\(status)")
    }
  }
}
