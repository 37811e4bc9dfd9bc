import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// How long clients waited, what the proxy held included, beside what the stacks took; and the last hour.
  @Suite struct WaitTests {
    @Test("A command that was held counts with all that its client waited, and the stack with what it took")
    func held() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      options.yaml = "timeouts:\n  command: 700ms\nledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let client = try sluice.client()
      for index in 0..<200 { _ = try client.command("SET", "key:\(index)", "v") }
      // New hangs: what it owes is given up after 700 ms, and asked of legacy, which stands in.
      stacks.new.pause()
      let began = ContinuousClock.now
      #expect(try client.command("GET", "key:7").text == "v")
      let waited = Double((ContinuousClock.now - began) / .microseconds(1))
      #expect(waited > 600_000)
      stacks.new.resume()
      let status = try sluice.status()
      let longest = try #require(status.number("clients.waits.last_minute.commands.read.max_us"))
      #expect(longest > 0.9 * waited && longest < 1.1 * waited + 20_000, "\(longest) of \(waited): \(status)")
      #expect(status.number("clients.waits.last_minute.commands.read.commands") == 1, "\(status)")
      #expect(status.number("clients.waits.last_minute.commands.all.commands") == 201)
      #expect(status.number("clients.waits.last_minute.commands.write.max_us") ?? 1e9 < 600_000)
      #expect(status.number("stacks.legacy.last_minute.primary.p99_us") ?? 1e9 < 300_000, "\(status)")
      #expect(status.number("clients.waits.last_minute.held.outage.commands") ?? 0 >= 1)
      #expect(status.number("clients.waits.since_start.commands.all.commands") == 201)
    }

    @Test("The last minute and hour are on the screen by stack and role, and the hour minute by minute")
    func hour() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let sluice = stacks.sluice
      let client = try sluice.client()
      for index in 0..<100 { _ = try client.command("SET", "key:\(index)", "v") }
      for index in 0..<300 { _ = try client.command("GET", "key:\(index)") }
      try eventually("they are compared") { try sluice.status().number("compare.matched") == 300 }
      func cli(_ words: String...) throws -> String {
        try Child.run(
          try SluiceProcess.executable(), words,
          environment: ["SLUICE_CONTROL": "127.0.0.1:\(sluice.controlPort)"]
        ).output
      }
      let screen = try cli("status")
      #expect(screen.contains("clients waited") && screen.contains("new, mirror"), "\(screen)")
      #expect(
        screen.split(separator: "\n").contains { $0.contains("legacy, primary") && $0.contains("33.3") },
        "\(screen)")
      #expect(try cli("status", "--hour").contains("33.3"))
      let json = try cli("status", "--hour", "--json")
      #expect(json.contains(#""minutes""#) && json.contains(#""ten_seconds""#))
      #expect(try sluice.status().number("stacks.legacy.last_hour.primary.operations") == 400)
      #expect(try sluice.status().number("stacks.new.last_hour.mirror.operations") == 400)
      #expect(try sluice.status().text("windows") == nil, "only where it is asked for")
    }
  }
}
