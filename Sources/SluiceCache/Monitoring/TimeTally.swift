/// Times of one kind of operation: a histogram in place of a list, so that a busy cache costs no more memory than an idle one.
struct TimeTally: Sendable {
  /// 1 µs to 10 minutes, told apart to one part in a hundred; what lies outside counts as the nearest end.
  private var histogram = TimeBuckets(longest: longest)
  private static let longest: UInt64 = 600_000_000
  private(set) var count: UInt64 = 0
  private(set) var failures: UInt64 = 0
  private(set) var slow: UInt64 = 0
  private var total: Duration = .zero
  private var shortest: Duration = .zero
  private var longest: Duration = .zero

  mutating func record(_ duration: Duration, failed: Bool, slow isSlow: Bool) {
    let time = max(.zero, duration)
    shortest = count == 0 ? time : min(shortest, time)
    longest = max(longest, time)
    count &+= 1
    if failed { failures &+= 1 }
    if isSlow { slow &+= 1 }
    total += time
    let microseconds = min(max(time / .microseconds(1), 1), Double(Self.longest))
    histogram.record(UInt64(microseconds))
  }

  /// What they come to.
  var summary: PerformanceSummary.Times {
    func percentile(_ percent: Double) -> Double {
      // A bucket's upper end may lie beyond the longest time that was seen.
      min(Double(histogram.value(atPercentile: percent)) / 1e6, max(longest.inSeconds, 1e-6))
    }
    return PerformanceSummary.Times(
      count: count, failures: failures, slow: slow,
      average: count == 0 ? 0 : total.inSeconds / Double(count), minimum: shortest.inSeconds,
      maximum: longest.inSeconds, p50: count == 0 ? 0 : percentile(50),
      p95: count == 0 ? 0 : percentile(95), p99: count == 0 ? 0 : percentile(99))
  }

  /// The buckets that hold something: their upper ends in microseconds, and how many times each.
  var buckets: [PerformanceExport.Bucket] {
    guard count > 0 else { return [] }
    return histogram.filled.map { PerformanceExport.Bucket(upper_us: $0.upperEnd, count: $0.count) }
  }
}

extension Duration {
  /// The whole of it as seconds.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
