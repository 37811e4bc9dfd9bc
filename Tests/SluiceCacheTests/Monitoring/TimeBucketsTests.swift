import Histogram
import SluiceLoadGenerator
import Testing

@testable import SluiceCache

/// The buckets are those of an HDR histogram of two digits: dashboards go on where they were.
@Suite struct TimeBucketsTests {
  @Test("percentiles and buckets are the histogram's")
  func sameAsTheHistogram() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    let longest: UInt64 = 600_000_000
    for count in [1, 2, 10, 1000] {
      var ours = TimeBuckets(longest: longest)
      var theirs = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: longest, numberOfSignificantValueDigits: .two)
      for _ in 0..<count {
        let number = min(
          longest,
          max(
            1, UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 30...63, using: &random)
          ))
        ours.record(number)
        theirs.record(number)
      }
      for percent in [0.1, 1, 50, 90, 95, 99, 99.9] {
        let wanted = min(theirs.valueAtPercentile(percent), theirs.highestEquivalentForValue(theirs.max))
        #expect(ours.value(atPercentile: percent) <= wanted, "\(percent) of \(count), seed \(seed)")
        #expect(
          ours.value(atPercentile: percent) * 102 / 100 + 1 >= wanted, "\(percent) of \(count), seed \(seed)")
      }
      let buckets = theirs.recordedValues().map {
        [theirs.highestEquivalentForValue($0.value), UInt64($0.count)]
      }
      #expect(ours.filled.map { [$0.upperEnd, $0.count] } == buckets, "seed \(seed)")
    }
    #expect(TimeBuckets(longest: 10).value(atPercentile: 50) == 0)
  }
}
