import Foundation

/// What came of one run of ``CacheBenchmark``: the guide's figures, and how the pairs were spread.
public struct BenchmarkResult: Sendable, Hashable, Codable {
  /// What was measured, for people: a preset, a class, an address without its password.
  public var subject: String
  public var at: Date
  /// Pairs that were asked for; each is one `set` and one `get`.
  public var pairs: Int
  /// Pairs of which the `get` returned what the `set` had stored.
  public var succeeded: Int
  /// Seconds for all measured pairs.
  public var totalSeconds: Double
  /// Seconds of a pair. All zero if no pair was measured.
  public var averageSeconds: Double
  public var minimumSeconds: Double
  public var maximumSeconds: Double
  public var medianSeconds: Double
  public var p95Seconds: Double
  public var p99Seconds: Double
  public var deviationSeconds: Double
  /// Bytes by which the memory of this process grew meanwhile; negative if it shrank, nil where that is not known.
  public var memoryGrowthBytes: Int?

  /// `set`s and `get`s per second, as the guide counts them: two for each pair that was measured. 0 if nothing was.
  public var operationsPerSecond: Double {
    totalSeconds > 0 ? Double(2 * pairs) / totalSeconds : 0
  }

  /// Seconds of one operation: half of an average pair.
  public var averageOperationSeconds: Double { averageSeconds / 2 }

  /// Pairs that succeeded, 0 to 1. Zero of zero is 0.
  public var successRate: Double { pairs == 0 ? 0 : Double(succeeded) / Double(pairs) }

  /// From the times of the pairs, in seconds.
  ///
  /// - Parameters:
  ///   - times: one per pair, in any order; what is not finite or negative is left out.
  ///   - succeeded: of how many the value came back right; clamped to the number of times.
  public init(
    subject: String, at: Date = Date(), times: [Double], succeeded: Int, memoryGrowthBytes: Int? = nil
  ) {
    let sorted = times.filter { $0.isFinite && $0 >= 0 }.sorted()
    let total = sorted.reduce(0, +)
    let average = sorted.isEmpty ? 0 : total / Double(sorted.count)
    let squares = sorted.reduce(0) { $0 + ($1 - average) * ($1 - average) }
    self.subject = subject
    self.at = at
    pairs = sorted.count
    self.succeeded = min(max(0, succeeded), sorted.count)
    totalSeconds = total
    averageSeconds = average
    minimumSeconds = sorted.first ?? 0
    maximumSeconds = sorted.last ?? 0
    medianSeconds = Self.percentile(0.5, of: sorted)
    p95Seconds = Self.percentile(0.95, of: sorted)
    p99Seconds = Self.percentile(0.99, of: sorted)
    // Of a sample, as Python's statistics.stdev.
    deviationSeconds = sorted.count < 2 ? 0 : (squares / Double(sorted.count - 1)).squareRoot()
    self.memoryGrowthBytes = memoryGrowthBytes
  }

  /// The value at `share` (0 to 1) of ascending numbers, by linear interpolation at (n − 1) · share, the rule of the guide's
  /// benchmark. 0 of an empty list.
  static func percentile(_ share: Double, of sorted: [Double]) -> Double {
    guard let last = sorted.last else { return 0 }
    let place = Double(sorted.count - 1) * min(max(share, 0), 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (sorted[below + 1] - sorted[below]) * (place - Double(below))
  }
}
