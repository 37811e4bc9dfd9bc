import Histogram

/// How long commands took, in microseconds: 1 µs to 60 s in buckets at most 1/16 wide, 368 counts in all.
///
/// A value type with storage of its own, owned by one loop. Recording allocates nothing, as long as no copy of
/// the value is alive.
public struct LatencyHistogram: Sendable {
  /// The shortest time told apart, in microseconds. Shorter ones count as this one.
  public static let lowest: UInt64 = 1
  /// The longest time told apart, in microseconds. Longer ones count as this one.
  public static let highest: UInt64 = 60_000_000

  /// An empty histogram that all empty intervals share, so that an idle lane allocates nothing.
  static let empty = LatencyHistogram()

  private var histogram: Histogram<UInt64>
  /// The time that was counted last, and how often it was since: the commands of one turn that are answered in one turn take
  /// the same time, and are brought to the histogram together.
  private var latest: (nanoseconds: Int64, count: UInt64) = (0, 0)

  /// An empty histogram.
  public init() {
    // One significant digit makes 32 sub-buckets, of which each doubling uses the upper 16.
    histogram = Histogram(
      lowestDiscernibleValue: Self.lowest, highestTrackableValue: Self.highest,
      numberOfSignificantValueDigits: .one)
  }

  /// How many times were recorded.
  public var count: UInt64 { histogram.totalCount &+ latest.count }

  /// Counts a time, once or more often. A time outside the range, a negative one included, counts as the nearest end of it.
  public mutating func record(nanoseconds: Int64, count: UInt64 = 1) {
    if nanoseconds != latest.nanoseconds {
      settle()
      latest = (nanoseconds, 0)
    }
    latest.count &+= count
  }

  private mutating func settle() {
    guard latest.count > 0 else { return }
    let microseconds = latest.nanoseconds / 1000
    let clamped = min(max(microseconds, Int64(Self.lowest)), Int64(Self.highest))
    histogram.record(UInt64(clamped), count: latest.count)
    latest.count = 0
  }

  private var settled: Histogram<UInt64> {
    var copy = self
    copy.settle()
    return copy.histogram
  }

  /// Adds what another histogram counted.
  public mutating func merge(_ other: LatencyHistogram) {
    guard other.count > 0 else { return }
    settle()
    if count == 0 {
      histogram = other.settled
    } else {
      histogram.add(other.settled)
    }
  }

  /// The time in microseconds that `percentile` percent (0 … 100) of the recorded ones do not exceed, rounded up
  /// to the end of its bucket. 0 when nothing was recorded.
  public func value(atPercentile percentile: Double) -> UInt64 {
    count == 0 ? 0 : settled.valueAtPercentile(percentile)
  }

  /// Visits the buckets that hold something, in ascending order: both ends inclusive, in microseconds.
  public func forEachBucket(_ body: (_ lowest: UInt64, _ highest: UInt64, _ count: UInt64) -> Void) {
    guard count > 0 else { return }
    let histogram = settled
    for step in histogram.recordedValues() {
      let lowest = histogram.lowestEquivalentForValue(step.value)
      body(lowest, histogram.highestEquivalentForValue(step.value), step.count)
    }
  }

  /// Returns what was counted and starts again from nothing.
  mutating func take() -> LatencyHistogram {
    guard count > 0 else { return .empty }
    settle()
    let taken = self
    self = LatencyHistogram()
    return taken
  }
}
