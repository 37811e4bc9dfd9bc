import Foundation
import GRDB
import SluiceFigures
import SluiceRouting

extension LedgerStore {
  /// Writes how the account stands; the newest one goes on after a restart.
  func write(_ account: AccountRecord, _ db: Database) throws {
    let compare = account.compare
    let (missing, timeouts) = (account.kinds[.missingInNew] ?? 0, account.kinds[.timeout] ?? 0)
    let numbers: [UInt64] = [
      account.seconds, compare.matched, compare.ignored, compare.superseded, compare.diverged,
      compare.dropped,
      compare.mirroredWrites, compare.droppedWrites, compare.mirrorErrors, missing, timeouts, account.warmed,
      account.operations, account.failures, account.keys, account.known.count, account.isVerified ? 1 : 0,
      account.readPace, account.writePace, compare.uncarried, account.slots, account.slowSlots,
      account.known.isLeast ? 1 : 0,
    ]
    let percent = account.position.percent.isFinite ? account.position.percent : 0
    var values: [(any DatabaseValueConvertible)?] = [
      account.beganAt.milliseconds, account.routing, account.position.stage.name, percent,
      account.at.milliseconds,
    ]
    for number in numbers { values.append(Int64(clamping: number)) }
    values.append(account.paused)
    values.append(account.forced)
    values.append(account.next)
    values.append(account.said.map { String($0.prefix(200)) })
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO accounts (began_at, routing, stage, percent, updated_at, seconds, matched, ignored,
          superseded, diverged, dropped, mirrored_writes, dropped_writes, mirror_errors, missing, timeouts, warmed,
          operations, failures, keys, open, verified, read_p99_us, write_p99_us, uncarried, slots, slow_slots,
          open_is_least, paused, forced, next, said)
        VALUES (\(Array(repeating: "?", count: values.count).joined(separator: ", ")))
        """
    ).execute(arguments: StatementArguments(values))
    try db.execute(sql: "DELETE FROM guardrail_scores")
    for score in account.scores where score.score.isFinite {
      try db.cachedStatement(sql: "INSERT INTO guardrail_scores VALUES (?, ?, ?, ?, ?, ?, ?)").execute(
        arguments: [
          score.signal, score.score, Int64(clamping: score.bad), Int64(clamping: score.total), score.healthy,
          score.broken, score.reaction,
        ])
    }
    try db.execute(sql: "DELETE FROM step_gates")
    for (place, gate) in account.gates.enumerated() {
      try db.cachedStatement(sql: "INSERT INTO step_gates VALUES (?, ?, ?, ?, ?, ?)").execute(
        arguments: [place, gate.name, gate.now, gate.needed, gate.missing, gate.isAgainst ? 1 : 0])
    }
    try write(account.known, db)
  }

  func insert(_ decision: DecisionRecord, flip: Int64, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO decisions (run, flip, at, who, action, step, signal, bad, total, "limit", words)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      run, flip, decision.at.milliseconds, decision.who, decision.action.rawValue, decision.step,
      decision.signal,
      decision.bad.map { Int64(clamping: $0) }, decision.total.map { Int64(clamping: $0) },
      decision.limit.flatMap { $0.isFinite ? $0 : nil }, String(decision.words.prefix(1000)),
    ])
  }
}

extension Ledger.Before {
  /// A divergence that was known at the end of the run before, with the name of its command.
  public struct Divergence: Sendable, Equatable {
    public var question: UInt64
    public var kind: DivergenceKind
    public var command: String
    /// Empty where keys are hashed.
    public var key: [UInt8]
    /// Digests of both answers.
    public var legacy: UInt64
    public var new: UInt64
    /// Why it is meant to stay; nil if it is open.
    public var closed: String?
  }

  /// The account that stood last. Whatever somebody has written into the file, it decodes or is none.
  static func account(_ db: Database) throws -> (AccountRecord, [Divergence])? {
    guard let row = try Row.fetchOne(db, sql: "SELECT * FROM accounts ORDER BY began_at DESC LIMIT 1") else {
      return nil
    }
    func value<T: DatabaseValueConvertible>(_ name: String) -> T? {
      (row[name] as DatabaseValue?).flatMap { T.fromDatabaseValue($0) }
    }
    func number(_ name: String) -> UInt64 { UInt64(clamping: (value(name) as Int64?) ?? 0) }
    guard let began: Int64 = value("began_at"), let routing: String = value("routing"),
      let name: String = value("stage"), let stage = Stage(name: name), let percent: Double = value("percent")
    else { return nil }
    var account = AccountRecord(
      beganAt: Date(timeIntervalSince1970: Double(began) / 1000), routing: routing,
      position: .init(stage, percent: percent))
    account.seconds = number("seconds")
    account.compare.matched = number("matched")
    account.compare.ignored = number("ignored")
    account.compare.superseded = number("superseded")
    account.compare.diverged = number("diverged")
    account.compare.dropped = number("dropped")
    account.compare.mirroredWrites = number("mirrored_writes")
    account.compare.droppedWrites = number("dropped_writes")
    account.compare.mirrorErrors = number("mirror_errors")
    account.compare.uncarried = number("uncarried")
    account.kinds = [.missingInNew: number("missing"), .timeout: number("timeouts")]
    account.warmed = number("warmed")
    account.operations = number("operations")
    account.failures = number("failures")
    account.keys = number("keys")
    account.isVerified = number("verified") == 1
    (account.readPace, account.writePace) = (number("read_p99_us"), number("write_p99_us"))
    (account.paused, account.forced, account.said) = (value("paused"), value("forced"), value("said"))
    (account.slots, account.slowSlots) = (number("slots"), number("slow_slots"))
    account.known.count = number("open")
    account.known.isLeast = number("open_is_least") == 1
    for row in try Row.fetchAll(db, sql: "SELECT signal, score, bad, total FROM guardrail_scores") {
      let values = Array(row.databaseValues)
      guard let signal = String.fromDatabaseValue(values[0]), let score = Double.fromDatabaseValue(values[1]),
        score.isFinite
      else { continue }
      account.scores.append(
        .init(
          signal: signal, score: score, bad: UInt64(clamping: Int64.fromDatabaseValue(values[2]) ?? 0),
          total: UInt64(clamping: Int64.fromDatabaseValue(values[3]) ?? 0)))
    }
    account.known.closings = try closings(db)
    return (account, try known(db))
  }

  private static func closings(_ db: Database) throws -> [Closing] {
    try Row.fetchAll(
      db, sql: "SELECT kind, keys, at, who, why FROM closings ORDER BY at LIMIT \(Closing.limit)"
    ).compactMap { row in
      let values = Array(row.databaseValues)
      guard let name = String.fromDatabaseValue(values[0]), let at = Int64.fromDatabaseValue(values[2]),
        let who = String.fromDatabaseValue(values[3]), let why = String.fromDatabaseValue(values[4])
      else { return nil }
      let kind = DivergenceKind.allCases.first { $0.name == name }
      guard name.isEmpty || kind != nil else { return nil }
      let keys: [UInt8]? =
        switch values[1].storage {
        case .string(let text): Array(text.utf8)
        case .blob(let data): Array(data)
        case .null, .int64, .double: nil
        }
      return keys.map { Closing(kind: kind, keys: $0, why: why, who: who, at: at) }
    }
  }

  private static func known(_ db: Database) throws -> [Divergence] {
    let limit = 1 << 20
    return try Row.fetchAll(
      db,
      sql:
        "SELECT question, kind, command, key, legacy_digest, new_digest, closed FROM known_divergences LIMIT \(limit)"
    ).compactMap { row in
      let values = Array(row.databaseValues)
      guard let question = Int64.fromDatabaseValue(values[0]), let name = String.fromDatabaseValue(values[1]),
        let kind = DivergenceKind.allCases.first(where: { $0.name == name }),
        let command = String.fromDatabaseValue(values[2])
      else { return nil }
      let key: [UInt8] =
        switch values[3].storage {
        case .string(let text): text.hasPrefix("#") && text.utf8.count == 17 ? [] : Array(text.utf8)
        case .blob(let data): Array(data)
        case .null, .int64, .double: []
        }
      return Divergence(
        question: UInt64(bitPattern: question), kind: kind, command: command, key: key,
        legacy: UInt64(bitPattern: Int64.fromDatabaseValue(values[4]) ?? 0),
        new: UInt64(bitPattern: Int64.fromDatabaseValue(values[5]) ?? 0),
        closed: String.fromDatabaseValue(values[6]))
    }
  }
}
