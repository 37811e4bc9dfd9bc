import Foundation
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The flag file under a running proxy: bad ones change nothing, good ones take effect, and the latch holds.
  @Suite struct FlagManagementTests {
    private static let orderFlipped = FlagText.make(stage: "live", percent: 25).replacing(
      #"[["new", 25], ["legacy", 75]]"#, with: #"[["legacy", 75], ["new", 25]]"#)
    private static let bad: [(name: String, text: String)] = [
      ("empty", ""),
      ("truncated", String(FlagText.make(stage: "live", percent: 75).dropLast(200))),
      ("negative weight", FlagText.make(stage: "live", percent: -5)),
      ("unknown stage", FlagText.make(stage: "lively", percent: 75)),
      ("order flipped", orderFlipped),
      ("no flags", "{}"),
      ("no JSON", "stage: live\n"),
    ]

    @Test("a bad file changes nothing, is named in STATUS, and a good one recovers")
    func badFiles() throws {
      let stacks = try TwoStacks(stage: "live", percent: 25)
      let sluice = stacks.sluice
      let keys = (0..<200).map { "key:\($0)" }
      let before = try sluice.which(keys)
      let client = try sluice.client()
      for (name, text) in Self.bad {
        try sluice.replaceFlags(text)
        try eventually("the file '\(name)' is refused") { try sluice.status().text("flags.error") != nil }
        let status = try sluice.status()
        #expect(status.text("stage") == "live", "\(name)")
        #expect(status.number("percent") == 25, "\(name)")
        #expect(try sluice.which(keys) == before, "\(name)")
        #expect(try client.command("SET", "still", "here") == .status("OK"), "\(name)")

        try sluice.replaceFlags(FlagText.make(stage: "live", percent: 25))
        try eventually("the good file recovers from '\(name)'") {
          try sluice.status().text("flags.error") == nil
        }
        #expect(try sluice.which(keys) == before, "\(name)")
      }
      try sluice.replaceFlags(FlagText.make(stage: "live", percent: 50))
      try eventually("an edit takes effect") { try sluice.status().number("percent") == 50 }
      #expect(try sluice.terminate() == .code(0))
      let flips = try Ledgerbook(sluice.ledgerPath).rows(.story)
      #expect(flips.map { $0["action"] ?? "" } == ["start", "reload"])
    }

    @Test("a missing file changes nothing either")
    func missing() throws {
      let stacks = try TwoStacks(stage: "live", percent: 25)
      try FileManager.default.removeItem(atPath: stacks.sluice.flagsPath)
      try eventually("the loss is noticed") { try stacks.sluice.status().text("flags.error") != nil }
      #expect(try stacks.sluice.status().number("percent") == 25)
      try stacks.sluice.replaceFlags(FlagText.make(stage: "live", percent: 50))
      try eventually("the new file is taken") { try stacks.sluice.status().number("percent") == 50 }
    }

    @Test("started with a bad file, every key is legacy's until the file is right")
    func badAtStart() throws {
      var options = SluiceProcess.Options()
      options.flags = Self.orderFlipped
      let stacks = try TwoStacks(options)
      let keys = (0..<50).map { "key:\($0)" }
      #expect(Set(try stacks.sluice.which(keys)) == ["legacy"])
      #expect(try stacks.sluice.status().text("flags.error") != nil)
      try stacks.sluice.replaceFlags(FlagText.make(stage: "live", percent: 100))
      try eventually("the good file is taken") { Set(try stacks.sluice.which(keys)) == ["new"] }
      #expect(try stacks.sluice.status().text("flags.error") == nil)
    }

    @Test("an edit by rename and one in place take effect, and so does SIGHUP or RELOAD")
    func edits() throws {
      let stacks = try TwoStacks(stage: "live", percent: 0)
      let sluice = stacks.sluice
      try sluice.replaceFlags(FlagText.make(stage: "live", percent: 25))
      try eventually("the renamed file is read") { try sluice.status().number("percent") == 25 }
      try FlagText.make(stage: "live", percent: 50).write(
        toFile: sluice.flagsPath, atomically: false, encoding: .utf8)
      try eventually("the overwritten file is read") { try sluice.status().number("percent") == 50 }
      try sluice.replaceFlags(FlagText.make(stage: "shadow"))
      #expect(try sluice.control("RELOAD").text?.hasPrefix("OK") == true)
      #expect(try sluice.status().text("stage") == "shadow")
      try sluice.replaceFlags(FlagText.make(stage: "dualwrite"))
      sluice.child.send(SIGHUP)
      try eventually("SIGHUP reads the file") { try sluice.status().text("stage") == "dualwrite" }
      #expect(sluice.child.isRunning)
    }

    @Test(
      "an edit that moves keys back and forth needs leave: allow_reshuffle, or a word at the control port")
    func reshuffle() throws {
      let salted = FlagText.make(stage: "live", percent: 30).replacing(
        #"[["new", 30]"#, with: #"[{"cat": ["salt", {"var": "targetingKey"}]}, ["new", 30]"#)
      for isAllowed in [false, true] {
        var options = SluiceProcess.Options(stage: "live", percent: 25)
        options.yaml = "flags:\n  allow_reshuffle: \(isAllowed)\n"
        let sluice = try SluiceProcess(legacy: "memory:", new: "memory:", options)
        try sluice.replaceFlags(salted)
        if !isAllowed {
          try eventually("the edit is refused") {
            try sluice.status().text("flags.error")?.contains("RELOAD RESHUFFLE") == true
          }
          #expect(try sluice.status().number("percent") == 25)
          try sluice.control("RELOAD", "RESHUFFLE")
        }
        try eventually("the edit is in force") { try sluice.status().number("percent") == 30 }
      }
    }

    @Test("what is ordered at the control port is written into the file")
    func ordersAreWritten() throws {
      let stacks = try TwoStacks(stage: "off")
      try stacks.sluice.control("STAGE", "live", "25")
      try stacks.sluice.control("RAMP", "60")
      let text = try String(contentsOfFile: stacks.sluice.flagsPath, encoding: .utf8)
      #expect(text == FlagText.make(stage: "live", percent: 60))
      #expect(try stacks.sluice.terminate() == .code(0))
      try stacks.sluice.restart()
      #expect(try stacks.sluice.status().number("percent") == 60)
      #expect(try stacks.sluice.status().text("stage") == "live")
    }

    @Test(
      "orders in quick succession stay in force, whatever the watcher still has to say of the ones before")
    func quickOrders() throws {
      let stacks = try TwoStacks(stage: "dualwrite", percent: 25)
      let sluice = stacks.sluice
      for round in 0..<60 {
        let (stage, owner) = round % 2 == 0 ? ("rampdown", "new") : ("shadow", "legacy")
        try sluice.control("STAGE", stage)
        // The event of the order before comes within these questions.
        for _ in 0..<10 { #expect(try sluice.which(["a"]) == [owner], "round \(round)") }
      }
    }

    @Test("a rollback survives a crash, a reload and an edit; only REARM lifts it")
    func rollbackIsALatch() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      let keys = (0..<50).map { "key:\($0)" }
      #expect(Set(try sluice.which(keys)) == ["new"])
      try sluice.control("ROLLBACK", "a", "test")
      #expect(Set(try sluice.which(keys)) == ["legacy"])
      #expect(try sluice.status().text("rollback.reason") == "a test")
      let latch = URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent()
        .appendingPathComponent("ROLLBACK").path
      try eventually("the latch is on disk") { FileManager.default.fileExists(atPath: latch) }

      sluice.child.kill()
      try sluice.restart()
      #expect(sluice.child.output.contains("ROLLED BACK"), "\(sluice.child.output)")
      #expect(try sluice.status().flag("rolled_back") == true)
      #expect(Set(try sluice.which(keys)) == ["legacy"])
      try sluice.replaceFlags(FlagText.make(stage: "live", percent: 90))
      try sluice.control("RELOAD")
      try FileManager.default.removeItem(atPath: latch)
      try sluice.control("RELOAD")
      #expect(Set(try sluice.which(keys)) == ["legacy"])

      try sluice.control("REARM", "RESUME", "the test is over")
      #expect(try sluice.status().flag("rolled_back") == false)
      #expect(Set(try sluice.which(keys)).contains("new"))
      #expect(!FileManager.default.fileExists(atPath: latch))
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().flag("rolled_back") == false)
    }

    @Test("a file named ROLLBACK rolls back within two seconds")
    func touch() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let latch = URL(fileURLWithPath: stacks.sluice.flagsPath).deletingLastPathComponent()
        .appendingPathComponent("ROLLBACK").path
      #expect(FileManager.default.createFile(atPath: latch, contents: nil))
      try eventually(within: .seconds(2), "the file rolls back") {
        try stacks.sluice.status().flag("rolled_back") == true
      }
      #expect(try stacks.sluice.which(["a", "b", "c"]) == ["legacy", "legacy", "legacy"])
    }
  }
}
