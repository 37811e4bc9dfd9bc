import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What a step has shown before the next one: the verdict, and what the plan asks for.
  @Suite struct StepEvidenceTests {
    @Test("an order that goes up before its time is carried out, and says so")
    func plan() throws {
      let stacks = try TwoStacks(stage: "off")
      #expect(try stacks.sluice.control("STAGE", "shadow").text?.contains("the plan") == false)
      let answer = try #require(try stacks.sluice.control("STAGE", "live", "50").text)
      #expect(answer.hasPrefix("OK stage live, 50 %"))
      #expect(
        answer.contains("; NOTE: the plan asks for 600 s on a step, it was ")
          && answer.contains("; for 10000 comparisons on it, there were 0; for the verdict pass, it is hold")
          && answer.contains("; for a step at 25 %"), "\(answer)")
      #expect(try stacks.sluice.status().text("compare.verdict") == "hold")
      #expect(try stacks.sluice.control("RAMP", "25").text?.contains("the plan") == false)
    }

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
