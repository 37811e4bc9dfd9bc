import Foundation
import GRDB
import SluiceFigures

/// The two servers, and what cannot go between them.
extension LedgerStore {
  /// A server that is what the last row of its stack says is no news, over restarts too.
  func insert(_ record: ServerRecord, _ db: Database) throws {
    let server = String(record.server.prefix(100))
    let version = String(record.version.prefix(100))
    let stamp = record.stamp.map { Int64($0) }
    let last = try Row.fetchOne(
      db, sql: "SELECT server, version, stamp FROM servers WHERE stack = ? ORDER BY id DESC LIMIT 1",
      arguments: [record.stack.name])
    if let last {
      let values = Array(last.databaseValues)
      if String.fromDatabaseValue(values[0]) == server, String.fromDatabaseValue(values[1]) == version,
        Int64.fromDatabaseValue(values[2]) == stamp
      {
        return
      }
    }
    try db.cachedStatement(
      sql: "INSERT INTO servers (run, at, stack, server, version, stamp) VALUES (?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [run, record.at.milliseconds, record.stack.name, server, version, stamp])
  }

  func add(_ uncarried: UncarriedKeys, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO uncarried (run, stack, key, type, reason, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET type = excluded.type, reason = excluded.reason,
          first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
        """)
    for (place, entry) in uncarried.entries {
      try statement.execute(arguments: [
        run, place.stack.name, keys.key(place.key), String(entry.type.prefix(100)),
        String(entry.reason.prefix(200)), entry.firstAt, entry.lastAt,
      ])
    }
  }

  func insert(_ copies: CopyFigures, interval: Int64, _ db: Database) throws {
    let ways = [
      ("dump", copies.dump), ("restamped", copies.restamped), ("value", copies.value),
      ("pieces", copies.pieces),
    ]
    for (way, count) in ways where count > 0 {
      try db.cachedStatement(sql: "INSERT INTO copies (interval, way, count) VALUES (?, ?, ?)").execute(
        arguments: [interval, way, Int64(clamping: count)])
    }
  }
}
