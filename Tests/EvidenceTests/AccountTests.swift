import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceRouting
import Testing

/// The same routing is the same evidence, over restarts too.
@Suite struct AccountTests {
  private let start = ContinuousClock.now

  @Test func goesOnWhereItStood() {
    var evidence = Evidence(at: start)
    var figures = LaneFigures()
    figures.compare.matched = 90
    figures.compare.droppedWrites = 2
    for _ in 0..<7 { figures.recordDivergence(.missingInNew, command: 3) }
    figures.recordDivergence(.value, command: 3)
    figures[.new, .primary, .read].operations = 500
    for _ in 0..<200 { figures[.legacy, .primary, .read].latency.record(nanoseconds: 1_000_000) }
    for _ in 0..<20 {
      figures[.new, .primary, .read].operations &+= 1
      figures.recordError(.timeout, on: .new, .primary, .read)
    }
    evidence.add(figures, at: start + .seconds(30))
    evidence.wasVerified(at: start + .seconds(40))
    evidence.forced = "why"
    var units = GuardUnits()
    (units.failed, units.keys) = (.init(bad: 12), 9)
    #expect(evidence.judge(units, by: Guardrails(), in: .live) == nil)
    let account = evidence.account(at: start + .seconds(50))

    var next = Evidence(at: start + .seconds(1000))
    next.resume(account, at: start + .seconds(1000))
    var known = account
    known.keys = 0
    #expect(next.account(at: start + .seconds(1000)) == known, "which keys they were is not known any more")
    #expect(!next.failing(Guardrails()).isMet && next.failing(Guardrails()).now.hasPrefix("20 of 520"))
    #expect(next.seconds(at: start + .seconds(1010)) == 60, "the time in between is left out")
    #expect(next.verdict == evidence.verdict && next.isVerified && next.forced == "why")
    (units.failed, units.keys) = (.init(bad: 1), 0)
    #expect(next.judge(units, by: Guardrails(), in: .live)?.bad == 13, "one more is enough")
    // What was legacy's pace then is one of another time now.
    #expect((50_900_000...51_200_000).contains(next.limits(Guardrails(), countsKeys: false).slowAbove[0]))
  }
}
