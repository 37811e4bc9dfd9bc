/// What one stack did for one class of commands.
public struct OperationFigures: Sendable {
  /// Commands that the stack was asked, or could not be asked. Every error is one of them.
  public var operations: UInt64 = 0
  /// Reads that found their key. Every hit and every miss is an operation too.
  public var hits: UInt64 = 0
  /// Reads that found nothing.
  public var misses: UInt64 = 0
  /// Operations that ended in an error of any ``ErrorKind``.
  public var errors: UInt64 = 0
  /// Of these, those for the stack's own sake: no answer, or trouble. Errors about the command or its data are the client's.
  public var failures: UInt64 = 0
  /// Operations that took longer than the guardrails allow; see ``GuardLimits``.
  public var slow: UInt64 = 0
  /// From the bytes handed to the stack's connection to its reply.
  public var latency: LatencyHistogram

  /// Nothing counted yet.
  public init() {
    latency = LatencyHistogram()
  }

  /// Whether nothing was counted.
  public var isEmpty: Bool {
    operations == 0 && hits == 0 && misses == 0 && errors == 0 && latency.count == 0
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: OperationFigures) {
    operations &+= other.operations
    hits &+= other.hits
    misses &+= other.misses
    errors &+= other.errors
    failures &+= other.failures
    slow &+= other.slow
    latency.merge(other.latency)
  }

  mutating func add(_ run: AnswerRun) {
    operations &+= run.count
    switch run.kind.outcome {
    case .done: break
    case .hit: hits &+= run.count
    case .miss: misses &+= run.count
    case .refused: errors &+= run.count
    case .failed:
      errors &+= run.count
      failures &+= run.count
    }
    if run.kind.isSlow { slow &+= run.count }
    latency.record(nanoseconds: run.nanoseconds, count: run.count)
  }

  init(taking source: inout OperationFigures) {
    operations = source.operations
    hits = source.hits
    misses = source.misses
    errors = source.errors
    failures = source.failures
    slow = source.slow
    latency = source.latency.take()
    source.operations = 0
    source.hits = 0
    source.misses = 0
    source.errors = 0
    source.failures = 0
    source.slow = 0
  }
}
