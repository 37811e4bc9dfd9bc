import Foundation
import GRDB

/// A message to somebody outside, and what became of it.
public struct LetterRecord: Sendable, Equatable {
  public enum State: String, Sendable { case waiting, sent, lost }

  public var id: String
  public var receiver: String
  public var event: String
  public var at: Date
  public var body: [UInt8]
  public var state: State
  public var reason: String

  public init(
    id: String, receiver: String, event: String, at: Date, body: [UInt8], _ state: State, reason: String = ""
  ) {
    (self.id, self.receiver, self.event, self.at) = (id, receiver, event, at)
    (self.body, self.state, self.reason) = (body, state, reason)
  }
}

extension LedgerStore {
  func insert(_ letter: LetterRecord, _ db: Database) throws {
    let hasEnded = letter.state != .waiting
    try db.cachedStatement(
      sql: """
        INSERT INTO outbox (id, receiver, event, at, body, state, ended_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id, receiver) DO UPDATE SET body = excluded.body, state = excluded.state,
          ended_at = excluded.ended_at, reason = excluded.reason
        """
    ).execute(arguments: [
      letter.id, letter.receiver, letter.event, letter.at.milliseconds, blob(hasEnded ? [] : letter.body),
      letter.state.rawValue, hasEnded ? Date().milliseconds : nil, String(letter.reason.prefix(200)),
    ])
  }

  /// Deletes what has ended and is too old.
  func expireLetters(before limit: Int64, chunk: Int, _ db: Database) throws -> Int {
    try db.execute(
      sql: """
        DELETE FROM outbox WHERE (id, receiver) IN
          (SELECT id, receiver FROM outbox WHERE at < ? AND state <> 'waiting' LIMIT \(chunk))
        """, arguments: [limit])
    return db.changesCount
  }
}

extension Ledger.Before {
  /// What nobody has heard yet, the oldest first.
  static func letters(_ db: Database) -> [LetterRecord] {
    let rows =
      (try? Row.fetchAll(
        db,
        sql: """
          SELECT CAST(id AS TEXT), CAST(receiver AS TEXT), CAST(event AS TEXT), CAST(at AS INTEGER), CAST(body AS BLOB)
          FROM outbox WHERE state = 'waiting' ORDER BY at LIMIT 10000
          """)) ?? []
    return rows.compactMap { row in
      let values = Array(row.databaseValues)
      guard values.count == 5, let id = String.fromDatabaseValue(values[0]),
        let receiver = String.fromDatabaseValue(values[1]), let event = String.fromDatabaseValue(values[2]),
        let at = Int64.fromDatabaseValue(values[3]), let body = Data.fromDatabaseValue(values[4])
      else { return nil }
      return LetterRecord(
        id: id, receiver: receiver, event: event, at: Date(timeIntervalSince1970: Double(at) / 1000),
        body: Array(body), .waiting)
    }
  }
}
