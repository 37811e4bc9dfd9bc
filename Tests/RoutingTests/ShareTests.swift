import SluiceLoadGenerator
import Testing

@testable import SluiceRouting

@Suite struct ShareTests {
  @Test func hundredPercentTakesTheLastBucket() throws {
    let all = try #require(Share(weight: 100, rest: 0))
    #expect(all.threshold == 4_294_967_296)
    #expect(all.isEverything && all.contains(0) && all.contains(0x8000_0000) && all.contains(.max))
  }

  @Test func zeroPercentTakesNothing() throws {
    let none = try #require(Share(weight: 0, rest: 100))
    #expect(none.isNothing && !none.contains(0) && !none.contains(.max))
  }

  @Test func halfEndsAtTheSignBit() throws {
    let half = try #require(Share(weight: 1, rest: 1))
    #expect(half.contains(0x7fff_ffff) && !half.contains(0x8000_0000))
    #expect(half.percent == 50)
  }

  @Test func thresholdIsRoundedUpAsFlagdRounds() throws {
    let third = try #require(Share(weight: 1, rest: 2))
    #expect(third.threshold == 1_431_655_766)
  }

  /// The definition that flagd uses, for thresholds around every one.
  @Test func agreesWithTheMultiplication() throws {
    for (weight, rest): (UInt64, UInt64) in [
      (1, 2), (7, 3), (25, 75), (2525, 7475), (1, 2_147_483_646), (2_147_483_646, 1), (999, 1),
    ] {
      let share = try #require(Share(weight: weight, rest: rest))
      for near in [share.threshold - 1, share.threshold, share.threshold + 1] {
        guard let hash = UInt32(exactly: near) else { continue }
        #expect(share.contains(hash) == ((UInt64(hash) * (weight + rest)) >> 32 < weight))
      }
    }
  }

  @Test func refusesWhatFlagdCannotWeigh() {
    #expect(Share(weight: 0, rest: 0) == nil)
    #expect(Share(weight: 2_147_483_647, rest: 1) == nil)
    #expect(Share(weight: .max, rest: .max) == nil)
    #expect(Share(weight: .max, rest: 0) == nil)
    #expect(Share(weight: 2_147_483_647, rest: 0)?.isEverything == true)
  }

  @Test func aCohortOnlyGrowsAndKeepsItsSize() throws {
    var random = SplitMix64(seed: 0x51_0C)
    let keys = (0..<20_000).map { index in
      Array("key:\(index):".utf8) + (0..<Int.random(in: 0...30, using: &random)).map { _ in random.byte() }
    }
    var members = Set<Int>()
    for step in 0...100 {
      let share = try #require(Share(weight: UInt64(step), rest: UInt64(100 - step)))
      let cohort = Cohort(Bucketing(hash: BucketHash(prefix: Array("cache-stack".utf8)), share: share))
      let now = Set(keys.indices.filter { cohort.contains(keys[$0]) })
      #expect(now.isSuperset(of: members), "a key left at \(step) %")
      // Five standard deviations of a binomial count.
      let expected = Double(keys.count * step) / 100
      let deviation = 5 * (expected * Double(100 - step) / 100).squareRoot()
      #expect(abs(Double(now.count) - expected) <= deviation, "\(now.count) of \(keys.count) at \(step) %")
      members = now
    }
    #expect(members.count == keys.count)
  }
}
