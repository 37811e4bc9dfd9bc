import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A migration as an operator walks it: by the command line, by `redis-cli` at the control port, and by nobody.
  @Suite struct OperatorTests {
    private func sluice(_ arguments: [String], _ process: SluiceProcess) throws -> String {
      let ran = try Child.run(
        try SluiceProcess.executable(), arguments,
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      #expect(ran.exit == .code(0), "\(arguments): \(ran.output)\(ran.errors)")
      return ran.output
    }

    @Test("by the command line")
    func commandLine() throws {
      let stacks = try TwoStacks(stage: "off")
      let process = stacks.sluice
      let client = try process.client()
      #expect(try sluice(["stage", "dualwrite"], process).contains("dualwrite"))
      for index in 0..<100 { #expect(try client.command("SET", "key:\(index)", "v") == .status("OK")) }
      #expect(try sluice(["stage", "shadow"], process).contains("shadow"))
      let shareless = try Child.run(
        try SluiceProcess.executable(), ["stage", "live", "--control", "127.0.0.1:\(process.controlPort)"])
      #expect(shareless.exit == .code(65) && shareless.errors.contains("say how many, as in 'stage live 25'"))
      for index in 0..<100 { #expect(try client.command("GET", "key:\(index)").text == "v") }
      #expect(try sluice(["stage", "live", "25"], process).contains("25"))
      #expect(try sluice(["ramp", "50"], process).contains("50"))
      let which = try sluice(["which"] + (0..<50).map { "key:\($0)" }, process)
      #expect(which.contains("legacy") && which.contains("new"), "\(which)")
      #expect(try sluice(["status"], process).contains("live"))
      #expect(try sluice(["rollback", "only a test"], process).contains("rolled back"))
      #expect(try sluice(["status"], process).contains("only a test"))
      #expect(try sluice(["rearm"], process).contains("OK re-armed, into shadow: legacy answers"))
      #expect(
        try sluice(["stage", "live", "50", "--force", "only a test"], process).contains(
          "live 50 %: new now answers 50 % of the keys (was 0 %)"))
      #expect(try sluice(["rollback", "again"], process).contains("rolled back"))
      #expect(
        try sluice(["rearm", "--resume", "it was a test"], process).contains("into live 50 %: new now"))
      #expect(try sluice(["reload"], process).contains("OK"))

      let refused = try Child.run(
        try SluiceProcess.executable(), ["stage", "lively", "--control", "127.0.0.1:\(process.controlPort)"])
      #expect(refused.exit != .code(0))
      #expect(refused.errors.contains("dualwrite"), "\(refused.errors)")
      #expect(try process.terminate() == .code(0))
      let report = try sluice(["report", process.ledgerPath], process)
      for word in ["dualwrite", "shadow", "live 25 %", "live 50 %", "only a test", "rearm", "clean"] {
        #expect(report.contains(word), "\(word) is not in:\n\(report)")
      }
      let gone = try Child.run(
        try SluiceProcess.executable(), ["status", "--control", "127.0.0.1:\(process.controlPort)"])
      #expect(gone.exit == .code(69), "\(gone)")
    }

    @Test("by redis-cli, when nothing else is at hand")
    func redisCLI() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      func cli(_ words: String...) throws -> String {
        let ran = try Child.run("redis-cli", ["-p", "\(stacks.sluice.controlPort)"] + words)
        #expect(ran.exit == .code(0), "\(ran.output)\(ran.errors)")
        return ran.output
      }
      #expect(try cli("rollback", "by", "hand").contains("rolled back"))
      #expect(try cli("status").contains("by hand"))
      #expect(try cli("rearm", "resume", "on").contains("live"))
      // However much there is to say of it.
      #expect(try cli("rollback", String(repeating: "why ", count: 25_000)).contains("rolled back"))
      #expect(try stacks.sluice.status().text("rollback.reason")?.count == 500)
      #expect(try cli("rearm", "resume", "on").contains("live"))
      // redis-cli keeps HELP to itself.
      guard case .array(let lines) = try stacks.sluice.control("HELP") else {
        Issue.record("HELP is no list")
        return
      }
      #expect(lines.first?.text?.hasPrefix("ROLLBACK") == true)
      #expect(try cli("commands").contains("ROLLBACK [reason]"))
      // A client of the cache is told where it is; only what is HTTP is taken for a browser.
      #expect(try cli("get", "a").contains("unknown control command 'GET'"))
      #expect(try cli("ramp", "101").hasPrefix("ERR "))
      #expect(try cli("set", "a", "1").hasPrefix("ERR "))
    }

    @Test("what a browser posts to the control port is not carried out")
    func browser() throws {
      let stacks = try TwoStacks(stage: "off")
      for first in ["POST / HTTP/1.1", "GET / HTTP/1.1", "Host: 127.0.0.1:6401", "QUIT"] {
        let socket = try SocketClient(port: stacks.sluice.controlPort)
        try socket.send("\(first)\r\nHost: x\r\n\r\nSTAGE dualwrite\r\n")
        #expect(try !socket.untilClosed().contains("dualwrite"), "\(first)")
        #expect(try stacks.sluice.status().text("stage") == "off", "\(first)")
      }
    }

    @Test("a long session at the control port costs the proxy next to no memory")
    func longSession() throws {
      let stacks = try TwoStacks(stage: "off")
      func resident() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/\(stacks.sluice.child.pid)/statm", encoding: .utf8)
        return (pages.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
      }
      let large = String(repeating: "x", count: 1_000_000)
      let client = try RedisClient(
        RedisEndpoint(.tcp(host: "127.0.0.1", port: stacks.sluice.controlPort)))
      #expect(try client.command("PING") == .status("PONG"))
      let before = try resident()
      for _ in 0..<150 {
        guard case .error = try client.command("PING", large) else { throw TestFailure("no error") }
      }
      #expect(try resident() - before < 50 << 20)
    }

    @Test("flags and a ledger that cannot be used are said so, on the start screen and by status")
    func unused() throws {
      var options = SluiceProcess.Options()
      options.flags = "{ no flags"
      let folder = try ScratchFolder()
      options.ledger = try folder.write("other.db", String(repeating: "no database. ", count: 100))
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      let lines = process.child.output.split(separator: "\n")
      for name in ["flags", "ledger"] {
        let line = try #require(lines.first { $0.hasPrefix("  \(name) ") })
        #expect(line.contains(", NOT USED, "), "\(line)")
      }
      let screen = try sluice(["status"], process)
      #expect(screen.contains("NOT USED") && screen.contains("no evidence is kept"), "\(screen)")
      #expect(!screen.contains("last good flags"))
      let refused = try Child.run(
        try SluiceProcess.executable(), ["reload", "--control", "127.0.0.1:\(process.controlPort)"])
      #expect(refused.exit == .code(65) && refused.errors.contains("none was good"), "\(refused)")

      #expect(refused.errors.contains("flag file \(process.flagsPath) refused"), "\(refused.errors)")
      let unmoved = try Child.run(
        try SluiceProcess.executable(),
        ["stage", "dualwrite", "--control", "127.0.0.1:\(process.controlPort)"])
      #expect(unmoved.errors.contains("nothing was changed, see \(process.flagsPath): "), "\(unmoved)")
      try process.replaceFlags(FlagText.make(stage: "shadow"))
      try eventually("the corrected file is in force") { try process.status().text("stage") == "shadow" }
      try process.replaceFlags("{ no flags")
      try eventually("the bad one is refused") { try process.status().text("flags.error") != nil }
      #expect(try sluice(["status"], process).contains("the last good flags stay in force"))
    }

    @Test("the way back from complete is rampdown, then verify --repair")
    func backFromComplete() throws {
      let stacks = try TwoStacks(stage: "rampdown")
      let process = stacks.sluice
      let client = try process.client()
      for index in 0..<100 { #expect(try client.command("SET", "key:\(index)", "old") == .status("OK")) }
      #expect(
        try sluice(["stage", "complete"], process).contains("'stage rampdown', then 'verify --repair'"))
      for index in 0..<100 { #expect(try client.command("SET", "key:\(index)", "new") == .status("OK")) }
      let status = try sluice(["status"], process)
      #expect(status.contains("way back     sluice stage rampdown, then sluice verify --repair"), "\(status)")
      #expect(try sluice(["stage", "rampdown"], process).contains("legacy was emptied first"))
      #expect(try sluice(["verify", "--repair"], process).contains("100 repaired"))
      #expect(try sluice(["rollback", "all the way"], process).contains("answered by legacy"))
      for index in 0..<100 { #expect(try client.command("GET", "key:\(index)").text == "new") }
    }

    @Test(
      "a new stack that was filled beforehand is kept by a start at dualwrite, and emptied by leaving off")
    func filledBeforehand() throws {
      let (legacy, new) = (try RedisServer(), try RedisServer())
      for server in [legacy, new] { _ = try server.client().command("SET", "a", "1") }
      for (stage, kept) in [("dualwrite", 1), ("off", 0)] {
        let process = try SluiceProcess(
          legacy: legacy.url, new: new.url, SluiceProcess.Options(stage: stage))
        #expect(try process.client().command("GET", "a").text == "1")
        let said = try sluice(["stage", "shadow"], process)
        #expect(said.contains("new was emptied first") == (kept == 0), "\(said)")
        #expect(try new.client().command("DBSIZE") == .integer(Int64(kept)))
        #expect(try process.terminate() == .code(0))
      }
    }

    @Test("a stack that is away is not said to have been emptied, and a share says from when on it counts")
    func awayAndShare() throws {
      let stacks = try TwoStacks(stage: "off")
      let process = stacks.sluice
      // A stack that was never met may hold anything.
      stacks.new.kill()
      #expect(try process.terminate() == .code(0))
      try process.restart()
      try eventually("new is known to be down") { try process.status().text("stacks.new.health") == "down" }
      #expect(process.child.output.contains(", DOWN: "))
      let moved = try sluice(["stage", "shadow"], process)
      #expect(!moved.contains("was emptied"), "\(moved)")
      #expect(moved.contains("new is not there yet, and is emptied before it answers"), "\(moved)")
      #expect(try sluice(["ramp", "25"], process).contains("the percentage counts from stage live on"))
      #expect(try sluice(["reload"], process).contains("OK the file is in force since"))
    }

    @Test("a port for clients is no control port, and an address of another machine is none of this one")
    func wrongPlaces() throws {
      let stacks = try TwoStacks(stage: "off")
      for port in [
        "\(stacks.sluice.port)", try #require(stacks.new.url.split(separator: ":").last.map(String.init)),
      ] {
        let ran = try Child.run(
          try SluiceProcess.executable(), ["rollback", "why", "--control", "127.0.0.1:\(port)"])
        #expect(ran.exit == .code(69) && ran.errors.contains("is not a Sluice control port"), "\(ran)")
      }
      // TEST-NET-3 (RFC 5737) is nobody's.
      let served = try Child.run(
        try SluiceProcess.executable(),
        ["serve", "--listen", "203.0.113.5:6400", "--control", "127.0.0.1:0", "--no-auth"])
      #expect(
        served.exit == .code(69) && served.errors.contains("this machine has no such address"), "\(served)")
    }

    @Test("a new stack that fails is left by itself: the guardrail rolls back, and says why")
    func guardrail() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      // Else legacy would stand in, and nothing would fail.
      options.yaml = "fallback: off\n"
      let stacks = try TwoStacks(options)
      let plan = LoadPlan(
        endpoint: stacks.sluice.endpoint, profile: .uniform(), connections: 10, pipeline: 8,
        limit: .time(.seconds(60)), keys: 1000, rate: 10_000)
      let load = LoadRun.start(plan)
      defer { load.stop() }
      try eventually("the load runs") { load.commandsSoFar > 2000 }
      stacks.new.kill()
      try eventually(within: .seconds(10), "the guardrail rolls back") {
        try stacks.sluice.status().flag("rolled_back") == true
      }
      #expect(try stacks.sluice.status().text("rollback.who") == "guardrail")
      #expect(try stacks.sluice.status().text("rollback.reason")?.contains("new failed commands in ") == true)
      load.stop()
      #expect(load.finish().unanswered == 0)
      // From here on nothing depends on the new stack.
      var after = plan
      after.limit = .commands(2000)
      #expect(LoadRun.run(after).isClean)
      #expect(try stacks.sluice.terminate() == .code(0))
      let flips = try Ledgerbook(stacks.sluice.ledgerPath).rows(.story)
      #expect(flips.map { $0["action"] } == ["start", "rollback"])
      #expect(flips.last?["who"] == "guardrail")
    }

    @Test("a planted difference is found, named in the report, and rolled back from")
    func plantedDifference() throws {
      var options = SluiceProcess.Options(stage: "shadow")
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options)
      let client = try stacks.sluice.client()
      for index in 0..<2000 { try client.append("SET", "user:\(index)", "value") }
      for _ in 0..<2000 { #expect(try client.reply() == .status("OK")) }
      let behind = try stacks.new.client()
      // The mirror has caught up when the last of the writes is there.
      try eventually("the new stack is warm") { try behind.command("DBSIZE") == .integer(2000) }
      for index in 0..<20 { _ = try behind.command("SET", "user:\(index)", "other") }
      for index in 20..<30 { _ = try behind.command("DEL", "user:\(index)") }
      for index in 0..<2000 { try client.append("GET", "user:\(index)") }
      for _ in 0..<2000 { #expect(try client.reply().text == "value") }
      try eventually("the differences are counted") {
        try stacks.sluice.status().number("compare.diverged") == 30
      }
      let status = try stacks.sluice.status()
      #expect(status.number("compare.kinds.value") == 20)
      #expect(status.number("compare.kinds.missing_in_new") == 10)
      #expect(status.number("compare.matched") == 1970)
      #expect(try stacks.sluice.terminate() == .code(0))
      let ledger = try Ledgerbook(stacks.sluice.ledgerPath)
      let differences = try ledger.rows(.differences)
      #expect(differences.map { $0["kind"] } == ["value", "missing_in_new"])
      #expect(differences.map { $0["count"] } == ["20", "10"])
      #expect(Set(try ledger.rows(.keys).map { $0["pattern"] }) == ["user:*"])
    }
  }
}
