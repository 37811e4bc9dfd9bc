import Foundation
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What the control port says is so when it says it.
  @Suite struct AnswerTests {
    @Test(
      "RELOAD behind an edit answers when the edit is in force, whatever the watcher has seen of it by then")
    func reloadBehindAnEdit() throws {
      let sluice = try SluiceProcess(legacy: "memory:", new: "memory:", .init(stage: "live", percent: 50))
      for round in 0..<40 {
        let percent = 1 + round
        try sluice.replaceFlags(FlagText.make(stage: "live", percent: percent))
        // The watcher waits until the file has been quiet for 50 ms: before, just then, and behind it.
        usleep(UInt32(45_000 + round % 20 * 700))
        let answer = try sluice.control("RELOAD").text ?? ""
        #expect(try sluice.status().number("percent") == Double(percent), "round \(round): \(answer)")
        #expect(
          answer.contains("→ \(percent) %") || answer.hasSuffix("live \(percent) %"), "\(answer)")
      }
    }

    @Test("RELOAD behind `touch ROLLBACK` answers when the rollback is in force")
    func reloadBehindALatch() throws {
      let sluice = try SluiceProcess(legacy: "memory:", new: "memory:", .init(stage: "live", percent: 100))
      let latch = URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent()
        .appendingPathComponent("ROLLBACK").path
      #expect(FileManager.default.createFile(atPath: latch, contents: nil))
      try sluice.control("RELOAD")
      #expect(try sluice.status().flag("rolled_back") == true)
      #expect(try sluice.which(["a"]) == ["legacy"])
    }

    /// Legacy hangs with a read, so the fence of the flip waits for it: for that long it is not so.
    @Test("STATUS names a stage when every key goes by it")
    func statusIsInForce() throws {
      let stacks = try TwoStacks(stage: "shadow", threads: 2)
      let sluice = stacks.sluice
      let keys = (0..<8).map { "key:\($0)" }
      for key in keys {
        #expect(try stacks.legacy.client().command("SET", key, "legacy") == .status("OK"))
        #expect(try stacks.new.client().command("SET", key, "new") == .status("OK"))
      }
      stacks.legacy.pause()
      defer { stacks.legacy.resume() }
      let reader = try SocketClient(port: sluice.port)
      for key in keys { try reader.send("GET \(key)\r\n") }
      try eventually("the reads are on their way") {
        try sluice.status().number("stacks.legacy.in_flight") ?? 0 >= Double(keys.count)
      }
      let operators = try SocketClient(port: sluice.controlPort)
      try operators.send("STAGE complete\r\n")
      try eventually("the stage is complete") {
        let status = try sluice.status()
        guard status.text("effective_stage") == "complete" else { return false }
        #expect(
          status.number("stacks.legacy.in_flight") == 0, "legacy still answers while STATUS says complete")
        return true
      }
      let client = try sluice.client()
      for key in keys { #expect(try client.command("GET", key).text == "new") }
      let answer = try operators.reply()
      #expect(answer.contains("OK complete: new answers every key"), "\(answer)")
    }

    @Test("of two orders at once one wins, and the other is told which")
    func twoOrdersAtOnce() throws {
      let sluice = try SluiceProcess(legacy: "memory:", new: "memory:", .init(stage: "off"))
      let stages = ["dualwrite", "shadow"]
      let operators = try stages.map { _ in try SocketClient(port: sluice.controlPort) }
      try eventually("two orders meet") {
        for (one, stage) in zip(operators, stages) { try one.send("STAGE \(stage)\r\n") }
        let answers = try operators.map { try $0.reply() }
        guard let loser = answers.firstIndex(where: { $0.hasPrefix("-") }) else { return false }
        let winner = stages[1 - loser]
        #expect(answers[loser].hasPrefix("-TRYAGAIN nothing was changed"), "\(answers)")
        #expect(answers[loser].contains("'stage \(winner)' of control"), "\(answers)")
        #expect(try sluice.status().text("stage") == winner)
        return true
      }
    }
  }
}
