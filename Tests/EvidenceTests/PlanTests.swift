import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLoadGenerator
import Testing

/// What the plan asks for when an order goes up.
@Suite struct PlanTests {
  private let start = ContinuousClock.now

  private func flags(_ stage: String, _ percent: Int = 0) throws -> FlagDefinition {
    try FlagDefinition(bytes: Array(FlagText.make(stage: stage, percent: percent).utf8))
  }

  /// What is missing after `seconds` on a step with `matched` compares, by the default plan.
  private func shortfall(
    _ old: FlagDefinition, _ new: FlagDefinition, after seconds: Int = 600, matched: UInt64 = 10_000,
    diverged: DivergenceKind? = nil, plan: Plan = Plan()
  ) -> String? {
    var evidence = Evidence(at: start)
    evidence.startAgain(at: start + .seconds(100))
    var figures = LaneFigures()
    figures.compare.matched = matched
    if let diverged { figures.recordDivergence(diverged, command: 1) }
    evidence.add(figures)
    return evidence.shortfall(of: plan, from: old, to: new, at: start + .seconds(100 + seconds))
  }

  @Test func nothingIsMissing() throws {
    #expect(shortfall(try flags("shadow"), try flags("live", 25)) == nil)
    #expect(shortfall(try flags("live", 25), try flags("live", 50)) == nil)
    #expect(shortfall(try flags("live", 60), try flags("live", 100)) == nil)
    #expect(shortfall(try flags("live", 100), try flags("rampdown")) == nil)
    var none = Plan()
    none.minimumSeconds = 0
    none.minimumCompared = 0
    #expect(shortfall(try flags("shadow"), try flags("live", 25), after: 0, matched: 1, plan: none) == nil)
  }

  @Test func timeComparisonsAndVerdict() throws {
    let (from, to) = (try flags("live", 25), try flags("live", 50))
    #expect(shortfall(from, to, after: 599) == "the plan asks for 600 s on a step, it was 599 s")
    #expect(
      shortfall(from, to, matched: 9_999)
        == "the plan asks for 10000 comparisons on it, there were 9999")
    #expect(
      shortfall(from, to, diverged: .value) == "the plan asks for the verdict pass, it is differs")
    #expect(
      shortfall(from, to, after: 0, matched: 0, diverged: .missingInNew)
        == "the plan asks for 600 s on a step, it was 0 s; for 10000 comparisons on it, there were 1; "
        + "for the verdict pass, it is cold")
  }

  @Test func aStepIsNotSkipped() throws {
    #expect(
      shortfall(try flags("shadow"), try flags("live", 100))
        == "the plan asks for a step at 25 % and 50 %")
    #expect(
      shortfall(try flags("live", 50), try flags("rampdown")) == nil,
      "rampdown is 100 %, the step behind 50 %")
    #expect(
      shortfall(try flags("off"), try flags("live", 50), after: 0, matched: 0)
        == "the plan asks for 600 s on a step, it was 0 s; for 10000 comparisons on it, there were 0; "
        + "for the verdict pass, it is hold; for a step at 25 %")
  }

  @Test("Down, and where no client comes to depend on the new stack, nothing is asked")
  func notUp() throws {
    let few = { (old: FlagDefinition, new: FlagDefinition) in shortfall(old, new, after: 0, matched: 0) }
    #expect(few(try flags("live", 50), try flags("live", 25)) == nil)
    #expect(few(try flags("live", 50), try flags("live", 50)) == nil)
    #expect(few(try flags("complete"), try flags("rampdown")) == nil)
    #expect(few(try flags("live", 100), try flags("off")) == nil)
    #expect(few(try flags("off"), try flags("shadow")) == nil)
    #expect(few(try flags("shadow", 25), try flags("shadow", 50)) == nil)
  }

  @Test func rampdownComparesNothing() throws {
    #expect(
      shortfall(try flags("rampdown"), try flags("complete"), after: 5, matched: 0)
        == "the plan asks for 600 s on a step, it was 5 s")
  }
}
