import Foundation

/// How the ledger is, as of now.
public struct LedgerHealth: Sendable, Equatable {
  /// Whether what is recorded gets to the disk.
  public enum State: Sendable, Equatable {
    case ok
    /// Counts and flips wait in memory until the file can be written again; samples are kept while there is room.
    case degraded(reason: String, since: Date)
    /// Closed: what is recorded is lost and counted.
    case closed
  }

  public var state: State
  /// Where it is written: another path than it began with if that file was lost and something else stands in its place.
  public var path: String
  /// What became of the file that the run began with, in a sentence; nil if it is that one.
  public var replaced: String?
  /// Samples that wait for the writer.
  public var queued: Int
  /// Flips and intervals that wait for the writer.
  public var waiting: Int
  /// Samples, flips and intervals written in this run.
  public var written: UInt64
  /// Samples dropped because the queue was full.
  public var lostSamples: UInt64
  /// Samples not wanted because there were enough of their class and key in their minute.
  public var cappedSamples: UInt64
  /// Flips dropped because thousands of them already waited, or the ledger was closed.
  public var lostFlips: UInt64
}
