import SluiceFlags
import Testing

@testable import SluiceEvidence

/// The ramp as a machine: transcripts of what it is shown and what it says.
@Suite struct RampTests {
  /// A ramp that can be asked amid an expectation.
  private final class Machine {
    private var ramp = Ramp()
    var state: Ramp.State { ramp.state }
    var hasAsked: Bool { ramp.hasAsked }
    func judge(_ sight: Ramp.Sight, now: Int64) -> Ramp.Decision { ramp.judge(sight, now: now) }
    func approve(_ who: String) { ramp.approve(who) }
    func failed(_ words: String) -> Bool { ramp.failed(words) }
  }

  private let met = Gate("compared", now: "200 reads", needed: "100 reads")
  private let unmet = Gate(
    "compared", now: "40 reads", needed: "100 reads", missing: "60 reads", about: 30)

  private func plan(
    _ advance: Plan.Advance, hours: String? = nil, maximum: UInt64 = 0
  ) -> Plan {
    var plan = Plan()
    (plan.advance, plan.hours, plan.maximumSeconds) = (advance, hours.flatMap { PlanHours($0) }, maximum)
    plan.minimumSeconds = 10
    return plan
  }

  private func sight(
    _ plan: Plan, _ gates: [Gate], seconds: UInt64 = 20, step: String = "shadow", paused: String? = nil,
    isRolledBack: Bool = false, isForPlan: Bool = true
  ) -> Ramp.Sight {
    Ramp.Sight(
      plan: plan, step: step, seconds: seconds, gates: gates, isForPlan: isForPlan, paused: paused,
      isRolledBack: isRolledBack)
  }

  @Test("Soak, hold once with what is missing, advance")
  func auto() {
    let ramp = Machine()
    let plan = plan(.auto)
    #expect(ramp.judge(sight(plan, [met], seconds: 9), now: 0) == .nothing)
    #expect(ramp.state == .soaking)
    #expect(ramp.judge(sight(plan, [unmet]), now: 0) == .hold([unmet]))
    #expect(ramp.judge(sight(plan, [unmet]), now: 0) == .nothing)
    #expect(ramp.state == .holding)
    // Something else is missing: that is news.
    let verdict = Gate("verdict", now: "hold", needed: "pass", missing: "a comparison")
    #expect(ramp.judge(sight(plan, [unmet, verdict]), now: 0) == .hold([unmet, verdict]))
    #expect(ramp.judge(sight(plan, [verdict]), now: 0) == .nothing)
    #expect(ramp.judge(sight(plan, [met]), now: 0) == .advance)
    // Refused on the way: said once, tried again.
    #expect(ramp.failed("something else was changed"))
    #expect(!ramp.failed("something else was changed"))
    #expect(ramp.judge(sight(plan, [met]), now: 0) == .advance)
    // The next step begins anew.
    #expect(ramp.judge(sight(plan, [unmet], step: "live 25"), now: 0) == .hold([unmet]))
  }

  @Test("Manual does nothing, and neither does it where a person must order, or under the latch")
  func stands() {
    let ramp = Machine()
    #expect(ramp.judge(sight(plan(.manual), [met]), now: 0) == .nothing)
    #expect(ramp.state == .manual)
    #expect(ramp.judge(sight(plan(.auto), [met], isForPlan: false), now: 0) == .nothing)
    #expect(ramp.state == .yours)
    #expect(ramp.judge(sight(plan(.auto), [met], isRolledBack: true), now: 0) == .nothing)
    #expect(ramp.state == .rolledBack)
  }

  @Test("It asks once, waits, and takes a yes for that step alone")
  func asks() {
    let ramp = Machine()
    let plan = plan(.ask)
    #expect(ramp.judge(sight(plan, [met]), now: 0) == .ask)
    #expect(ramp.judge(sight(plan, [met]), now: 0) == .nothing)
    #expect(ramp.state == .asking && ramp.hasAsked)
    ramp.approve("ann")
    // A condition is missing again: the yes stays, the step waits.
    #expect(ramp.judge(sight(plan, [unmet]), now: 0) == .hold([unmet]))
    #expect(ramp.judge(sight(plan, [met]), now: 0) == .advance)
    #expect(ramp.judge(sight(plan, [met], step: "live 25"), now: 0) == .ask)
    ramp.approve("ann")
    // What was found since then was not known to whoever said yes.
    #expect(ramp.judge(sight(plan, [met], step: "live 25", paused: "slow"), now: 0) == .nothing)
    #expect(ramp.judge(sight(plan, [met], step: "live 25"), now: 0) == .ask)
    ramp.approve("ann")
    #expect(ramp.judge(sight(plan, [met], step: "live 25", isRolledBack: true), now: 0) == .nothing)
    #expect(ramp.judge(sight(plan, [met], step: "live 25"), now: 0) == .ask)
  }

