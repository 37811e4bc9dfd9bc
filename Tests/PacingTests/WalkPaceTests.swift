import SluicePacing
import Testing

/// The pace of a walk as a transcript: answers of the stacks and the time go in, waits come out.
@Suite struct WalkPaceTests {
  private static let milli: UInt64 = 1_000_000

  /// A walk that goes as fast as it may, with a clock that only it moves.
  private struct Walk {
    var pace: WalkPace
    var now: UInt64 = 0
    /// Keys a second that it reaches when nothing holds it.
    var speed = 100_000.0

    init(limit: Double? = nil, quiet: UInt64 = 300_000) {
      pace = WalkPace(limit: limit, stacks: 2, at: 0)
      var probes = 0
      while pace.isLearning {
        probe(quiet, quiet)
        probes += 1
      }
      #expect(probes == 5)
    }

    mutating func probe(_ legacy: UInt64, _ new: UInt64) {
      for (stack, took) in [legacy, new].enumerated() {
        now += took
        pace.probed(stack, took: took, at: now)
      }
    }

    /// - Returns: keys a second.
    mutating func run(seconds: Double, legacy: UInt64 = 300_000, new: UInt64 = 300_000) -> Double {
      let (began, end) = (now, now + UInt64(seconds * 1e9))
      var keys = 0
      while now < end {
        if pace.isProbeDue(at: now) { probe(legacy, new) }
        let some = pace.rate.map { max(1, min(500, Int($0 / 10))) } ?? 500
        now += pace.wait(for: some, at: now)
        now += UInt64(Double(some) / speed * 1e9)
        keys += some
      }
      return Double(keys) * 1e9 / Double(now - began)
    }
  }

  @Test func aQuietStackIsWalkedAsFastAsItGoes() {
    var walk = Walk()
    let rate = walk.run(seconds: 5)
    #expect(rate > 95_000 && rate <= 100_000, "\(rate)")
    #expect(walk.pace.slowed == nil)
  }

  @Test func aLimitIsKept() {
    var walk = Walk(limit: 2000)
    let rate = walk.run(seconds: 5)
    #expect(rate > 1900 && rate < 2060, "\(rate)")
    #expect(walk.pace.slowed == nil, "that is no slowing")
  }

  @Test func aStackThatAnswersLateHalvesTheRateUntilItIsQuietAgain() throws {
    var walk = Walk()
    _ = walk.run(seconds: 2)
    // Every quarter of a second a half.
    let first = walk.run(seconds: 0.6, new: 10 * WalkPaceTests.milli)
    #expect(first < 80_000, "\(first)")
    let slowed = try #require(walk.pace.slowed)
    #expect(slowed.stack == 1 && slowed.latency == 10 * WalkPaceTests.milli && slowed.quiet == 300_000)
    #expect(slowed.rate <= 50_000)
    _ = walk.run(seconds: 4, new: 10 * WalkPaceTests.milli)
    let low = walk.run(seconds: 1, new: 10 * WalkPaceTests.milli)
    #expect(low < 3000, "\(low)")
    // A twentieth of the best rate with each quarter of a second.
    let rising = walk.run(seconds: 1)
    #expect(rising > low && rising < 30_000, "\(rising)")
    _ = walk.run(seconds: 8)
    #expect(walk.pace.slowed == nil && walk.pace.rate == nil)
    #expect(walk.run(seconds: 1) > 95_000)
  }

  @Test func itNeverComesToAStandAndTakesForQuietWhatStaysSlow() {
    var walk = Walk()
    _ = walk.run(seconds: 1)
    var least = Double.infinity
    for _ in 0..<120 { least = min(least, walk.run(seconds: 1, legacy: 8 * WalkPaceTests.milli)) }
    #expect(least >= 20, "\(least)")
    // It was not the walk that made it slow.
    #expect(walk.run(seconds: 2, legacy: 8 * WalkPaceTests.milli) > 50_000)
    #expect(walk.pace.slowed == nil)
  }

  @Test func oneLateAnswerIsNone() {
    var walk = Walk()
    _ = walk.run(seconds: 1)
    walk.now += 60 * WalkPaceTests.milli
    walk.probe(50 * WalkPaceTests.milli, 300_000)
    let rate = walk.run(seconds: 1)
    #expect(walk.pace.slowed == nil && rate > 90_000, "\(rate)")
  }

  @Test func aLimitAboveTheReachOfASlowStackDoesNotHoldItBack() {
    var walk = Walk(limit: 5000)
    _ = walk.run(seconds: 1)
    let slow = walk.run(seconds: 3, new: 20 * WalkPaceTests.milli)
    #expect(slow < 3000, "\(slow)")
    _ = walk.run(seconds: 10)
    let rate = walk.run(seconds: 2)
    #expect(rate > 4800 && rate < 5100, "\(rate)")
  }

  @Test func oddAnswersTrapNowhere() {
    var pace = WalkPace(limit: 0.001, stacks: 1, at: .max - 10)
    for _ in 0..<20 { pace.probed(0, took: .max, at: .max - 5) }
    pace.probed(7, took: 1, at: .max)
    #expect(pace.wait(for: .max / 2, at: .max - 3) == 0)
    _ = pace.wait(for: 1, at: .max - 2)
    var none = WalkPace(limit: nil, stacks: -1, at: 0)
    #expect(!none.isLearning && none.wait(for: 5, at: 9) == 0)
  }
}
