import Foundation
import GRDB

/// How the ledger opens SQLite files.
enum Connection {
  /// A statement of the writer waits so long for another process's lock before it is tried again later.
  static let busySeconds: TimeInterval = 0.25
  /// Opening and migrating wait so long: two processes may start at once.
  static let openSeconds: TimeInterval = 5

  /// Opens or makes a ledger for writing, and migrates it.
  static func writer(_ path: String, migrator: Migrator = Migrator()) throws(LedgerError) -> DatabaseQueue {
    try explaining(path) {
      let deadline = Date(timeIntervalSinceNow: openSeconds)
      while true {
        do {
          return try openWriter(path, migrator)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && Date() < deadline {
          // Two that start at once: SQLite does not wait for the lock that changes the journal mode.
          Thread.sleep(forTimeInterval: 0.02)
        }
      }
    }
  }

  private static func openWriter(_ path: String, _ migrator: Migrator) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.busyMode = .timeout(busySeconds)
    // SQLite gives its other files the mode of the first.
    LedgerPlace.makePrivate(path)
    let database = try DatabaseQueue(path: path, configuration: configuration)
    try database.writeWithoutTransaction { db in
      // Refuses before it changes anything.
      if try !migrator.isCurrent(db) {
        // Takes effect only before the first table.
        try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
      }
      try db.execute(
        sql: """
          PRAGMA journal_mode = WAL;
          PRAGMA synchronous = NORMAL;
          PRAGMA journal_size_limit = 67108864;
          """)
      try migrator.apply(to: db)
    }
    return database
  }

  /// Opens a ledger that exists, for reading only.
  static func reader(_ path: String) throws(LedgerError) -> DatabaseQueue {
    try explaining(path) {
      var configuration = Configuration()
      configuration.label = "ledger-reader"
      configuration.readonly = true
      configuration.busyMode = .timeout(openSeconds)
      let database = try DatabaseQueue(path: path, configuration: configuration)
      guard try database.read({ try Migrator().isCurrent($0) }) else {
        throw Refusal(.otherMigrations, "was made by an older version; start `sluice serve` on it once")
      }
      return database
    }
  }

  /// Makes errors for people of what SQLite says.
  static func explaining<T>(_ path: String, _ body: () throws -> T) throws(LedgerError) -> T {
    do {
      return try body()
    } catch let error as LedgerError {
      throw error
    } catch let error as Refusal {
      throw LedgerError(code: error.code, path: path, message: error.message)
    } catch let error as DatabaseError {
      let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
      switch error.resultCode {
      case .SQLITE_CANTOPEN:
        throw LedgerError(
          code: .cannotOpen, path: path,
          message: "cannot be opened (\(message)); check that the directory exists and is writable")
      case .SQLITE_BUSY, .SQLITE_LOCKED:
        throw LedgerError(
          code: .cannotOpen, path: path,
          message: "is locked by another process (\(message)); end it or name another file")
      case .SQLITE_READONLY:
        throw LedgerError(
          code: .cannotOpen, path: path, message: "is read-only (\(message)); make it writable")
      case .SQLITE_FULL:
        throw LedgerError(
          code: .cannotOpen, path: path, message: "has no room on its disk (\(message)); free some space")
      case .SQLITE_NOTADB:
        throw LedgerError(
          code: .notALedger, path: path, message: "is not an SQLite database; name another file")
      default:
        throw LedgerError(code: .failed, path: path, message: message)
      }
    } catch {
      throw LedgerError(code: .failed, path: path, message: "\(error)")
    }
  }
}
