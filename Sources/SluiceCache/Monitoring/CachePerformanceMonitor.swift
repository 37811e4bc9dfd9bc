import Foundation
import SluiceLocks

/// Watches caches: how long operations take, how many reads hit, how much memory there is; and raises alerts when a threshold
/// is crossed.
///
/// Caches report to it by `record…`, or a ``MonitoredCache`` does it for any cache. One monitor may watch several. It keeps
/// histograms, not lists: its memory does not grow. Thread-safe; a report costs one lock.
public final class CachePerformanceMonitor: Sendable {
  /// Patterns of invalidation that are told apart.
  public static let patternLimit = 100
  /// Alerts that wait for a reader of ``alerts``; then the oldest go.
  public static let alertBacklog = 256

  private struct State {
    var since = Date()
    var threshold = PerformanceThreshold()
    var times: [CacheOperation: TimeTally] = [:]
    var hits: UInt64 = 0
    var misses: UInt64 = 0
    var compression = PerformanceSummary.Compression(count: 0, bytesBefore: 0, bytesAfter: 0, seconds: 0)
    var invalidation = PerformanceSummary.Invalidation(count: 0, keys: 0, patterns: [:])
    var memory = PerformanceSummary.Memory()
    /// When the process's memory was looked at last because of an operation.
    var memoryLookedAt: ContinuousClock.Instant?
    var alerts: [CacheAlert.Kind: UInt64] = [:]
    /// Levels that are beyond their limit and were told.
    var raised: Set<CacheAlert.Kind> = []
    var readers: [UInt64: AsyncStream<CacheAlert>.Continuation] = [:]
    var readersEver: UInt64 = 0
  }

  private let state = Mutex(State())

  /// Nothing seen, no thresholds.
  public init() {}

  deinit {
    for reader in state.withLock({ $0.readers }).values { reader.finish() }
  }

  /// Sets the limits for alerts; what is left out is not limited.
  public func setPerformanceThreshold(
    maxOperationTime: Duration? = nil, minHitRate: Double? = nil, maxMemoryUsage: Int? = nil
  ) {
    state.withLock {
      $0.threshold = PerformanceThreshold(
        maxOperationTime: maxOperationTime, minHitRate: minHitRate, maxMemoryUsage: maxMemoryUsage)
      $0.raised = []
    }
  }

  /// The limits in force.
  public var threshold: PerformanceThreshold { state.withLock { $0.threshold } }

