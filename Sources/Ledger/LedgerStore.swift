import Foundation
import GRDB

/// The writer's connection and the statements that write, one transaction each.
struct LedgerStore: Sendable {
  /// The row of a run; a ledger that is begun again tells of the same one.
  struct Run: Sendable {
    var version: String
    var summary: String
    var startedAt = Date()
  }

  let database: DatabaseQueue
  let place: LedgerPlace
  let run: Int64
  /// What the file knew before this run.
  let before: Ledger.Before
  let keys: KeyText
  let previewBytes: Int
  let written = KnownWritten()
  let commandName: @Sendable (UInt16) -> String

  /// Opens the file and begins a run.
  init(
    _ configuration: LedgerConfiguration, version: String, summary: String,
    commandName: @escaping @Sendable (UInt16) -> String
  ) throws(LedgerError) {
    try self.init(
      configuration, at: configuration.path, Run(version: version, summary: summary),
      KeyText(hashed: configuration.hashKeys), commandName)
  }

  /// - Parameter keys: of the run, so that a hashed key stays the same.
  init(
    _ configuration: LedgerConfiguration, at path: String, _ begun: Run, _ keys: KeyText,
    _ commandName: @escaping @Sendable (UInt16) -> String
  ) throws(LedgerError) {
    let database = try Connection.writer(path)
    let place: LedgerPlace
    do throws(LedgerError) {
      place = try LedgerPlace(path, isExclusive: configuration.isExclusive)
    } catch {
      try? database.close()
      throw error
    }
    let pid = Int64(ProcessInfo.processInfo.processIdentifier)
    do throws(LedgerError) {
      (run, before) = try Connection.explaining(path) {
        try database.inDatabase { db in
          let before = try Ledger.Before(db)
          try db.execute(
            sql: """
              INSERT INTO runs (started_at, last_write_at, version, pid, summary, service, instance)
              VALUES (?, ?, ?, ?, ?, ?, ?)
              """,
            arguments: [
              begun.startedAt.milliseconds, Date().milliseconds, begun.version, pid, begun.summary,
              configuration.service, configuration.instance,
            ])
          return (db.lastInsertedRowID, before)
        }
      }
    } catch {
      try? database.close()
      place.close()
      throw error
    }
    self.database = database
    self.place = place
    self.commandName = commandName
    self.keys = keys
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
    place.close()
  }

  /// Lets go of a file that is not at its path any more. Closing it would have SQLite delete the write-ahead log of whatever stands
  /// there now, so the connection stays open until the process ends.
  func abandon() {
    // One that was moved away as it is gets what is still in the log, which stays behind.
    if place.loss() == .moved {
      try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }
    _ = Unmanaged.passRetained(database)
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
