import Foundation
import GRDB

/// The writer's connection and the statements that write, one transaction each.
struct LedgerStore: Sendable {
  let database: DatabaseQueue
  let run: Int64
  let keys: KeyText
  let previewBytes: Int
  let commandName: @Sendable (UInt16) -> String

  /// Opens the file and begins a run.
  init(
    _ configuration: LedgerConfiguration, version: String, summary: String,
    commandName: @escaping @Sendable (UInt16) -> String
  ) throws(LedgerError) {
    let database = try Connection.writer(configuration.path)
    let now = Date().milliseconds
    let pid = Int64(ProcessInfo.processInfo.processIdentifier)
    run = try Connection.explaining(configuration.path) {
      try database.inDatabase { db in
        try db.execute(
          sql: """
            INSERT INTO runs (started_at, last_write_at, version, pid, summary) VALUES (?, ?, ?, ?, ?)
            """,
          arguments: [now, now, version, pid, summary])
        return db.lastInsertedRowID
      }
    }
    self.database = database
    self.commandName = commandName
    keys = KeyText(hashed: configuration.hashKeys)
    previewBytes = configuration.previewBytes
  }

  /// Marks the run as ended.
  func endRun(at end: Date, clean: Bool, losses: LedgerLosses) throws {
    try transaction { db in
      try updateRun(db, at: end, losses: losses)
      try db.execute(
        sql: "UPDATE runs SET ended_at = ?, clean = ? WHERE id = ?",
        arguments: [end.milliseconds, clean, run])
    }
  }

  /// Closes the connection; as the last one it folds the write-ahead log into the file.
  func close() {
    try? database.close()
  }

  func updateRun(_ db: Database, at now: Date, losses: LedgerLosses) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE runs SET last_write_at = ?, lost_samples = ?, capped_samples = ?, lost_flips = ? WHERE id = ?
        """)
    try statement.execute(arguments: [
      now.milliseconds, Int64(clamping: losses.samples), Int64(clamping: losses.capped),
      Int64(clamping: losses.flips), run,
    ])
  }

  func transaction(_ body: (Database) throws -> Void) throws {
    try database.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        try body(db)
        return .commit
      }
    }
  }
}

extension Date {
  /// Milliseconds since 1970, as the ledger keeps times; 0 for a date that is none.
  var milliseconds: Int64 { Int64(exactly: (timeIntervalSince1970 * 1000).rounded()) ?? 0 }
}
