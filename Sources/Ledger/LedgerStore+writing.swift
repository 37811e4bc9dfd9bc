import Foundation
import GRDB
import SluiceFigures
import SluiceRouting

extension LedgerStore {
  /// Writes flips and has them on the disk when it returns. Returns their ids, in order.
  func write(_ flips: [FlipRecord]) throws -> [Int64] {
    try database.writeWithoutTransaction { db in
      // Applies from the next transaction on. The commit syncs everything before it in the log too.
      try db.execute(sql: "PRAGMA synchronous = FULL")
      defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
      var ids: [Int64] = []
      try db.inTransaction(.immediate) {
        for flip in flips { ids.append(try insert(flip, db)) }
        return .commit
      }
      return ids
    }
  }

  /// Writes intervals: compares, figures, latencies, and the exact counts of their minutes.
  func write(_ intervals: [QueuedInterval], flipIDs: [Int64]) throws {
    try transaction { db in
      for interval in intervals { try insert(interval, flip: Self.id(interval.flip, flipIDs), db) }
    }
  }

  /// Writes the samples of a batch, what it adds to the groups, and how many samples were not kept.
  func write(
    _ batch: LedgerBatch, groups: [DivergenceGroups.Group: DivergenceGroups.Addition], flipIDs: [Int64]
  ) throws {
    try transaction { db in
      for sample in batch.samples {
        let flip = Self.id(sample.flip, flipIDs)
        switch sample.content {
        case .divergence(let divergence, isKept: true): try insert(divergence, flip: flip, db)
        case .divergence(_, isKept: false): break
        case .error(let error): try insert(error, flip: flip, db)
        case .decision(let decision): try insert(decision, flip: flip, db)
        case .server(let server): try insert(server, db)
        case .letter(let letter): try insert(letter, db)
        }
      }
      try add(groups, lost: batch.lost, db)
      if let account = batch.account { try write(account, db) }
      try updateRun(db, at: Date(), losses: batch.losses)
    }
  }

  private static func id(_ flip: Int, _ flipIDs: [Int64]) -> Int64 {
    flipIDs.indices.contains(flip) ? flipIDs[flip] : 0
  }

  private func insert(_ flip: FlipRecord, _ db: Database) throws -> Int64 {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO flips (run, at, who, action, from_stage, from_percent, to_stage, to_percent, reason,
          file_version, held_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    // A percentage that is no number would be NULL to SQLite, and the flip refused for good.
    try statement.execute(arguments: [
      run, flip.at.milliseconds, flip.who, flip.action.rawValue,
      flip.from.stage.name, flip.from.percent.isFinite ? flip.from.percent : 0,
      flip.to.stage.name, flip.to.percent.isFinite ? flip.to.percent : 0,
      flip.reason, flip.fileVersion, flip.heldMicroseconds,
    ])
    let id = db.lastInsertedRowID
    for fence in flip.fences {
      try db.cachedStatement(
        sql: "INSERT OR REPLACE INTO fences (flip, lane, held_us, commands, cut_off) VALUES (?, ?, ?, ?, ?)"
      ).execute(arguments: [
        id, fence.lane, fence.heldMicroseconds, fence.commands,
        fence.cutOff.map(\.name).sorted().joined(separator: ","),
      ])
    }
    return id
  }

  private func insert(_ sample: DivergenceSample, flip: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO divergences (run, flip, at, kind, command, prefix, pattern, key, legacy_digest, legacy_length,
          new_digest, new_length, first_difference, legacy_preview, new_preview)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      run, flip, sample.at.milliseconds, sample.kind.name, commandName(sample.command),
      keys.prefix(sample.key), keys.pattern(sample.key), keys.key(sample.key),
      digest(sample.legacy), sample.legacy?.length, digest(sample.new), sample.new?.length,
      sample.firstDifference, preview(sample.legacy), preview(sample.new),
    ])
  }

  private func insert(_ sample: ErrorSample, flip: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO errors (run, flip, at, stack, kind, command, message) VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      run, flip, sample.at.milliseconds, sample.stack.name, sample.kind.name,
      sample.command.map(commandName) ?? "", String(sample.message.prefix(200)),
    ])
  }

  /// SQLite has no unsigned numbers; the digest keeps its bits, and `printf('%x')` shows them right.
  private func digest(_ reply: DivergenceSample.Reply?) -> Int64? {
    reply.map { Int64(bitPattern: $0.digest) }
  }

  private func preview(_ reply: DivergenceSample.Reply?) -> DatabaseValue? {
    guard previewBytes > 0, let preview = reply?.preview else { return nil }
    return blob(preview.prefix(previewBytes))
  }
}

/// Bytes as an SQLite BLOB.
func blob(_ bytes: some Sequence<UInt8>) -> DatabaseValue {
  Data(bytes).databaseValue
}
