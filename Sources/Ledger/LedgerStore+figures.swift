import Foundation
import GRDB
import SluiceFigures
import SluiceRouting

extension LedgerStore {
  func insert(_ interval: QueuedInterval, flip: Int64, _ db: Database) throws {
    let compare = interval.figures.compare
    try db.cachedStatement(
      sql: """
        INSERT INTO intervals (run, flip, started_at, ended_at, matched, ignored, superseded, diverged, dropped,
          mirrored_writes, dropped_writes, mirror_errors, uncarried, served_different, served_missing,
          missed_on_legacy)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      run, flip, interval.start.milliseconds, interval.end.milliseconds, count(compare.matched),
      count(compare.ignored), count(compare.superseded), count(compare.diverged), count(compare.dropped),
      count(compare.mirroredWrites), count(compare.droppedWrites), count(compare.mirrorErrors),
      count(compare.uncarried), count(compare.servedDifferent), count(compare.servedMissing),
      count(compare.missedOnLegacy),
    ])
    let id = db.lastInsertedRowID
    for stack in StackID.allCases {
      for role in Role.allCases {
        for commandClass in CommandClass.allCases {
          let figures = interval.figures[stack, role, commandClass]
          guard !figures.isEmpty else { continue }
          try insert(figures, of: (stack, role, commandClass), interval: id, db)
        }
      }
    }
    try insert(interval.figures.commands, interval: id, db)
    try insert(interval.figures.suspects, interval: id, db)
    try insert(interval.figures.holds, interval: id, db)
    try insert(interval.figures.waits, interval: id, db)
    try add(interval.figures.refusals, to: "refusals", db)
    try add(interval.figures.lacks, to: "lacks", db)
    try add(interval.figures.uncarried, db)
    try insert(interval.figures.copies, interval: id, db)
    let minute = interval.start.milliseconds / 60_000
    try addDivergences(interval.figures.divergences, minute: minute, flip: flip, db)
    try addErrors(interval.figures.errors, minute: minute, flip: flip, db)
  }

  private func insert(
    _ figures: OperationFigures, of cell: (stack: StackID, role: Role, commandClass: CommandClass),
    interval: Int64, _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO figures (interval, stack, role, class, operations, hits, misses, errors, failures)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      interval, cell.stack.name, cell.role.name, cell.commandClass.name, count(figures.operations),
      count(figures.hits), count(figures.misses), count(figures.errors), count(figures.failures),
    ])
    var buckets: [(upper: Int64, count: Int64)] = []
    figures.latency.forEachBucket { _, highest, number in buckets.append((count(highest), count(number))) }
    let statement = try db.cachedStatement(
      sql: "INSERT INTO latencies (interval, stack, role, class, upper_us, count) VALUES (?, ?, ?, ?, ?, ?)")
    for bucket in buckets {
      try statement.execute(arguments: [
        interval, cell.stack.name, cell.role.name, cell.commandClass.name, bucket.upper, bucket.count,
      ])
    }
  }

  private func insert(_ commands: CommandFigures, interval: Int64, _ db: Database) throws {
    guard !commands.isEmpty else { return }
    var rows: [StatementArguments] = []
    commands.forEachCell { stack, role, command, cell in
      rows.append([
        interval, stack.name, role.name, commandName(command), count(cell.operations), count(cell.hits),
        count(cell.misses), count(cell.errors), count(cell.failures),
        count(cell.microseconds(atPercent: 50)), count(cell.microseconds(atPercent: 99)),
      ])
    }
    // Two numbers may have one name: that of commands that nobody knows.
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO command_figures (interval, stack, role, command, operations, hits, misses, errors, failures, p50_us,
          p99_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET operations = operations + excluded.operations, hits = hits + excluded.hits,
          misses = misses + excluded.misses, errors = errors + excluded.errors, failures = failures + excluded.failures,
          p50_us = max(p50_us, excluded.p50_us), p99_us = max(p99_us, excluded.p99_us)
        """)
    for row in rows { try statement.execute(arguments: row) }
  }

  private func insert(_ holds: HoldFigures, interval: Int64, _ db: Database) throws {
    guard !holds.isEmpty else { return }
    let statement = try db.cachedStatement(
      sql: "INSERT INTO holds (interval, reason, upper_us, count) VALUES (?, ?, ?, ?)")
    for reason in HoldFigures.Reason.allCases {
      var buckets: [(upper: Int64, count: Int64)] = []
      holds[reason].forEachBucket { _, highest, number in buckets.append((count(highest), count(number))) }
      for bucket in buckets {
        try statement.execute(arguments: [interval, reason.name, bucket.upper, bucket.count])
      }
    }
  }

  private func insert(_ waits: HeldWaits, interval: Int64, _ db: Database) throws {
    guard !waits.isEmpty else { return }
    let statement = try db.cachedStatement(
      sql: "INSERT INTO held_latencies (interval, class, upper_us, waited, replaced) VALUES (?, ?, ?, ?, ?)")
    for commandClass in CommandClass.allCases {
      var buckets: [Int64: (waited: Int64, replaced: Int64)] = [:]
      waits.waited(commandClass).forEachBucket { _, highest, number in
        buckets[count(highest), default: (0, 0)].waited = count(number)
      }
      waits.replaced(commandClass).forEachBucket { _, highest, number in
        buckets[count(highest), default: (0, 0)].replaced = count(number)
      }
      for (upper, counts) in buckets {
        try statement.execute(arguments: [interval, commandClass.name, upper, counts.waited, counts.replaced])
      }
    }
  }

  private func insert(_ suspects: SuspectFigures.ByStack, interval: Int64, _ db: Database) throws {
    for stack in StackID.allCases where !suspects[stack].isEmpty {
      let figures = suspects[stack]
      try db.cachedStatement(
        sql: """
          INSERT INTO suspects (interval, stack, made, repaired, deleted, whole_stack, pending) VALUES (?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(arguments: [
        interval, stack.name, count(figures.made), count(figures.repaired), count(figures.deleted),
        count(figures.wholeStack), figures.pending.map { count($0) },
      ])
    }
  }

  private func add(_ refusals: RefusalCounts, to table: String, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO \(table) (run, command, reason, count, first_at, last_at, client, library, address)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count, first_at = min(first_at, excluded.first_at),
          last_at = max(last_at, excluded.last_at), client = excluded.client, library = excluded.library,
          address = excluded.address
        """)
    for (place, tally) in refusals.ranked {
      try statement.execute(arguments: [
        run, commandName(place.command), place.reason, count(tally.count), tally.firstAt, tally.lastAt,
        tally.client.name, tally.client.library, tally.client.address,
      ])
    }
  }

  private func addDivergences(
    _ divergences: DivergenceCounts, minute: Int64, flip: Int64, _ db: Database
  ) throws {
    var counts: [(kind: String, command: String, count: Int64)] = []
    divergences.forEachCount { counts.append(($0.name, commandName($1), count($2))) }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO divergence_counts (minute, run, flip, kind, command, count) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count
        """)
    for row in counts {
      try statement.execute(arguments: [minute, run, flip, row.kind, row.command, row.count])
    }
  }

  private func addErrors(_ errors: ErrorCounts, minute: Int64, flip: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO error_counts (minute, run, flip, stack, kind, count) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count
        """)
    for stack in StackID.allCases {
      for kind in ErrorKind.allCases where errors[stack, kind] > 0 {
        try statement.execute(arguments: [
          minute, run, flip, stack.name, kind.name, count(errors[stack, kind]),
        ])
      }
    }
  }

  private func count(_ number: UInt64) -> Int64 { Int64(clamping: number) }
}
