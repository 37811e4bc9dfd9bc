/// Two runs of ``CacheBenchmark`` side by side: has the migration made the cache slower?
public struct BenchmarkComparison: Sendable, Hashable {
  /// What the comparison comes to, the worst of its findings.
  public enum Verdict: String, Sendable, CaseIterable, Comparable, Codable {
    /// Nothing is worse than its warning threshold.
    case pass
    /// Something is.
    case warning
    /// Something is worse than its critical threshold, or than the guide allows.
    case critical
    /// One of the two runs measured nothing: zero of zero is not a pass.
    case hold

    public static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
    private var rank: Int { Verdict.allCases.firstIndex(of: self) ?? 0 }
  }

  /// How much worse a figure may become, as a share of what it was: above `warning`, above `critical`.
  public struct Thresholds: Sendable, Hashable {
    public var warning: Double
    public var critical: Double
    /// The guide's own rule: operations per second after, at least this share of those before.
    public var leastThroughput: Double
    /// Bytes by which the process may grow more than it did before: above `memoryWarning`, above `memoryCritical`. Not shares, for a
    /// process that hardly grew would seem to have become ten times worse by a few pages.
    public var memoryWarning: Int
    public var memoryCritical: Int

    public init(
      warning: Double = 0.10, critical: Double = 0.25, leastThroughput: Double = 0.9,
      memoryWarning: Int = 50 << 20, memoryCritical: Int = 100 << 20
    ) {
      self.warning = warning
      self.critical = critical
      self.leastThroughput = leastThroughput
      self.memoryWarning = memoryWarning
      self.memoryCritical = memoryCritical
    }
  }

  /// One figure, before and after.
  public struct Finding: Sendable, Hashable {
    public var name: String
    public var before: Double
    public var after: Double
    /// By how much it became worse, as a share of what it was; negative if it became better.
    public var regression: Double
    public var verdict: Verdict
  }

  public let before: BenchmarkResult
  public let after: BenchmarkResult
  public let thresholds: Thresholds
  public let findings: [Finding]

  public init(
    before: BenchmarkResult, after: BenchmarkResult, thresholds: Thresholds = Thresholds()
  ) {
    self.before = before
    self.after = after
    self.thresholds = thresholds
    guard before.operationsPerSecond > 0, after.operationsPerSecond > 0 else {
      findings = []
      return
    }
    func judged(_ name: String, _ old: Double, _ new: Double, _ regression: Double) -> Finding {
      let verdict: Verdict =
        regression > thresholds.critical ? .critical : regression > thresholds.warning ? .warning : .pass
      return Finding(name: name, before: old, after: new, regression: regression, verdict: verdict)
    }
    func grown(_ name: String, _ old: Double, _ new: Double) -> Finding {
      judged(name, old, new, old > 0 ? (new - old) / old : 0)
    }
    let (slow, fast) = (before.operationsPerSecond, after.operationsPerSecond)
    findings = [
      grown("average pair, seconds", before.averageSeconds, after.averageSeconds),
      grown("95th percentile of the pairs, seconds", before.p95Seconds, after.p95Seconds),
      judged("operations per second", slow, fast, (slow - fast) / slow),
      Self.success(before, after),
      Self.memory(before, after, thresholds),
    ].compactMap(\.self)
  }

  /// The guide's verdict: at least 0.9 of the baseline's operations per second. False if either run measured nothing.
  public var keepsBaseline: Bool {
    before.operationsPerSecond > 0
      && after.operationsPerSecond >= before.operationsPerSecond * thresholds.leastThroughput
  }

  /// The worst that was found.
  public var verdict: Verdict {
    guard before.operationsPerSecond > 0, after.operationsPerSecond > 0 else { return .hold }
    let worst = findings.map(\.verdict).max() ?? .hold
    return keepsBaseline ? worst : max(worst, .warning)
  }

  /// Whether a script should stop here: a critical figure, throughput below the guide's share, or nothing measured.
  public var isRegression: Bool { verdict >= .critical || !keepsBaseline }

  /// A cache that answers fast and wrong is no improvement: below 95 % of right pairs is a warning, below 90 % critical.
  private static func success(_ before: BenchmarkResult, _ after: BenchmarkResult) -> Finding {
    let rate = after.successRate
    return Finding(
      name: "pairs that came back right", before: before.successRate, after: rate,
      regression: before.successRate - rate,
      verdict: rate < 0.90 ? .critical : rate < 0.95 ? .warning : .pass)
  }

  /// Nil where one of the two is not known.
  private static func memory(
    _ before: BenchmarkResult, _ after: BenchmarkResult, _ thresholds: Thresholds
  ) -> Finding? {
    guard let old = before.memoryGrowthBytes.map(Double.init),
      let new = after.memoryGrowthBytes.map(Double.init)
    else { return nil }
    let more = new - old
    return Finding(
      name: "growth of the process, bytes", before: old, after: new, regression: old > 0 ? more / old : 0,
      verdict: more > Double(thresholds.memoryCritical)
        ? .critical : more > Double(thresholds.memoryWarning) ? .warning : .pass)
  }
}
