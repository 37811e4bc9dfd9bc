import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A step up is refused while evidence speaks against it, and what was forced is written down.
  @Suite struct GateTests {
    private func cli(_ process: SluiceProcess, _ words: String...) throws -> (code: Child.Exit, said: String)
    {
      let ran = try Child.run(
        try SluiceProcess.executable(), words,
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      return (ran.exit, ran.output + ran.errors)
    }

    private func write(_ process: SluiceProcess, _ keys: Int, _ value: String = "v") throws {
      let client = try process.client()
      for index in 0..<keys { _ = try client.command("SET", "key:\(index)", value) }
    }

    private func read(_ process: SluiceProcess, _ keys: Int) throws {
      let client = try process.client()
      for index in 0..<keys { _ = try client.command("GET", "key:\(index)") }
    }

    private func reasons(_ process: SluiceProcess) throws -> [String] {
      try Ledgerbook(process.ledgerPath).rows(.story).compactMap { $0["reason"] }
    }

    @Test("What differs refuses complete, over flips and a rollback, until it is seen equal")
    func differs() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      try write(process, 50)
      let behind = try stacks.new.client()
      for index in 0..<5 { _ = try behind.command("SET", "key:\(index)", "wrong") }
      try read(process, 50)
      try eventually("it is known") { try process.status().number("step.open_divergences") == 5 }
      #expect(try process.status().text("compare.verdict") == "differs")
      for words in [["stage", "complete"], ["stage", "live", "25"], ["stage", "rampdown", "--yes"]] {
        let ran = try Child.run(
          try SluiceProcess.executable(), words,
          environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
        #expect(ran.exit == .code(65), "\(words): \(ran)")
        #expect(ran.errors.contains("gate") && ran.errors.contains("missing"), "\(ran.errors)")
        #expect(ran.errors.contains("5 open") && ran.errors.contains("--force"), "\(ran.errors)")
      }
      #expect(try process.status().text("stage") == "shadow")
      // Another routing forgets nothing that is known.
      try process.control("STAGE", "dualwrite")
      try process.control("STAGE", "shadow")
      #expect(try process.status().text("compare.verdict") == "differs")
      // Seen equal, four are closed; the last one somebody answers for.
      for index in 0..<4 { _ = try behind.command("SET", "key:\(index)", "v") }
      try read(process, 50)
      try eventually("four are equal") { try process.status().number("step.open_divergences") == 1 }
      #expect(try cli(process, "close").code == .code(64))
      #expect(try cli(process, "close", "it may be wrong").said.contains("closed: 1"))
      #expect(try process.status().text("compare.verdict") == "pass")
      try process.control("STAGE", "live", "25")
    }

    @Test("A known difference that nobody asks about again is closed by verify")
    func verified() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      try write(process, 20)
      _ = try stacks.new.client().command("SET", "key:7", "wrong")
      try read(process, 20)
      try eventually("it is known") { try process.status().number("step.open_divergences") == 1 }
      #expect(try cli(process, "verify", "--repair").code == .code(0))
      #expect(try process.status().number("step.open_divergences") == 0)
      try process.control("STAGE", "live", "50")
    }

    @Test("An emptied new stack refuses a step, is forced, and the force is shown until the next step")
    func cold() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let process = stacks.sluice
      try write(process, 100)
      _ = try stacks.new.client().command("FLUSHALL")
      try read(process, 100)
      try eventually("the misses are counted") {
        try process.status().number("compare.kinds.missing_in_new") ?? 0 > 50
      }
      let refused = try cli(process, "ramp", "100")
      #expect(refused.code == .code(65) && refused.said.contains("cold"), "\(refused)")
      #expect(try cli(process, "stage", "complete").code == .code(65))
      let forced = try cli(process, "ramp", "60", "--force", "we know it is empty")
      #expect(
        forced.code == .code(0) && forced.said.contains("Ahead of its gates, because you force it:\n\ngate "),
        "\(forced)")
      #expect(try process.status().text("step.forced")?.hasPrefix("we know it is empty (ahead of: ") == true)
      #expect(try cli(process, "status").said.contains("we know it is empty"))
      try process.control("RAMP", "40")
      #expect(try process.status().text("step.forced") == nil)
      // Brought over, it speaks against nothing, once somebody has answered for the pause.
      #expect(try cli(process, "warm").code == .code(0))
      try process.control("CLOSE", "it is warm")
      try process.control("RAMP", "70")
      #expect(try process.terminate() == .code(0))
      #expect(try reasons(process).contains { $0.contains("forced: we know it is empty (ahead of: cold") })
    }

    @Test("A plan refuses what is not there yet, says what and how much, and a fall needs nothing")
    func plan() throws {
      var options = SluiceProcess.Options(stage: "shadow")
      options.flags = options.flags.replacing(
        #"[["compare", 100], ["skip", 0]] }"# + "\n    }",
        with: #"""
          [["compare", 100], ["skip", 0]] } },
              "cache-guardrails": { "state": "ENABLED", "defaultVariant": "d", "variants": { "d": { "divergenceRate": 0.1, "missedRate": 0.1, "slowRate": 1 } } },
              "cache-plan": { "state": "ENABLED", "defaultVariant": "d", "variants": {
                "d": { "steps": [25, 100], "minimumSeconds": 1, "minimumCompared": 100, "minimumKeys": 100 } } }
          """#)
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      let early = try cli(process, "stage", "live", "25")
      #expect(early.code == .code(65) && early.said.contains("100 reads"), "\(early)")
      try write(process, 100)
      for _ in 0..<5 { try read(process, 50) }
      try eventually("they are compared") { try process.status().number("compare.matched") ?? 0 >= 250 }
      let few = try cli(process, "stage", "live", "25")
      #expect(
        few.code == .code(65) && few.said.contains("50 keys") && !few.said.contains("compared "), "\(few)")
      try read(process, 100)
      try eventually("all gates are met") { try cli(process, "stage", "live", "25").code == .code(0) }
      let far = try cli(process, "stage", "rampdown")
      #expect(
        far.code == .code(65) && far.said.contains("verify") && far.said.contains("25 % of the keys   "),
        "\(far)")
      try process.control("STAGE", "dualwrite")
    }

    @Test(
      "An edit ahead of the gates is taken as forced, but for complete, which is refused until they are met")
    func edits() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      try write(process, 20)
      let behind = try stacks.new.client()
      _ = try behind.command("SET", "key:7", "wrong")
      try read(process, 20)
      try eventually("it is known") { try process.status().number("step.open_divergences") == 1 }
      try process.replaceFlags(FlagText.make(stage: "live", percent: 50))
      try eventually("it is taken") { try process.status().text("stage") == "live" }
      #expect(try process.status().text("step.forced")?.contains("differs") == true)
      try process.replaceFlags(FlagText.make(stage: "complete", percent: 50))
      try eventually("it is refused") { try process.status().text("flags.error")?.contains("gates") == true }
      #expect(try process.status().text("stage") == "live")
      #expect(try cli(process, "reload").code == .code(65))
      // Nor does a restart take it.
      #expect(try process.terminate() == .code(0))
      try process.restart()
      #expect(try process.status().text("effective_stage") == "live")
      _ = try behind.command("SET", "key:7", "v")
      #expect(try cli(process, "verify", "--repair").code == .code(0))
      #expect(try cli(process, "reload").code == .code(0))
      #expect(try process.status().text("effective_stage") == "complete")
    }

    @Test("rearm goes to shadow, in the file too; resume is refused while new fails")
    func rearm() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let process = stacks.sluice
      let behind = try stacks.new.client()
      _ = try behind.command("CONFIG", "SET", "maxmemory", "1")
      let client = try process.client()
      try eventually(within: .seconds(20), "the guardrail rolls back") {
        for index in 0..<50 { try client.append("SET", "key:\(index)", "v") }
        for _ in 0..<50 { _ = try client.reply() }
        return try process.status().flag("rolled_back") == true
      }
      try write(process, 50)
      let refused = try cli(process, "rearm", "--resume", "I am sure")
      #expect(refused.code == .code(65) && refused.said.contains("still fails"), "\(refused)")
      #expect(refused.said.contains("OOM"), "\(refused)")
      #expect(try process.status().flag("rolled_back") == true)
      #expect(try cli(process, "rearm").said.contains("OK re-armed, into shadow: legacy answers every key"))
      #expect(
        try String(contentsOfFile: process.flagsPath, encoding: .utf8).contains(
          #""defaultVariant": "shadow""#))
      for index in 0..<50 { #expect(try client.command("SET", "key:\(index)", "w") == .status("OK")) }
      let up = try cli(process, "stage", "live", "100")
      #expect(up.code == .code(65) && up.said.contains("failing") && up.said.contains("OOM"), "\(up)")
    }

    @Test("Complete is asked of the person at the terminal, by the word; a script and --yes are not asked")
    func word() throws {
      let stacks = try TwoStacks(stage: "rampdown")
      let process = stacks.sluice
      for (typed, code, stage) in [
        ("yes", Int32(65), "rampdown"), ("", 65, "rampdown"), ("Complete", 0, "complete"),
      ] {
        let terminal = try Terminal()
        let ran = try terminal.run(
          try SluiceProcess.executable(), ["stage", "complete"],
          environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"], typing: typed + "\n")
        #expect(ran.exit == .code(code), "\(typed): \(ran)")
        #expect(ran.screen.contains("Type complete to go on"), "\(ran.screen)")
        #expect(ran.screen.contains("nothing was changed") == (code != 0), "\(ran.screen)")
        #expect(try process.status().text("stage") == stage)
      }
      for words in [["stage", "complete", "--yes"], ["stage", "rampdown"]] {
        try process.control("STAGE", "rampdown")
        let ran = try Terminal().run(
          try SluiceProcess.executable(), words,
          environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"], typing: nil)
        #expect(ran.exit == .code(0) && !ran.screen.contains("Type complete"), "\(ran)")
      }
      try process.control("STAGE", "rampdown")
      #expect(try cli(process, "stage", "complete").code == .code(0), "no terminal, nobody to ask")
    }

    @Test("rearm is refused where the file cannot be made to say shadow, and nothing is lifted")
    func rearmWithoutAFile() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let process = stacks.sluice
      try process.control("ROLLBACK", "drill")
      try FileManager.default.removeItem(atPath: process.flagsPath)
      let refused = try cli(process, "rearm")
      #expect(refused.code == .code(65) && refused.said.contains("still rolled back"), "\(refused)")
      #expect(try process.status().flag("rolled_back") == true)
      #expect(try cli(process, "rearm", "--resume", "the file is on its way").code == .code(0))
    }

    @Test("An order that changes nothing is no flip, and the account goes on")
    func noOrder() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let process = stacks.sluice
      try write(process, 20)
      try read(process, 20)
      try eventually("they are compared") { try process.status().number("compare.since_flip.matched") == 20 }
      #expect(try cli(process, "ramp", "50").said.contains("already at live 50 %: nothing changed"))
      #expect(try process.status().number("compare.since_flip.matched") == 20)
      #expect(try process.terminate() == .code(0))
      #expect(try reasons(process).count == 1)
    }
  }
}
