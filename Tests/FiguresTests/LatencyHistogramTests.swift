import SluiceFigures
import Testing

@Suite struct LatencyHistogramTests {
  @Test(
    arguments: [
      (Int64.min, 1), (-1, 1), (0, 1), (999, 1), (1_999, 1), (2_000, 2), (31_000, 31),
      (60_000_000_000, 60_000_000), (Int64.max, 60_000_000),
    ] as [(Int64, UInt64)])
  func clampsToItsRange(nanoseconds: Int64, microseconds: UInt64) {
    var histogram = LatencyHistogram()
    histogram.record(nanoseconds: nanoseconds)
    #expect(histogram.count == 1)
    #expect(histogram.value(atPercentile: 50) == microseconds)
  }

  @Test func everyValueFallsInABucketNoWiderThanATenth() {
    var microseconds: Int64 = 1
    while microseconds <= 60_000_000 {
      var histogram = LatencyHistogram()
      histogram.record(nanoseconds: microseconds * 1000)
      var buckets = 0
      histogram.forEachBucket { lowest, highest, count in
        buckets += 1
        #expect(count == 1)
        #expect(lowest <= UInt64(microseconds) && UInt64(microseconds) <= highest)
        #expect(highest - lowest <= UInt64(microseconds) / 10)
      }
      #expect(buckets == 1)
      microseconds = microseconds * 13 / 10 + 1
    }
  }

  @Test func bucketsAscendAndSumUp() {
    var histogram = LatencyHistogram()
    for microseconds in 1...10_000 { histogram.record(nanoseconds: Int64(microseconds) * 1000) }
    var last: UInt64 = 0
    var sum: UInt64 = 0
    histogram.forEachBucket { lowest, highest, count in
      #expect(lowest > last && highest >= lowest)
      last = highest
      sum += count
    }
    #expect(sum == 10_000)
    #expect((5_000...5_500).contains(histogram.value(atPercentile: 50)))
    #expect((9_900...10_000).contains(histogram.value(atPercentile: 99)))
    #expect(histogram.value(atPercentile: 100) == 10_000)
  }

  @Test func nothingHasNoBucketsAndNoPercentile() {
    let histogram = LatencyHistogram()
    histogram.forEachBucket { _, _, _ in Issue.record("a bucket of nothing") }
    #expect(histogram.value(atPercentile: 99) == 0)
  }

  @Test func mergesBothWays() {
    var left = LatencyHistogram()
    left.record(nanoseconds: 1_000)
    var right = LatencyHistogram()
    right.record(nanoseconds: 60_000_000_000)
    right.merge(left)
    var empty = LatencyHistogram()
    empty.merge(right)
    empty.merge(LatencyHistogram())
    #expect(empty.count == 2)
    #expect(empty.value(atPercentile: 50) == 1)
    #expect(empty.value(atPercentile: 100) == 60_000_000)
    #expect(right.count == 2 && left.count == 1)
  }
}
