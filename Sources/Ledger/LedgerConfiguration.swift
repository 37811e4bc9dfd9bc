/// Where the ledger is and what it keeps.
public struct LedgerConfiguration: Sendable {
  /// Path of the SQLite file. It is made if it is missing; its directory is not.
  public var path: String
  /// Samples that may wait for the writer. More are dropped and counted.
  public var queueLimit = 65_536
  /// Samples that go into one transaction at most.
  public var batchRows = 1000
  /// How long the first sample of a batch waits for others, in milliseconds.
  public var batchMilliseconds = 50
  /// Samples kept per minute of one class: a kind of divergence (or error) and a command. 0 keeps none. All are counted.
  public var samplesPerClass = 100
  /// Samples kept per minute of one key in one class.
  public var samplesPerKey = 3
  /// Days after which samples, counts and figures go. Flips and runs stay. 0 keeps everything.
  public var retentionDays = 30
  /// Rows that each of the two tables of samples may have; the oldest go first. 0 is no limit.
  public var retentionSamples = 1_000_000
  /// Whether keys are written as a hash that only this run can make: equal keys are seen to be equal within the
  /// run, and nobody can find out which they were.
  public var hashKeys = false
  /// Bytes of each value that a divergence sample keeps. 0 keeps none.
  public var previewBytes = 0
  /// Whether another process that wants the file for itself is refused, and this one by it.
  public var isExclusive = false
  /// Who writes; empty where nobody has a name.
  public var service = ""
  public var instance = ""
  /// How long ``Ledger/close(clean:)`` waits for what is queued, in milliseconds.
  public var closeMilliseconds = 5000
  /// The first and the longest wait before the writer tries again after a failure, in milliseconds.
  var retryMilliseconds = 100...5000
  /// How often the writer looks whether the file is still there.
  var lookMilliseconds = 1000

  /// The defaults, at a path.
  public init(path: String) {
    self.path = path
  }
}
