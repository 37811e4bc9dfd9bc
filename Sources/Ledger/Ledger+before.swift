import Foundation
import GRDB
import SluiceRouting

extension Ledger {
  /// What a ledger knows of the runs before this one.
  public struct Before: Sendable, Equatable {
    /// Whether there was one.
    public var hasRun = false
    /// Where the keys went when the last one was heard of; nil if it does not say.
    public var position: FlipRecord.Position?
    /// The evidence of the routing that was in force, and what was known to differ then.
    public var account: AccountRecord?
    public var known: [Divergence] = []
    /// What others were to be told and have not heard.
    public var letters: [LetterRecord] = []
    /// What was counted in the ten minutes before, and in the hour, by the minute and with what was compared.
    public var tenSeconds = Past(seconds: 10)
    public var minutes = Past(seconds: 60)

    /// The stacks that were then the mirror of any key: what the other one had acknowledged is known to be there, what they hold is
    /// not. A stack that was the primary of every key holds the last values, and is not doubted for the sake of a file.
    public var mirrors: Set<StackID> {
      switch position?.stage {
      case .off?, .dualwrite?, .shadow?: [.new]
      case .rampdown?, .complete?: [.legacy]
      case .live? where position?.percent == 100: [.legacy]
      // Each was the mirror of some keys. Rules without a percentage are written as 0.
      case .live?, nil: Set(StackID.allCases)
      }
    }
  }
}

extension Ledger.Before {
  init(_ db: Database) throws {
    if let (account, known) = try Self.account(db) { (self.account, self.known) = (account, known) }
    letters = Self.letters(db)
    let now = Date()
    // Sums of numbers that somebody has written into the file may be too large for SQLite.
    tenSeconds =
      (try? Ledger.Past(db, seconds: 10, span: 600, withCompares: false, before: now)) ?? tenSeconds
    minutes = (try? Ledger.Past(db, seconds: 60, span: 3600, withCompares: true, before: now)) ?? minutes
    hasRun = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM runs)") ?? false
    let row = try Row.fetchOne(
      db, sql: "SELECT CAST(to_stage AS TEXT), CAST(to_percent AS REAL) FROM flips ORDER BY id DESC LIMIT 1")
    // By way of `DatabaseValue`: decoding directly would trap on a column of another type.
    guard let values = row.map({ Array($0.databaseValues) }),
      let name = String.fromDatabaseValue(values[0]), let percent = Double.fromDatabaseValue(values[1]),
      let stage = Stage(name: name)
    else { return }
    position = FlipRecord.Position(stage, percent: percent)
  }
}
