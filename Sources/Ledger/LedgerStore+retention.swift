import Foundation
import GRDB

extension LedgerStore {
  /// Rows that one transaction deletes at most, of each table.
  private static let chunk = 1000
  /// Intervals, each with all its figures and latencies.
  private static let intervalChunk = 50

  /// Deletes one chunk of what is too old or too much. Returns whether there is more. Flips and runs stay.
  func expire(now: Date, _ configuration: LedgerConfiguration) throws -> Bool {
    var deleted = 0
    try transaction { db in
      if configuration.retentionSamples > 0 {
        for table in ["divergences", "errors", "decisions"] {
          deleted = max(deleted, try trim(table, to: configuration.retentionSamples, db))
        }
      }
      guard configuration.retentionDays > 0 else { return }
      let limit = now.milliseconds - Int64(clamping: configuration.retentionDays) * 86_400_000
      for table in ["divergences", "errors", "decisions"] {
        deleted = max(
          deleted,
          try delete(
            """
            DELETE FROM \(table) WHERE at < ? AND id IN (SELECT id FROM \(table) ORDER BY id LIMIT \(Self.chunk))
            """, [limit], db))
      }
      for (table, key) in [("divergence_counts", "kind, command"), ("error_counts", "stack, kind")] {
        deleted = max(
          deleted,
          try delete(
            """
            DELETE FROM \(table) WHERE (minute, run, flip, \(key)) IN
              (SELECT minute, run, flip, \(key) FROM \(table) WHERE minute < ? LIMIT \(Self.chunk))
            """, [limit / 60_000], db))
      }
      deleted = max(
        deleted,
        try delete(
          """
          DELETE FROM divergence_groups WHERE (run, kind, command, pattern) IN
            (SELECT run, kind, command, pattern FROM divergence_groups
             WHERE last_at < ? LIMIT \(Self.chunk))
          """, [limit], db))
      deleted = max(
        deleted,
        try delete(
          """
          DELETE FROM uncarried WHERE (run, stack, key) IN
            (SELECT run, stack, key FROM uncarried WHERE last_at < ? LIMIT \(Self.chunk))
          """, [limit], db))
      for table in ["refusals", "lacks"] {
        deleted = max(
          deleted,
          try delete(
            """
            DELETE FROM \(table) WHERE (run, command, reason) IN
              (SELECT run, command, reason FROM \(table) WHERE last_at < ? LIMIT \(Self.chunk))
            """, [limit], db))
      }
      deleted = max(deleted, try expireLetters(before: limit, chunk: Self.chunk, db))
      deleted = max(deleted, try expireIntervals(before: limit, db))
    }
    if deleted > 0 {
      // Gives pages back to the file system a few at a time, with the deleting.
      try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA incremental_vacuum(1000)") }
    }
    return deleted > 0
  }

  private func trim(_ table: String, to rows: Int, _ db: Database) throws -> Int {
    try delete(
      """
      DELETE FROM \(table) WHERE id <= (SELECT max(id) FROM \(table)) - ?
        AND id IN (SELECT id FROM \(table) ORDER BY id LIMIT \(Self.chunk))
      """, [rows], db)
  }

  private func expireIntervals(before limit: Int64, _ db: Database) throws -> Int {
    let ids = try Int64.fetchAll(
      db,
      sql: """
        SELECT id FROM (SELECT id, ended_at FROM intervals ORDER BY id LIMIT \(Self.intervalChunk))
        WHERE ended_at < ?
        """, arguments: [limit])
    for id in ids {
      for table in [
        "latencies_without_role", "figures_without_role", "command_figures", "latencies", "holds",
        "held_latencies",
        "copies",
      ] {
        try db.execute(sql: "DELETE FROM \(table) WHERE interval = ?", arguments: [id])
      }
      try db.execute(sql: "DELETE FROM suspects WHERE interval = ?", arguments: [id])
      try db.execute(sql: "DELETE FROM figures WHERE interval = ?", arguments: [id])
      try db.execute(sql: "DELETE FROM intervals WHERE id = ?", arguments: [id])
    }
    return ids.count
  }

  private func delete(_ sql: String, _ arguments: StatementArguments, _ db: Database) throws -> Int {
    try db.execute(sql: sql, arguments: arguments)
    return db.changesCount
  }
}
