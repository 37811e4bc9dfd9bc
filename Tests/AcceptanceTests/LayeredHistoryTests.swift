import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Every layer on, flips and faults in turn: a read may miss, but it is never older than what was acknowledged before.
  @Suite struct LayeredHistoryTests {
    private static let story: [[String]] = [
      ["STAGE", "shadow"], ["STAGE", "live", "25"], ["pause"], ["RAMP", "50", "FORCE", "story"], ["resume"],
      ["RAMP", "100", "FORCE", "story"], ["kill"],
      ["start"], ["ROLLBACK", "why"], ["REARM"], ["STAGE", "live", "100", "FORCE", "story"], ["pause"],
      ["ROLLBACK", "why"], ["resume"], ["REARM"], ["STAGE", "live", "50", "FORCE", "story"], ["kill"],
      ["ROLLBACK", "why"], ["start"], ["REARM"], ["STAGE", "live", "100", "FORCE", "story"],
    ]

    @Test(
      "no read is older than the last word, whatever happens to new and to the routing", arguments: [1, 2])
    func history(threads: Int) throws {
      var options = SluiceProcess.Options(stage: "dualwrite", threads: threads)
      options.yaml = """
        stacks:
          new: {preset: web_app, l1: {entries: 20}, compression: {threshold: 100}, command_timeout: 300ms,
            connect_timeout: 300ms}
        timeouts: {reconnect_max: 200ms}

        """
      let stacks = try TwoStacks(options)
      let owners = KeyOwners(8, at: stacks.sluice.endpoint, padding: 300)
      defer { owners.stop() }
      for words in Self.story {
        try owners.goOn(600)
        switch words[0] {
        case "pause": stacks.new.pause()
        case "resume": stacks.new.resume()
        case "kill": stacks.new.kill()
        case "start": try stacks.new.start()
        default: try stacks.sluice.control(words)
        }
        let trouble = owners.trouble
        #expect(trouble.isEmpty, "after \(words): \(trouble.prefix(5))")
        if !trouble.isEmpty { return }
      }
      try eventually(within: .seconds(20), "new answers again") {
        let status = try stacks.sluice.status()
        return status.text("stacks.new.layers.memory_since") == nil
          && status.text("stacks.new.health") == "up"
      }
      try owners.goOn(600)
      #expect(owners.trouble == [])
      let status = try stacks.sluice.status()
      #expect(status.number("stacks.new.layers.losses") ?? 0 >= 2, "\(status)")
      #expect(
        status.number("stacks.new.layers.losses") == status.number("stacks.new.layers.recoveries"),
        "\(status)")
    }
  }
}
