import Foundation
import GRDB
import SluiceFigures
import SluiceLocks

/// What of the known divergences stands in the file: what has not changed is not written again, for there may be many, and the account
/// is written every second while something is wrong.
final class KnownWritten: Sendable {
  fileprivate struct State {
    /// Nil before the first time: what an earlier run has left is another one's.
    var version: UInt64?
    var rows: [Int64: OpenDivergences.Entry] = [:]
  }

  fileprivate let state = Mutex(State())
}

extension LedgerStore {
  /// Makes the tables say what is known.
  func write(_ known: AccountRecord.Known, _ db: Database) throws {
    let before = written.state.withLock { $0 }
    guard known.version == nil || before.version != known.version else { return }
    if before.version == nil { try db.execute(sql: "DELETE FROM known_divergences") }
    var rows: [Int64: OpenDivergences.Entry] = [:]
    for entry in known.list { rows[Int64(bitPattern: entry.question)] = entry }
    let gone = try db.cachedStatement(sql: "DELETE FROM known_divergences WHERE question = ?")
    for question in before.rows.keys where rows[question] == nil { try gone.execute(arguments: [question]) }
    let come = try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO known_divergences (question, kind, command, key, legacy_digest, new_digest, closed)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
    for (question, entry) in rows where before.rows[question] != entry {
      try come.execute(arguments: [
        question, entry.kind.name, commandName(entry.command), keys.key(entry.key),
        Int64(bitPattern: entry.legacy), Int64(bitPattern: entry.new),
        entry.closed.map { String($0.prefix(500)) },
      ])
    }
    try db.execute(sql: "DELETE FROM closings")
    for closing in known.closings {
      try db.cachedStatement(
        sql: "INSERT OR REPLACE INTO closings (kind, keys, at, who, why) VALUES (?, ?, ?, ?, ?)"
      ).execute(arguments: [
        closing.kind?.name ?? "",
        String(validating: closing.keys, as: UTF8.self)?.databaseValue ?? blob(closing.keys),
        closing.at, closing.who, closing.why,
      ])
    }
    // If the transaction fails the same rows are written again: what is there is replaced, what is gone is gone.
    let (version, all) = (known.version, rows)
    db.afterNextTransaction { [written] _ in
      written.state.withLock { ($0.version, $0.rows) = (version, all) }
    }
  }
}
