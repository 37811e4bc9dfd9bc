import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What a step has shown before the next one: the verdict.
  @Suite struct StepEvidenceTests {
    @Test("a cold new stack is no pass")
    func cold() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let behind = try stacks.legacy.client()
      let client = try stacks.sluice.client()
      for index in 0..<100 { _ = try behind.command("SET", "key:\(index)", "v") }
      for index in 0..<100 { #expect(try client.command("GET", "key:\(index)").text == "v") }
      try eventually("the misses are counted") {
        try stacks.sluice.status().number("compare.kinds.missing_in_new") == 100
      }
      let status = try stacks.sluice.status()
      #expect(status.number("compare.matched") == 0 && status.text("compare.verdict") == "cold")
      let screen = try Child.run(
        try SluiceProcess.executable(), ["status"],
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(stacks.sluice.controlPort)"])
      #expect(screen.output.contains("COLD: ") && !screen.output.contains("PASS"))
    }
  }
}
