import Foundation
import GRDB

/// The benchmarks in a ledger: written one at a time, beside a running proxy or without one.
public struct BenchmarkBook: Sendable {
  /// On which side of a migration a cache was measured.
  public enum Phase: String, Sendable, CaseIterable {
    case before, after
  }

  /// One run. Times are in seconds.
  public struct Entry: Sendable, Equatable {
    public var at: Date
    /// What belongs together.
    public var name: String
    public var phase: Phase
    /// What was measured, without secrets.
    public var subject: String
    public var valueBytes: Int
    public var pairs: Int
    public var succeeded: Int
    public var total: Double
    public var average: Double
    public var minimum: Double
    public var maximum: Double
    public var median: Double
    public var p95: Double
    public var p99: Double
    public var deviation: Double
    public var memoryGrowth: Int?

    public init(
      at: Date, name: String, phase: Phase, subject: String, valueBytes: Int, pairs: Int, succeeded: Int,
      total: Double, average: Double, minimum: Double, maximum: Double, median: Double, p95: Double,
      p99: Double, deviation: Double, memoryGrowth: Int?
    ) {
      self.at = at
      self.name = name
      self.phase = phase
      self.subject = subject
      self.valueBytes = valueBytes
      self.pairs = pairs
      self.succeeded = succeeded
      self.total = total
      self.average = average
      self.minimum = minimum
      self.maximum = maximum
      self.median = median
      self.p95 = p95
      self.p99 = p99
      self.deviation = deviation
      self.memoryGrowth = memoryGrowth
    }
  }

  private let path: String

  /// Nothing is opened yet.
  public init(path: String) {
    self.path = path
  }

  /// Writes one run; the file is made, or migrated, if it has to be.
  public func add(_ entry: Entry) throws(LedgerError) {
    let database = try Connection.writer(path)
    defer { try? database.close() }
    try Connection.explaining(path) {
      try database.write { db in
        try db.execute(
          sql: """
            INSERT INTO benchmarks (at, name, phase, subject, value_bytes, pairs, succeeded, total_s, average_s,
              minimum_s, maximum_s, median_s, p95_s, p99_s, deviation_s, memory_growth)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            entry.at.milliseconds, entry.name, entry.phase.rawValue, entry.subject, entry.valueBytes,
            entry.pairs, entry.succeeded, entry.total, entry.average, entry.minimum, entry.maximum,
            entry.median, entry.p95, entry.p99, entry.deviation, entry.memoryGrowth,
          ])
      }
    }
  }

  /// The newest run of a name and a phase, or nil.
  public func latest(_ name: String, _ phase: Phase) throws(LedgerError) -> Entry? {
    let database = try Connection.reader(path)
    return try Connection.explaining(path) {
      try database.read { db in
        try Row.fetchOne(
          db, sql: "SELECT * FROM benchmarks WHERE name = ? AND phase = ? ORDER BY id DESC LIMIT 1",
          arguments: [name, phase.rawValue]
        ).map { row in
          Entry(
            at: Date(timeIntervalSince1970: Double(row["at"] as Int64) / 1000), name: name, phase: phase,
            subject: row["subject"], valueBytes: row["value_bytes"], pairs: row["pairs"],
            succeeded: row["succeeded"], total: row["total_s"], average: row["average_s"],
            minimum: row["minimum_s"], maximum: row["maximum_s"], median: row["median_s"], p95: row["p95_s"],
            p99: row["p99_s"], deviation: row["deviation_s"], memoryGrowth: row["memory_growth"])
        }
      }
    }
  }
}