  @Test("Outside its hours it holds, and says so once")
  func hours() {
    let ramp = Machine()
    let plan = plan(.auto, hours: "thu 09:00-10:00")
    // 1970 began on a Thursday.
    guard case .hold(let gates) = ramp.judge(sight(plan, [met]), now: 8 * 3600) else {
      Issue.record("it does not hold")
      return
    }
    #expect(gates.map(\.name) == ["hours"] && ramp.state == .outsideHours)
    #expect(ramp.judge(sight(plan, [met]), now: 10 * 3600) == .nothing)
    #expect(ramp.judge(sight(plan, [met]), now: 9 * 3600) == .advance)
  }

  @Test("A step that takes too long pauses, and has all its time again when somebody has answered for that")
  func tooLong() {
    let ramp = Machine()
    let plan = plan(.auto, maximum: 100)
    _ = ramp.judge(sight(plan, [unmet], seconds: 99), now: 0)
    guard case .pause(let why) = ramp.judge(sight(plan, [unmet], seconds: 100), now: 0) else {
      Issue.record("it does not pause")
      return
    }
    #expect(why.contains("100 s") && why.contains("60 reads compared (about 30 s)"), "\(why)")
    #expect(ramp.judge(sight(plan, [unmet], seconds: 101, paused: why), now: 0) == .nothing)
    #expect(ramp.judge(sight(plan, [unmet], seconds: 150), now: 0) == .hold([unmet]))
    #expect(ramp.judge(sight(plan, [unmet], seconds: 249), now: 0) == .nothing)
    guard case .pause = ramp.judge(sight(plan, [unmet], seconds: 250), now: 0) else {
      Issue.record("it does not pause again")
      return
    }
    // A process that begins behind it has no reason to pause for what somebody has answered for.
    let next = Machine()
    #expect(next.judge(sight(plan, [unmet], seconds: 300), now: 0) == .hold([unmet]))
  }

  @Test(
    "Hours: days, spans, midnight",
    arguments: [
      ("00:00-24:00", 0, true), ("09:00-17:00", 9 * 3600, true), ("09:00-17:00", 17 * 3600, false),
      ("Mon-Fri 09:00-17:00", 9 * 3600, true), ("sat,sun 09:00-17:00", 9 * 3600, false),
      ("sat-mon 00:00-24:00", 3 * 86_400, true), ("sat-mon 00:00-24:00", 5 * 86_400, false),
      // From Thursday night into Friday.
      ("thu 22:00-06:00", 23 * 3600, true), ("thu 22:00-06:00", 86_400 + 5 * 3600, true),
      ("thu 22:00-06:00", 5 * 3600, false),
    ] as [(String, Int64, Bool)])
  func hours(_ text: String, _ at: Int64, _ isInside: Bool) throws {
    #expect(try #require(PlanHours(text)).contains(at) == isInside)
  }

  @Test(
    "What are no hours",
    arguments: [
      "", "9-17", "09:00", "09:00-09:00", "24:00-25:00", "09:60-10:00", "mo 09:00-10:00", "mon- 09:00-10:00",
      "mon 09:00-10:00 UTC", "-:- -:-", "mon, 09:00-10:00",
    ])
  func noHours(_ text: String) { #expect(PlanHours(text) == nil) }

  @Test("The sentence names the place, what is there and what is missing")
  func words() throws {
    let bytes = Array(
      #"{"flags": {"cache-stage": {"state": "ENABLED", "variants": {"live": "live"}, "defaultVariant": "live"}, "cache-stack": {"state": "ENABLED", "variants": {"new": "new", "legacy": "legacy"}, "defaultVariant": "legacy", "targeting": {"fractional": [["new", 25], ["legacy", 75]]}}}}"#
        .utf8)
    let place = RampPlace(try FlagDefinition(bytes: bytes))
    #expect(place.text == "step 2 of 4, 25 %")
    #expect(
      Ramp.State.holding.words(place, [met, unmet], next: "ramp 50", plan: nil, paused: nil)
        == "step 2 of 4, 25 %: 1 of 2 conditions met; missing: 60 reads compared (about 30 s)")
    #expect(
      Ramp.State.asking.words(place, [met], next: "ramp 50", plan: nil, paused: nil)
        == "step 2 of 4, 25 %: all 1 conditions met; waits for a yes: sluice plan approve")
  }
}
