import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLoadGenerator
import SluiceRouting
import Testing

/// What refuses a step up, by tables: what speaks against it does so always, what is missing only where a plan is in force.
@Suite struct GateTests {
  private let start = ContinuousClock.now

  /// A flag file; the fields of a plan put one in force.
  private func flags(_ stage: String, _ percent: Int = 0, plan: String? = nil, guards: String = "{}") throws
    -> FlagDefinition
  {
    var text = FlagText.make(stage: stage, percent: percent)
    let more = [plan.map { ("cache-plan", $0) }, ("cache-guardrails", guards)].compactMap(\.self).map {
      #", "\#($0.0)": {"state": "ENABLED", "variants": {"d": \#($0.1)}, "defaultVariant": "d"}"#
    }
    text.replace(
      #"[["compare", 100], ["skip", 0]] }"# + "\n    }",
      with: #"[["compare", 100], ["skip", 0]] } }"# + more.joined())
    return try FlagDefinition(bytes: Array(text.utf8))
  }

  /// What was counted on the step that is left, and how long ago it began.
  private func evidence(after seconds: Int = 600, _ count: (inout LaneFigures) -> Void) -> Evidence {
    var evidence = Evidence(at: start)
    evidence.startAgain(at: start + .seconds(100))
    var figures = LaneFigures()
    count(&figures)
    evidence.add(figures, at: start + .seconds(100 + seconds))
    return evidence
  }

  private func unmet(
    _ evidence: Evidence, _ old: FlagDefinition, _ new: FlagDefinition, _ around: Surroundings = .init(),
    after seconds: Int = 600
  ) -> [String] {
    evidence.gates(from: old, to: new, around, at: start + .seconds(100 + seconds)).filter { !$0.isMet }
      .map(\.name)
  }

  // MARK: Without a plan

  @Test("Where nothing is known, nothing speaks against a step")
  func nothingKnown() throws {
    let none = evidence { _ in }
    for (old, new) in [
      (try flags("off"), try flags("live", 50)), (try flags("shadow"), try flags("live", 25)),
      (try flags("live", 50), try flags("complete")),
    ] {
      #expect(unmet(none, old, new) == [])
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var gate: String?
    var testDescription: String
    var figures: @Sendable (inout LaneFigures) -> Void = { _ in }
    var open: UInt64?
    var around = Surroundings()

    init(
      _ gate: String?, _ words: String, open: UInt64? = nil, around: Surroundings = .init(),
      _ figures: @escaping @Sendable (inout LaneFigures) -> Void = { _ in }
    ) {
      (self.gate, testDescription, self.figures) = (gate, words, figures)
      (self.open, self.around) = (open, around)
    }
  }

  private static func around(_ change: (inout Surroundings) -> Void) -> Surroundings {
    var around = Surroundings()
    change(&around)
    return around
  }

  private static func compared(_ figures: inout LaneFigures, matched: UInt64, missing: Int) {
    figures.compare.matched = matched
    for _ in 0..<missing { figures.recordDivergence(.missingInNew, command: 1) }
  }

  private static func failed(_ figures: inout LaneFigures, _ stack: StackID, good: UInt64, bad: Int) {
    figures[stack, .mirror, .write].operations &+= good
    for _ in 0..<bad {
      figures[stack, .mirror, .write].operations &+= 1
      figures.recordError(.timeout, on: stack, .mirror, .write)
    }
  }

  static let cases: [Case] = [
    Case("differs", "one difference is open", open: 1),
    Case(nil, "all that differed is closed", open: 0) { figures in
      for _ in 0..<9 { figures.recordDivergence(.value, command: 1) }
    },
    Case("differs", "who knows none one by one goes by the count") { $0.recordDivergence(.ttl, command: 1) },
    Case("cold", "half of the reads miss") { compared(&$0, matched: 200, missing: 200) },
    Case("cold", "all of them") { compared(&$0, matched: 0, missing: 20) },
    Case(nil, "one key of a hundred was evicted") { compared(&$0, matched: 99, missing: 1) },
    Case(nil, "1 % is the limit") { compared(&$0, matched: 99_000, missing: 1000) },
    Case("failing", "new refuses writes") { failed(&$0, .new, good: 90, bad: 10) },
    Case(nil, "two commands were lost with a connection") { failed(&$0, .new, good: 10, bad: 2) },
    Case(nil, "legacy fails as much") {
      failed(&$0, .new, good: 90, bad: 10)
      failed(&$0, .legacy, good: 90, bad: 10)
    },
    Case("new", "new is down", around: around { $0.newTrouble = "refused" }),
    Case("suspects", "keys wait for their repair", around: around { $0.newSuspects = 3 }),
    Case(nil, "legacy's matter when it goes", around: around { $0.legacySuspects = 3 }),
    Case("uncarried", "a key has no way over", around: around { $0.uncarried = 1 }),
    Case("ledger", "the ledger is full", around: around { $0.ledgerTrouble = "full" }),
  ]

  @Test("What speaks against a step refuses it without a plan", arguments: cases)
  func against(_ one: Case) throws {
    var evidence = evidence(one.figures)
    evidence.open = one.open
    let (from, to) = (try flags("live", 25), try flags("live", 50))
    #expect(unmet(evidence, from, to, one.around) == (one.gate.map { [$0] } ?? []))
    for gate in evidence.gates(from: from, to: to, one.around) {
      #expect(
        gate.isAgainst == !gate.isMet && (gate.isMet || gate.text.contains(", missing \(gate.missing)")))
    }
  }

  @Test func legacysSuspectsMatterWhenItGoes() throws {
    let around = Self.around { $0.legacySuspects = 1 }
    #expect(unmet(evidence { _ in }, try flags("rampdown"), try flags("complete"), around) == ["suspects"])
  }

  @Test("Down, and where no client comes to depend on the new stack, nothing is asked")
  func notUp() throws {
    var worst = evidence { Self.failed(&$0, .new, good: 0, bad: 100) }
    worst.open = 9
    let around = Self.around { $0.newTrouble = "down" }
    for (old, new) in [
      (("live", 50), ("live", 25)), (("live", 50), ("live", 50)), (("complete", 0), ("rampdown", 0)),
      (("live", 100), ("off", 100)), (("off", 0), ("shadow", 0)), (("shadow", 25), ("shadow", 50)),
    ] {
      #expect(unmet(worst, try flags(old.0, old.1), try flags(new.0, new.1), around) == [])
    }
  }

  @Test("A limit that is switched off refuses nothing")
  func switchedOff() throws {
    var evidence = evidence {
      Self.compared(&$0, matched: 0, missing: 100)
      Self.failed(&$0, .new, good: 0, bad: 100)
    }
    evidence.open = 5
    let off = #"{"divergenceRate": 1, "newErrorRate": 1, "missedRate": 1}"#
    #expect(unmet(evidence, try flags("live", 25), try flags("live", 50, guards: off)) == [])
  }

  @Test("What new lacked and was brought since speaks against nothing, and the latest counts, not the sum")
  func warmed() throws {
    var evidence = evidence(after: 10) { Self.compared(&$0, matched: 0, missing: 1000) }
    let (from, to) = (try flags("shadow"), try flags("live", 50))
    #expect(unmet(evidence, from, to) == ["cold"])
    var later = evidence
    later.wasWarmed()
    #expect(unmet(later, from, to) == [] && later.verdict == .hold)
    for seconds in [60, 80] {
      var figures = LaneFigures()
      figures.compare.matched = 50
      evidence.add(figures, at: start + .seconds(100 + seconds))
    }
    #expect(unmet(evidence, from, to) == [], "two windows without a miss")
    #expect(evidence.verdict == .cold, "the account has seen them")
  }

  @Test("A pause holds every step up, until somebody answers for it")
  func paused() throws {
    var evidence = evidence { _ in }
    var units = GuardUnits()
    units.slow = .init(bad: 13)
    #expect(evidence.judge(units, by: Guardrails(), in: .live) != nil)
    let (from, to) = (try flags("live", 25), try flags("live", 50))
    #expect(unmet(evidence, from, to) == ["paused"])
    evidence.startAgain()
    #expect(unmet(evidence, try flags("shadow"), to) == ["paused"], "another routing is no way round")
    func wayOn() -> String? {
      evidence.gates(from: from, to: to, .init()).first { $0.name == "paused" }?.missing
    }
    #expect(wayOn() == "an end of the fault, then sluice close")
    evidence.close()
    #expect(unmet(evidence, from, to) == [])
    // A plan's, or a person's, ends otherwise.
    evidence.pause("\(Evidence.planWord)paused by alice: lunch")
    #expect(wayOn() == "sluice plan resume")
  }

  // MARK: With a plan

  private static let plan = "{}"

  @Test("The default plan is met after ten minutes and ten thousand matching reads")
  func planIsMet() throws {
    let good = evidence { $0.compare.matched = 10_000 }
    let (shadow, quarter) = (try flags("shadow"), try flags("live", 25, plan: Self.plan))
    #expect(unmet(good, shadow, quarter) == [])
    #expect(unmet(good, quarter, try flags("live", 50, plan: Self.plan)) == [])
    #expect(unmet(good, shadow, try flags("live", 100, plan: Self.plan)) == ["step"])
  }

  @Test("What is missing is told with what there is and what is needed")
  func missing() throws {
    let (from, to) = (try flags("live", 25), try flags("live", 50, plan: #"{"minimumKeys": 5}"#))
    let few = evidence(after: 12) { $0.compare.matched = 100 }
    let gates = few.gates(from: from, to: to, .init(), at: start + .seconds(112)).filter { !$0.isMet }
    #expect(gates.allSatisfy { !$0.isAgainst })
    #expect(
      gates.map(\.text) == [
        "time: now 12 s, needed 600 s, missing 588 s",
        "compared: now 100 reads, needed 10000 reads, missing 9900 reads",
        "keys: now 0 keys, needed 5 keys, missing 5 keys",
        "rate diverged: now 0 of 100, so at most 3.7 %, needed below 0.1 %, missing more of it",
        "rate missed: now 0 of 100, so at most 3.7 %, needed below 1 %, missing more of it",
      ])
    #expect(unmet(evidence { _ in }, from, to).contains("verdict"), "zero of zero is no pass")
  }

  @Test("0 of 3,838 is less than one of a thousand, for sure enough")
  func bounds() throws {
    let to = try flags("live", 50, plan: #"{"minimumCompared": 1}"#)
    for (matched, isMet) in [(3_837, false), (3_839, true)] as [(UInt64, Bool)] {
      #expect(
        unmet(evidence { $0.compare.matched = matched }, try flags("live", 25), to)
          == (isMet ? [] : ["rate diverged"]))
    }
    // What rounds to its limit is not said to be below it; and nothing says nothing.
    for (matched, said) in [(3_837, "0 of 3837, so maybe above 0.1 %"), (0, "0 of 0, which says nothing")]
      as [(UInt64, String)]
    {
      let gates = evidence { $0.compare.matched = matched }.gates(
        from: try flags("live", 25), to: to, .init())
      #expect(gates.first { $0.name == "rate diverged" }?.now == said)
    }
  }

  @Test(
    "The bad slots of new, and what it missed, must be few for sure as well; legacy's slow slots excuse new's"
  )
  func boundsOfAll() throws {
    let (from, to) = (
      try flags("live", 25), try flags("live", 50, plan: #"{"minimumCompared": 1}"#)
    )
    for (good, bad, legacy, isMet) in [
      (300, 0, 0, false), (400, 0, 0, true), (10_000, 150, 0, false), (10_000, 150, 100, true),
      (0, 0, 0, true),
    ] as [(UInt64, UInt64, UInt64, Bool)] {
      var evidence = evidence { $0.compare.matched = 10_000 }
      var units = GuardUnits()
      (units.slow, units.slowOnLegacy) = (.init(good: good, bad: bad), legacy)
      _ = evidence.judge(units, by: Guardrails(), in: .shadow)
      #expect(unmet(evidence, from, to) == (isMet ? [] : ["rate slow"]), "\(good) \(bad) \(legacy)")
      // Over a restart, too.
      var next = Evidence(at: start)
      next.resume(evidence.account(at: start + .seconds(700)), at: start + .seconds(700))
      #expect(next.account(at: start + .seconds(700)).slowSlots == bad - min(bad, legacy))
    }
    for (missing, isWarmed, isMet) in [(70, false, true), (90, false, false), (90, true, true)] {
      var evidence = evidence { Self.compared(&$0, matched: 10_000 - UInt64(missing), missing: missing) }
      if isWarmed { evidence.wasWarmed() }
      #expect(unmet(evidence, from, to).contains("rate missed") == !isMet, "\(missing)")
    }
  }

  @Test("New may be a quarter, or two milliseconds, slower than legacy beside it, and miss a point more")
  func besideLegacy() throws {
    let (from, to) = (try flags("live", 25), try flags("live", 50, plan: Self.plan))
    for (nanoseconds, misses, unmetGates) in [
      (2_900_000, 5, []), (9_000_000, 5, ["p99 of reads"]), (1_000_000, 50, ["hit rate"]),
    ] as [(Int64, UInt64, [String])] {
      let evidence = evidence { figures in
        figures.compare.matched = 20_000
        for (stack, time, missed) in [(StackID.legacy, 1_000_000, 5), (.new, nanoseconds, misses)] {
          figures[stack, .primary, .read].operations = 1000
          figures[stack, .primary, .read].hits = 1000 - missed
          figures[stack, .primary, .read].misses = missed
          for _ in 0..<1000 { figures[stack, .primary, .read].latency.record(nanoseconds: time) }
        }
      }
      #expect(unmet(evidence, from, to) == unmetGates)
    }
  }

  @Test(
    "What the process before has counted in the last minutes speaks on: a slow new, and one that failed last")
  func behindARestart() throws {
    let (from, to) = (try flags("live", 25), try flags("live", 50, plan: Self.plan))
    var account = Account()
    account.seconds = 900
    account.compare.matched = 20_000
    account.operations = 1_000_000
    var past = LaneFigures()
    for (stack, nanoseconds) in [(StackID.legacy, 1_000_000), (.new, 90_000_000)] as [(StackID, Int64)] {
      past[stack, .primary, .read].operations = 1000
      past[stack, .primary, .read].latency.record(nanoseconds: nanoseconds, count: 1000)
    }
    var failing = LaneFigures()
    failing[.new, .primary, .write].operations = 500
    for _ in 0..<500 { failing.recordError(.timeout, on: .new, .primary, .write) }
    for (figures, ago, unmetGates) in [
      (LaneFigures(), 20, []), (past, 20, ["p99 of reads"]), (past, 400, []), (failing, 20, ["failing"]),
    ] as [(LaneFigures, UInt64, [String])] {
      var evidence = Evidence(at: start)
      evidence.recall(recent: figures, secondsAgo: ago)
      evidence.resume(account, at: start)
      #expect(unmet(evidence, from, to, after: 0) == unmetGates, "\(ago)")
    }
    // What the account knows to be worse is not made good by windows of before it, and what new does now counts for itself.
    var (evidence, good) = (Evidence(at: start), LaneFigures())
    good[.new, .primary, .write].operations = 5000
    evidence.recall(recent: good, secondsAgo: 20)
    account.failures = 400_000
    evidence.resume(account, at: start)
    #expect(evidence.failing(Guardrails()).now.hasPrefix("400000 of 1000000"))
    evidence.add(good, at: start + .seconds(1))
    #expect(evidence.failing(Guardrails()).isMet)
  }

  @Test(
    "From rampdown on nothing is compared, so whoever goes there from below passes the step of 100 % over")
  func lastStep() throws {
    let good = evidence { $0.compare.matched = 10_000 }
    let down = try flags("rampdown", 50, plan: Self.plan)
    let gate = good.gates(from: try flags("live", 50), to: down, .init()).first { $0.name == "step" }
    #expect(gate?.now == "50 % of the keys" && gate?.needed == "100 %")
    #expect(!good.gates(from: try flags("live", 100), to: down, .init()).contains { $0.name == "step" })
  }

  @Test("Rampdown and complete want a verification on the step before, and rampdown compares nothing")
  func verified() throws {
    var evidence = evidence { $0.compare.matched = 10_000 }
    let (all, down) = (try flags("live", 100, plan: Self.plan), try flags("rampdown", 100, plan: Self.plan))
    #expect(unmet(evidence, all, down) == ["verify"])
    evidence.wasVerified(at: start + .seconds(50))
    #expect(unmet(evidence, all, down) == ["verify"], "it was before the step")
    evidence.wasVerified(at: start + .seconds(150))
    #expect(unmet(evidence, all, down) == [])
    var after = self.evidence(after: 5) { _ in }
    after.wasVerified(at: start + .seconds(101))
    #expect(unmet(after, down, try flags("complete", 100, plan: Self.plan), after: 5) == ["time"])
  }
}
