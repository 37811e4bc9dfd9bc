import Foundation
import GRDB

extension LedgerStore {
  /// Adds to the counts of the groups, and to those of what was lost with its keys.
  func add(
    _ additions: [DivergenceGroups.Group: DivergenceGroups.Addition],
    lost: [DivergenceClass: DivergenceTally], _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO divergence_groups (run, kind, command, pattern, count, first_at, last_at, example)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count, first_at = min(first_at, excluded.first_at),
          last_at = max(last_at, excluded.last_at)
        """)
    for (group, addition) in additions {
      try add(addition.tally, to: group, example: keys.key(addition.example), statement)
    }
    for (place, tally) in lost {
      try add(
        tally, to: .init(of: place, pattern: DivergenceGroups.lost), example: "".databaseValue, statement)
    }
  }

  private func add(
    _ tally: DivergenceTally, to group: DivergenceGroups.Group, example: DatabaseValue, _ statement: Statement
  ) throws {
    try statement.execute(arguments: [
      run, group.of.kind.name, commandName(group.of.command), group.pattern, tally.count,
      tally.first.milliseconds, tally.last.milliseconds, example,
    ])
  }
}
