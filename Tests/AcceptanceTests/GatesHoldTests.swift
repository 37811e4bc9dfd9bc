import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// No way leads around the gates: not another order, not a restart, not a kill, not time.
  @Suite struct GatesHoldTests {
    private func cli(_ process: SluiceProcess, _ words: String...) throws -> (code: Child.Exit, said: String)
    {
      let ran = try Child.run(
        try SluiceProcess.executable(), words,
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      return (ran.exit, ran.output + ran.errors)
    }

    /// Twenty keys, of which new has one wrong, and that is known.
    private func wrong(stage: String, percent: Int = 0) throws -> TwoStacks {
      let stacks = try TwoStacks(stage: stage, percent: percent)
      let client = try stacks.sluice.client()
      for index in 0..<20 { _ = try client.command("SET", "key:\(index)", "v") }
      try eventually("new has them") { try stacks.new.client().command("GET", "key:19").text == "v" }
      _ = try stacks.new.client().command("SET", "key:7", "wrong")
      for index in 0..<20 { _ = try client.command("GET", "key:\(index)") }
      try eventually("it is known") { try stacks.sluice.status().number("step.open_divergences") == 1 }
      return stacks
    }

    @Test("An order that does not name complete does not go there, whatever the file says")
    func orders() throws {
      let stacks = try wrong(stage: "shadow")
      let process = stacks.sluice
      try process.replaceFlags(FlagText.make(stage: "complete", percent: 50))
      try eventually("it is refused") { try process.status().text("flags.error")?.contains("gates") == true }
      for words in [["ramp", "20"], ["ramp", "50", "--force", "we know"]] {
        let ran = try Child.run(
          try SluiceProcess.executable(), words,
          environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
        #expect(ran.exit != .code(0) && ran.errors.contains("the flag file says stage complete"), "\(ran)")
        #expect(try process.status().text("effective_stage") == "shadow")
      }
      #expect(try cli(process, "stage", "live", "10", "--force", "we know").code == .code(0))
      #expect(try process.status().text("effective_stage") == "live")
      #expect(
        try String(contentsOfFile: process.flagsPath, encoding: .utf8).contains(#""defaultVariant": "live""#))
      try process.control("ROLLBACK", "drill")
      let ran = try cli(process, "stage", "complete", "--force", "we know", "--yes")
      #expect(ran.code != .code(0) && ran.said.contains("'rearm' first"), "\(ran)")
    }

    @Test("A restart takes no complete that was refused, and knows what speaks against it")
    func restart() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      let client = try process.client()
      for index in 0..<60 { _ = try client.command("SET", "key:\(index)", "v") }
      try eventually("new has them") { try stacks.new.client().command("GET", "key:59").text == "v" }
      _ = try stacks.new.client().command("FLUSHALL")
      for index in 0..<60 { _ = try client.command("GET", "key:\(index)") }
      try eventually("the misses are counted") {
        try process.status().number("compare.kinds.missing_in_new") == 60
      }
      try process.replaceFlags(FlagText.make(stage: "complete", percent: 0))
      try eventually("it is refused") { try process.status().text("flags.error")?.contains("gates") == true }
      #expect(try process.terminate() == .code(0))
      try process.restart()
      #expect(try process.status().text("effective_stage") == "shadow")
      // Another team's edit beside it takes it no more.
      try process.replaceFlags(FlagText.make(stage: "complete", percent: 1))
      try eventually("it was read") { process.child.errors.contains("still says complete") }
      #expect(try process.status().text("effective_stage") == "shadow")
      let asked = try cli(process, "reload")
      #expect(asked.code == .code(65) && asked.said.contains("cold"), "\(asked)")
      #expect(try process.status().text("effective_stage") == "shadow")
    }

    @Test("What is known to differ, and that a step was forced, outlive a kill within a second or two")
    func kill() throws {
      let stacks = try wrong(stage: "shadow")
      let process = stacks.sluice
      func step() throws -> [String: String] { try Ledgerbook(process.ledgerPath).rows(.step).first ?? [:] }
      try eventually("the ledger knows") { try step()["open"] == "1" }
      process.child.kill()
      try process.restart()
      #expect(try process.status().number("step.open_divergences") == 1)
      #expect(try cli(process, "stage", "live", "25").code == .code(65))
      #expect(try cli(process, "stage", "live", "25", "--force", "we know").code == .code(0))
      try eventually("the ledger knows") { try step()["forced"]?.contains("we know") == true }
      // Another team's edit of the same file changes no key's way, and takes nothing back.
      try process.replaceFlags(
        String(contentsOfFile: process.flagsPath, encoding: .utf8) + "\n")
      try eventually("it was read") { process.child.errors.contains("flags reloaded") }
      #expect(try process.status().text("step.forced")?.contains("we know") == true)
      process.child.kill()
      try process.restart()
      #expect(try process.status().text("step.forced")?.contains("we know") == true)
      #expect(try cli(process, "ramp", "100").code == .code(65))
    }

    @Test("Resuming asks what going there would ask: wrong data, and not failures alone")
    func resume() throws {
      let stacks = try wrong(stage: "live", percent: 100)
      let process = stacks.sluice
      try process.control("ROLLBACK", "it differs")
      let refused = try cli(process, "rearm", "--resume", "I am sure")
      #expect(refused.code == .code(65) && refused.said.contains("1 open"), "\(refused)")
      #expect(try process.status().flag("rolled_back") == true)
      #expect(try process.status().text("step.next") == nil, "under the latch no step up is offered")
      #expect(try cli(process, "close", "it may be").code == .code(0))
      #expect(try cli(process, "rearm", "--resume", "I am sure").code == .code(0))
      #expect(try process.status().text("effective_stage") == "live")
    }

    @Test("Nothing rolls back by itself from complete, for legacy would be emptied")
    func complete() throws {
      let stacks = try TwoStacks(stage: "rampdown")
      let process = stacks.sluice
      let client = try process.client()
      for index in 0..<50 { _ = try client.command("SET", "key:\(index)", "v") }
      try eventually("legacy has them") { try stacks.legacy.client().command("DBSIZE") == .integer(50) }
      try process.control("STAGE", "complete")
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      try eventually(within: .seconds(20), "it is said") {
        for index in 0..<50 { try client.append("SET", "key:\(index)", "w") }
        for _ in 0..<50 { _ = try client.reply() }
        return process.child.errors.contains("nothing rolls back by itself from complete")
      }
      #expect(try process.status().flag("rolled_back") == false)
      #expect(try stacks.legacy.client().command("DBSIZE") == .integer(50))
      #expect(try client.command("GET", "key:7").text == "v")
    }
  }
}
