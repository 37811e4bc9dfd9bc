import Foundation
import GRDB
import SluiceMigrations

/// Brings a database to this version: the numbered SQL files in order, each once, each in a transaction of its own.
struct Migrator: Sendable {
  /// One row of the table `migrations`.
  private struct Applied {
    let number: Int
    let name: String
    let checksum: String
  }

  var migrations = Migration.all

  /// Whether every migration is applied.
  ///
  /// Throws if the database is not a ledger, comes from a newer version, or was made by other migrations. Only
  /// reads.
  func isCurrent(_ db: Database) throws -> Bool {
    try applied(db).count == migrations.count
  }

  /// Applies what is missing. Two processes may do this at once: the second finds nothing missing.
  func apply(to db: Database) throws {
    while try !isCurrent(db) {
      try db.inTransaction(.immediate) {
        let count = try applied(db).count
        guard count < migrations.count else { return .commit }
        try apply(migrations[count], to: db)
        return .commit
      }
    }
  }

  private func apply(_ migration: Migration, to db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS migrations (
          number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
        ) STRICT
        """)
    try db.execute(sql: String(decoding: migration.sql, as: UTF8.self))
    try db.execute(
      sql: "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
      arguments: [migration.number, migration.name, Self.checksum(migration.sql), Date().milliseconds])
  }

  private func applied(_ db: Database) throws -> [Applied] {
    // One statement: another process may be making the tables right now.
    let tables = try Int.fetchAll(
      db, sql: "SELECT name = 'migrations' FROM sqlite_master WHERE type = 'table'")
    guard tables.contains(1) else {
      guard tables.isEmpty else {
        throw Refusal(.notALedger, "is a database of something else; name another file")
      }
      return []
    }
    let applied = try rows(db)
    for (index, row) in applied.enumerated() {
      guard index < migrations.count else {
        throw Refusal(
          .newerVersion,
          "was written by a newer version (migration \(row.number), \(row.name); this one knows "
            + "\(migrations.count)); use that version or name another file")
      }
      let known = migrations[index]
      guard row.number == known.number, row.checksum == Self.checksum(known.sql) else {
        throw Refusal(
          .otherMigrations,
          "was made by another migration \(row.number) (\(row.name)) than this version has; "
            + "use the version that made it or name another file")
      }
    }
    return applied
  }

  private func rows(_ db: Database) throws -> [Applied] {
    let columns = try String.fetchAll(db, sql: "SELECT name FROM pragma_table_info('migrations')")
    guard columns == ["number", "name", "checksum", "applied_at"] else {
      throw Refusal(.notALedger, "is a database of something else; name another file")
    }
    return try Row.fetchAll(
      db, sql: "SELECT number, CAST(name AS TEXT), CAST(checksum AS TEXT) FROM migrations ORDER BY number"
    ).map { row in
      // By way of `DatabaseValue`: decoding directly would trap on a column of another type.
      let values: [DatabaseValue] = Array(row.databaseValues)
      return Applied(
        number: Int.fromDatabaseValue(values[0]) ?? 0, name: String.fromDatabaseValue(values[1]) ?? "",
        checksum: String.fromDatabaseValue(values[2]) ?? "")
    }
  }

  /// FNV-1a, 64 bits: it tells an accidental change, which is all that it is for.
  static func checksum(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes {
      hash ^= UInt64(byte)
      hash &*= 0x100_0000_01b3
    }
    return KeyText.hexadecimal(hash)
  }
}

/// A reason to refuse a database, found where its path is not known.
struct Refusal: Error {
  let code: LedgerError.Code
  let message: String

  init(_ code: LedgerError.Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
