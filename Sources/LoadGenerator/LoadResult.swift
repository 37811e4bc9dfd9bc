import Histogram

/// What a run did and saw; results of threads add up.
public struct LoadResult: Sendable {
  /// Commands that were answered, errors included.
  public internal(set) var commands = 0
  /// Answered reads; `hits` + `misses` + those that were errors.
  public internal(set) var reads = 0
  public internal(set) var hits = 0
  public internal(set) var misses = 0
  /// Error replies.
  public internal(set) var errors = 0
  /// Reads whose value does not belong to the key; counted only where the plan says `verify`.
  public internal(set) var wrong = 0
  /// Commands that were sent and never answered: the connection broke or the drain timeout passed.
  public internal(set) var unanswered = 0
  /// Connections that could not be made or broke.
  public internal(set) var lostConnections = 0
  /// The longest that a thread ran, from its first command to its last reply, in seconds.
  public internal(set) var seconds = 0.0
  /// Commands per second: the sum over the threads of what each did in its own time.
  public internal(set) var throughput = 0.0
  /// The longest wait for a reply in nanoseconds; a command that never was answered counts up to the end.
  public internal(set) var longestWait: UInt64 = 0
  /// The first five different error texts.
  public internal(set) var errorSamples: [String] = []
  private var latencies = Histogram<UInt64>(
    lowestDiscernibleValue: 1000, highestTrackableValue: 120_000_000_000,
    numberOfSignificantValueDigits: .three)

  init() {}

  /// The latency in nanoseconds below which `percentile` (0...100) of the replies came, from the moment a batch
  /// was handed over. The load is closed-loop: a stall delays the next command instead of being met by it.
  public func latency(percentile: Double) -> UInt64 {
    latencies.totalCount == 0 ? 0 : latencies.valueAtPercentile(percentile)
  }

  /// Whether every command was answered, without an error and without a wrong value.
  public var isClean: Bool { errors == 0 && wrong == 0 && unanswered == 0 && lostConnections == 0 }

  mutating func recordWait(_ nanoseconds: UInt64, count: Int) {
    longestWait = max(longestWait, nanoseconds)
    _ = latencies.record(min(nanoseconds, 119_000_000_000), count: UInt64(count))
  }

  mutating func recordError(_ text: String) {
    errors += 1
    sample(text)
  }

  mutating func sample(_ text: String) {
    if errorSamples.count < 5, !errorSamples.contains(text) { errorSamples.append(text) }
  }

  mutating func add(_ other: LoadResult) {
    commands += other.commands
    reads += other.reads
    hits += other.hits
    misses += other.misses
    errors += other.errors
    wrong += other.wrong
    unanswered += other.unanswered
    lostConnections += other.lostConnections
    seconds = max(seconds, other.seconds)
    throughput += other.throughput
    longestWait = max(longestWait, other.longestWait)
    for text in other.errorSamples { sample(text) }
    latencies.add(other.latencies)
  }
}
