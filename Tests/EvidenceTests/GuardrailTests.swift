import Glibc
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLoadGenerator
import SluiceRouting
import Testing

@Suite struct GuardrailTests {
  private static let live = Guardrails()

  private func units(failed: GuardUnits.Count = .init(), diverged: GuardUnits.Count = .init()) -> GuardUnits {
    var units = GuardUnits()
    (units.failed, units.diverged) = (failed, diverged)
    return units
  }

  @Test("Total failure is seen after thirteen units, however long all went well before")
  func neverDiluted() {
    for good in [0, 1_000_000, 3_000_000_000] as [UInt64] {
      var evidence = Evidence()
      #expect(evidence.judge(units(failed: .init(good: good)), by: Self.live, in: .live) == nil)
      #expect(evidence.judge(units(failed: .init(bad: 12)), by: Self.live, in: .live) == nil)
      #expect(
        evidence.judge(units(failed: .init(bad: 1)), by: Self.live, in: .live)?.reason
          == "new failed commands in 13 of its last 13 slots of 20 ms (limit 0.01)")
    }
  }

  @Test("Wrong data are seen in any stage in which new answers, and nowhere else")
  func stages() {
    for (stage, acts) in [(Stage.shadow, false), (.live, true), (.rampdown, true), (.complete, true)] {
      var evidence = Evidence()
      let reason = evidence.judge(units(diverged: .init(bad: 13)), by: Self.live, in: stage)?.reason
      #expect(
        reason == (acts ? "new and legacy differ about 13 of the last 13 keys compared (limit 0.001)" : nil))
    }
  }

  @Test("A limit of 0 tolerates none, a limit of 1 all")
  func ends() {
    var (strict, off) = (Guardrails(), Guardrails())
    (strict.diverged, off.diverged) = (.init(limit: 0, .rollback), .init(limit: 1, .rollback))
    var evidence = Evidence()
    #expect(evidence.judge(units(diverged: .init(good: 1_000_000)), by: strict, in: .live) == nil)
    #expect(evidence.judge(units(diverged: .init(bad: 1)), by: strict, in: .live) != nil)
    evidence = Evidence()
    #expect(evidence.judge(units(diverged: .init(bad: 1_000_000)), by: off, in: .live) == nil)
  }

  /// Units at which the test fires at a true rate, median of `runs`; nil if none fired within `limit` units.
  private func median(rate: Double, runs: Int, limit: UInt64, _ random: inout SplitMix64) -> UInt64? {
    let fired = (0..<runs).compactMap { _ in fires(rate: rate, limit: limit, &random) }.sorted()
    return fired.isEmpty ? nil : fired[fired.count / 2]
  }

  private func fires(rate: Double, limit: UInt64, _ random: inout SplitMix64) -> UInt64? {
    var test = Cusum()
    var seen: UInt64 = 0
    let rates = Cusum.Rates(limit: 0.001)
    while seen < limit {
      // Good units until the next bad one: geometric.
      let draw = Double.random(in: .leastNonzeroMagnitude..<1, using: &random)
      let good = rate < 1 ? UInt64(log(draw) / log(1 - rate)) : 0
      test.add(.init(good: good), rates: rates)
      test.add(.init(bad: 1), rates: rates)
      seen += good + 1
      if test.hasFired { return seen }
    }
    return nil
  }

  @Test("A broken rate is found soon")
  func power() {
    let seed = UInt64.random(in: 0...(.max))
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    #expect(median(rate: 1, runs: 3, limit: 100, &random) == 13)
    let five = median(rate: 0.05, runs: 401, limit: 100_000, &random) ?? 0
    #expect((230...300).contains(five), "5 %: \(five)")
    let one = median(rate: 0.01, runs: 401, limit: 100_000, &random) ?? 0
    #expect((1350...1850).contains(one), "1 %: \(one)")
  }

  @Test(
    "A healthy rate is no alarm in 20 times 3.6 million units", arguments: [0.0002, 0.0005, 0.0008, 0.001])
  func noFalseAlarm(rate: Double) {
    let seed = UInt64.random(in: 0...(.max))
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 { #expect(fires(rate: rate, limit: 3_600_000, &random) == nil) }
  }

  @Test("Three bad slots a minute, as of a fork, and one of a hundred at random are no alarm in 20 hours")
  func noFalseAlarmOfForks() {
    let seed = UInt64.random(in: 0...(.max))
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    var test = Cusum()
    let rates = Cusum.Rates(healthy: 0.01, broken: 0.05)
    for _ in 0..<20 * 60 where !test.hasFired {
      test.add(.init(bad: 3), rates: rates)
      for _ in 0..<50 * 60 {
        let isBad = Double.random(in: 0..<1, using: &random) < 0.005
        test.add(isBad ? .init(bad: 1) : .init(good: 1), rates: rates)
      }
    }
    #expect(!test.hasFired)
  }

  @Test(
    "What stalls both stacks alike is no fault of new's, however often it happens; what stalls new alone is")
  func stalls() {
    let seed = UInt64.random(in: 0...(.max))
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for (rate, atLegacy, fires) in [(0.02, true, false), (0.1, false, true)] {
      var evidence = Evidence()
      for _ in 0..<7_200 where evidence.paused == nil {
        var units = GuardUnits()
        for _ in 0..<5 {
          if Double.random(in: 0..<1, using: &random) < rate {
            units.slow.bad += 1
          } else {
            units.slow.good += 1
          }
          if atLegacy, Double.random(in: 0..<1, using: &random) < rate { units.slowOnLegacy += 1 }
        }
        _ = evidence.judge(units, by: Self.live, in: .live)
      }
      #expect((evidence.paused != nil) == fires)
    }
  }

  @Test("What is counted together weighs as much as what comes one by one, spread evenly")
  func batches() {
    let seed = UInt64.random(in: 0...(.max))
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let rates = Cusum.Rates(limit: 0.001)
    for _ in 0..<200 {
      let bad = UInt64.random(in: 1...12, using: &random)
      let share = UInt64.random(in: 0...300, using: &random)
      var (together, single) = (Cusum(), Cusum())
      together.add(.init(good: share * (bad + 1), bad: bad), rates: rates)
      for _ in 0..<bad {
        single.add(.init(good: share), rates: rates)
        single.add(.init(bad: 1), rates: rates)
      }
      single.add(.init(good: share), rates: rates)
      #expect(abs(together.score - single.score) < 1e-9)
      #expect(together.bad == single.bad && together.total == single.total)
    }
  }

  @Test("A flip begins a new account")
  func startAgain() {
    var evidence = Evidence()
    #expect(evidence.judge(units(failed: .init(bad: 12)), by: Self.live, in: .live) == nil)
    evidence.startAgain()
    #expect(evidence.judge(units(failed: .init(bad: 12)), by: Self.live, in: .live) == nil)
  }

  @Test(
    "What new said stands in the reason of what was decided by its failures, a pause too, and of no other")
  func words() {
    for reaction in [Guardrails.Reaction.rollback, .pause, .notify] {
      var rails = Guardrails()
      rails.failed.reaction = reaction
      var evidence = Evidence()
      var all = GuardUnits()
      all.failed = .init(bad: 13)
      let reason = evidence.judge(all, by: rails, in: .live, said: "OOM command not allowed")?.reason
      #expect(reason?.hasSuffix("(limit 0.01), it said: OOM command not allowed") == true, "\(reason ?? "-")")
      #expect(evidence.paused == (reaction == .pause ? reason : nil))
    }
    var evidence = Evidence()
    var slow = GuardUnits()
    slow.slow = .init(bad: 13)
    #expect(evidence.judge(slow, by: Self.live, in: .live, said: "OOM")?.reason.contains("OOM") == false)
    evidence.said = "READONLY You can't write"
    var figures = LaneFigures()
    for _ in 0..<9 {
      figures[.new, .primary, .write].operations &+= 1
      figures.recordError(.trouble, on: .new, .primary, .write)
    }
    evidence.add(figures)
    #expect(
      evidence.failing(Self.live).text.contains("failed on new, it said: READONLY You can't write, needed"))
  }

  @Test("Each signal has its own reaction, the gravest comes first, and each is told once")
  func reactions() {
    var all = GuardUnits()
    (all.failed, all.slow, all.missed) = (.init(bad: 50), .init(bad: 50), .init(bad: 50))
    var evidence = Evidence()
    #expect(evidence.judge(all, by: Self.live, in: .live)?.signal == .failed)
    #expect(evidence.paused == nil)
    (all.failed, all.slow) = (.init(), .init(bad: 50))
    let slow = evidence.judge(all, by: Self.live, in: .live)
    #expect(slow?.signal == .slow && slow?.reaction == .pause && evidence.paused == slow?.reason)
    #expect(slow?.reason == "new was slower than legacy in 13 of its last 13 slots of 20 ms (limit 0.01)")
    #expect(evidence.judge(all, by: Self.live, in: .live)?.signal == .missed)
    #expect(evidence.judge(all, by: Self.live, in: .live) == nil)
    evidence.close()
    #expect(evidence.paused == nil && evidence.judge(all, by: Self.live, in: .live)?.signal == .slow)
    evidence.startAgain()
    #expect(evidence.paused != nil, "another routing is no answer")
    evidence.close()
    var heed = Guardrails()
    (heed.slow.reaction, heed.missed.reaction) = (.notify, .rollback)
    evidence.startAgain()
    #expect(evidence.judge(all, by: heed, in: .live)?.signal == .missed)
    #expect(evidence.judge(all, by: heed, in: .live)?.reaction == .notify && evidence.paused == nil)
  }

  @Test(
    "Slow is slower than legacy's own p99 of the last seconds, by class; and by much more where that is old")
  func pace() {
    var evidence = Evidence(at: start)
    #expect(
      evidence.limits(Self.live, countsKeys: false).slowAbove[0] == .max, "nobody has waited for legacy")
    var figures = LaneFigures()
    for _ in 0..<200 { figures[.legacy, .primary, .read].latency.record(nanoseconds: 1_000_000) }
    for _ in 0..<200 { figures[.legacy, .mirror, .write].latency.record(nanoseconds: 1_000_000) }
    figures[.legacy, .primary, .read].operations = 200
    evidence.add(figures, at: start + .seconds(1))
    var limits = evidence.limits(Self.live, countsKeys: false)
    #expect((2_900_000...3_200_000).contains(limits.slowAbove[0]) && limits.slow == 0.05)
    #expect(limits.slowAbove[1] == .max, "a mirror's time is nobody's")
    evidence.add(LaneFigures(), at: start + .seconds(100))
    limits = evidence.limits(Self.live, countsKeys: false)
    #expect((50_900_000...51_200_000).contains(limits.slowAbove[0]))
    var off = Self.live
    off.slow = .init(limit: 1, .pause)
    #expect(evidence.limits(off, countsKeys: false).slowAbove[0] == .max)
  }

  private let start = ContinuousClock.now
}
