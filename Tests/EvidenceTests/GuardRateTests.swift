import Glibc
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLoadGenerator
import SluiceRouting
import Testing

/// Guardrails are right at five commands a second and at five hundred thousand: a lane's meter and the tests behind it, in simulated time.
@Suite struct GuardRateTests {
  /// One lane, looked at ten times a second.
  private struct Bench {
    var meter = GuardMeter()
    var figures = LaneFigures()
    var evidence = Evidence()
    var now: UInt64 = 1
    let guardrails = Guardrails()

    init() { _ = look() }

    mutating func look() -> Finding? {
      let units = meter.take(at: now, figures, evidence.limits(guardrails, countsKeys: false))
      return evidence.judge(units, by: guardrails, in: .live)
    }

    mutating func turn(commands: UInt64, failing: UInt64, slow: UInt64 = 0) {
      if now >= meter.slotEnds { meter.closeSlot(at: now, figures) }
      figures[.new, .primary, .read].operations &+= commands
      figures[.new, .primary, .read].failures &+= failing
      figures[.new, .primary, .read].slow &+= slow
    }
  }

  /// How many of `commands` are bad at a rate, drawn at random: as a sum of few, or near enough to normal.
  private func bad(_ commands: UInt64, _ rate: Double, _ random: inout SplitMix64) -> UInt64 {
    if commands < 100 {
      return (0..<commands).reduce(0) { sum, _ in
        sum + (Double.random(in: 0..<1, using: &random) < rate ? 1 : 0)
      }
    }
    let (u, v) = (Double.random(in: 1e-12..<1, using: &random), Double.random(in: 0..<1, using: &random))
    let normal = (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    let mean = Double(commands) * rate
    return min(commands, UInt64(max(0, (mean + normal * (mean * (1 - rate)).squareRoot()).rounded())))
  }

  /// After how many simulated seconds a guardrail speaks; nil if none does.
  private func fires(
    _ perSecond: UInt64, failing: Double, slow: Double = 0, within seconds: UInt64, _ random: inout SplitMix64
  ) -> Double? {
    var bench = Bench()
    // In turns of 20 ms, or one for each command where they are rarer.
    let pause = max(20_000_000, 1_000_000_000 / perSecond)
    let commands = max(1, perSecond * pause / 1_000_000_000)
    let start = bench.now
    var looked = bench.now
    while bench.now - start < seconds * 1_000_000_000 {
      let failed = bad(commands, failing, &random)
      bench.turn(commands: commands, failing: failed, slow: bad(commands, slow, &random))
      bench.now += pause
      guard bench.now - looked >= 100_000_000 else { continue }
      looked = bench.now
      if bench.look() != nil { return Double(bench.now - start) / 1e9 }
    }
    return nil
  }

  private func seeded() -> SplitMix64 {
    let seed = UInt64.random(in: 0...(.max))
    print("seed \(seed)")
    return SplitMix64(seed: seed)
  }

  @Test(
    "What fails is found by the thirteenth command at five a second, and in a third of a second at 500,000")
  func broken() throws {
    var random = seeded()
    let slow = try #require(fires(5, failing: 1, within: 60, &random))
    #expect((2.4...3.2).contains(slow), "\(slow)")
    let fast = try #require(fires(500_000, failing: 1, within: 60, &random))
    #expect(fast <= 0.45, "\(fast)")
    let some = try #require(fires(500_000, failing: 0.05, within: 60, &random))
    #expect(some <= 0.45, "\(some)")
    let few = (0..<21).compactMap { _ in fires(5, failing: 0.2, within: 600, &random) }.sorted()
    #expect(few.count == 21 && few[10] < 30, "\(few)")
  }

  @Test("A healthy rate is no alarm, at either end", arguments: [5, 500_000] as [UInt64])
  func healthy(perSecond: UInt64) {
    var random = seeded()
    let seconds: UInt64 = perSecond < 100 ? 14_400 : 1200
    for rate in [0.001, 0.005] {
      #expect(fires(perSecond, failing: rate, within: seconds, &random) == nil, "\(rate) failing")
    }
    #expect(fires(perSecond, failing: 0, slow: 0.005, within: seconds, &random) == nil, "slow")
  }

  /// Compares of `count` random keys of a million, of which a share differs, at half a million a second.
  private func compare(_ count: Int, of keys: UInt64, differing: UInt64, _ random: inout SplitMix64)
    -> Finding?
  {
    var bench = Bench()
    for index in 0..<count {
      let key = UInt64.random(in: 0..<keys, using: &random)
      let hash = key &* 0x9e37_79b9_7f4a_7c15
      if key < differing {
        bench.meter.differed(hash ^ hash >> 29, at: bench.now)
      } else if bench.meter.isAlert {
        bench.meter.agreed(hash ^ hash >> 29, isOfNew: true, at: bench.now)
      }
      bench.now += 2000
      if index % 50_000 == 49_999, let finding = bench.look() { return finding }
    }
    return nil
  }

  @Test(
    "Of half a million compares a second a healthy share of many keys is no alarm, and every key is one at once"
  )
  func manyKeys() {
    var random = seeded()
    // More keys than any sketch of 65,536 bits tells apart: the good ones must not run out of room before the bad ones do.
    #expect(compare(1_500_000, of: 1_000_000, differing: 200, &random) == nil)
    #expect(compare(100_000, of: 1_000_000, differing: 1_000_000, &random)?.signal == .diverged)
    #expect(compare(300_000, of: 1_000_000, differing: 50_000, &random)?.signal == .diverged)
    // One hot key is one fault, however often it is asked for.
    #expect(compare(500_000, of: 1, differing: 1, &random) == nil)
  }
}