  /// The alerts from now on. Every reader gets all of them; one that reads too slowly loses the oldest, and the counts in the
  /// summary stay exact.
  public var alerts: AsyncStream<CacheAlert> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: CacheAlert.self, bufferingPolicy: .bufferingNewest(Self.alertBacklog))
    let id = state.withLock { state in
      state.readersEver += 1
      state.readers[state.readersEver] = continuation
      return state.readersEver
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.readers.removeValue(forKey: id) }
    }
    return stream
  }

  // MARK: Reports

  /// Counts one operation. Hits and misses count for the hit rate when the operation is a `get`. Where memory is limited it is looked at
  /// now and then.
  public func record(_ operation: CacheOperation, took time: Duration, outcome: CacheOutcome) {
    let looksAtMemory = state.withLock { state in
      let limit = state.threshold.maxOperationTime
      let isSlow = limit.map { time > $0 } ?? false
      state.times[operation, default: TimeTally()].record(time, failed: outcome == .failed, slow: isSlow)
      if operation == .get {
        if outcome == .hit { state.hits &+= 1 } else { state.misses &+= 1 }
      }
      if isSlow, let limit {
        raise(
          .slowOperation, time.inSeconds, limit.inSeconds,
          "a \(operation.rawValue) took \(milliseconds(time)), longer than \(milliseconds(limit)); look at the store's load "
            + "and at the size of the values", &state)
      }
      if operation == .get { judgeHitRate(&state) }
      return memoryIsDue(&state)
    }
    if looksAtMemory { measureProcessMemory() }
  }

  private func memoryIsDue(_ state: inout State) -> Bool {
    guard state.threshold.maxMemoryUsage != nil else { return false }
    let now = ContinuousClock.now
    if let last = state.memoryLookedAt, now - last < .seconds(1) { return false }
    state.memoryLookedAt = now
    return true
  }

  /// Counts one compression of a value: bytes before and after, and how long it took.
  public func recordCompression(from before: Int, to after: Int, took time: Duration) {
    state.withLock {
      $0.compression.count &+= 1
      $0.compression.bytesBefore &+= UInt64(max(0, before))
      $0.compression.bytesAfter &+= UInt64(max(0, after))
      $0.compression.seconds += max(0, time.inSeconds)
    }
  }

  /// Counts one invalidation and the keys it removed.
  public func recordInvalidation(pattern: String, keys: Int) {
    state.withLock {
      $0.invalidation.count &+= 1
      $0.invalidation.keys &+= UInt64(max(0, keys))
      if $0.invalidation.patterns.count < Self.patternLimit || $0.invalidation.patterns[pattern] != nil {
        $0.invalidation.patterns[pattern, default: 0] &+= 1
      }
    }
  }

  /// Notes what a cache says about its own size.
  public func recordMemory(bytes: Int, entries: Int) {
    state.withLock {
      $0.memory.cacheBytes = bytes
      $0.memory.cacheEntries = entries
      judgeMemory(&$0)
    }
  }

  /// Notes how much memory this process has now. ``performanceSummary()`` does it too.
  public func measureProcessMemory() {
    let bytes = ProcessMemory.resident()
    state.withLock {
      $0.memory.processBytes = bytes
      judgeMemory(&$0)
    }
  }

  // MARK: Answers

  /// What was seen since the monitor was made or reset.
  public func performanceSummary() -> PerformanceSummary {
    measureProcessMemory()
    return state.withLock { summary(of: $0) }
  }

  /// The summary, the thresholds and the histograms as JSON, keys sorted. Durations are in seconds, dates in ISO 8601.
  public func exportPerformanceData() -> Data {
    measureProcessMemory()
    let export = state.withLock { state in
      PerformanceExport(
        summary: summary(of: state),
        thresholds: PerformanceExport.Thresholds(
          max_operation_time_seconds: state.threshold.maxOperationTime?.inSeconds,
          min_hit_rate: state.threshold.minHitRate, max_memory_usage_bytes: state.threshold.maxMemoryUsage),
        histograms: Dictionary(
          uniqueKeysWithValues: state.times.map { ($0.key.rawValue, $0.value.buckets) }))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // Nothing in the export can fail to encode; an empty object would be seen at once.
    return (try? encoder.encode(export)) ?? Data("{}".utf8)
  }

  /// Forgets what was seen; thresholds and readers of alerts stay.
  public func reset() {
    state.withLock {
      var empty = State()
      empty.threshold = $0.threshold
      empty.readers = $0.readers
      empty.readersEver = $0.readersEver
      $0 = empty
    }
  }

  private func summary(of state: State) -> PerformanceSummary {
    let reads = state.hits &+ state.misses
    return PerformanceSummary(
      since: state.since, at: Date(), operations: state.times.values.reduce(0) { $0 &+ $1.count },
      hits: state.hits, misses: state.misses,
      hitRate: reads == 0 ? nil : Double(state.hits) / Double(reads),
      alerts: Dictionary(uniqueKeysWithValues: state.alerts.map { ($0.key.rawValue, $0.value) }),
      times: Dictionary(uniqueKeysWithValues: state.times.map { ($0.key.rawValue, $0.value.summary) }),
      compression: state.compression, invalidation: state.invalidation, memory: state.memory)
  }

  // MARK: Alerts

  private func judgeHitRate(_ state: inout State) {
    let (hits, reads) = (state.hits, state.hits &+ state.misses)
    guard let limit = state.threshold.minHitRate, reads >= PerformanceThreshold.minimumReads else { return }
    let rate = Double(hits) / Double(reads)
    raiseOnce(
      .lowHitRate, rate < limit, rate, limit,
      "\(hits) of \(reads) reads hit, less than \(limit); look at times to live, at the size of the cache and at "
        + "what invalidates it", &state)
  }

  private func judgeMemory(_ state: inout State) {
    guard let limit = state.threshold.maxMemoryUsage else { return }
    let used = max(state.memory.processBytes ?? 0, state.memory.cacheBytes ?? 0)
    raiseOnce(
      .highMemory, used > limit, Double(used), Double(limit),
      "\(used) bytes are in use, more than \(limit); reduce the entries of the memory tier or compress sooner",
      &state)
  }

  /// A level is told when it is crossed, not each time that it is looked at.
  private func raiseOnce(
    _ kind: CacheAlert.Kind, _ isBeyond: Bool, _ measured: Double, _ limit: Double,
    _ message: @autoclosure () -> String,
    _ state: inout State
  ) {
    guard isBeyond else {
      state.raised.remove(kind)
      return
    }
    if state.raised.insert(kind).inserted { raise(kind, measured, limit, message(), &state) }
  }

  private func raise(
    _ kind: CacheAlert.Kind, _ measured: Double, _ limit: Double, _ message: String, _ state: inout State
  ) {
    state.alerts[kind, default: 0] &+= 1
    let alert = CacheAlert(kind: kind, at: Date(), measured: measured, limit: limit, message: message)
    for reader in state.readers.values { reader.yield(alert) }
  }

  private func milliseconds(_ time: Duration) -> String {
    "\((time.inSeconds * 100_000).rounded() / 100) ms"
  }
}
