import Foundation
import GRDB
import SluiceMigrations
import Testing

@testable import SluiceLedger

@Suite struct MigratorTests {
  private let scratch: Scratch
  private let one = Migration(number: 1, name: "one", sql: Array("CREATE TABLE a (x) ;".utf8))
  private let two = Migration(
    number: 2, name: "two", sql: Array("CREATE TABLE b (x); INSERT INTO b VALUES (1)".utf8))

  init() throws {
    scratch = try Scratch()
  }

  @Test func aFreshFileGetsEveryMigration() throws {
    try Connection.writer(scratch.path).close()
    #expect(
      try scratch.rows("SELECT number, name, length(checksum) FROM migrations") == [
        "1|ledger|16", "2|groups_suspects_fences|16", "3|benchmarks|16", "4|trouble|16",
        "5|refusals|16", "6|evidence|16", "7|holds|16", "8|servers_and_copies|16",
        "9|served_and_closed|16", "10|what_is_left|16", "11|names_and_plan|16",
        "12|outbox|16", "13|rolled_back|16", "14|story_of_a_rollback|16",
      ])
    #expect(try scratch.rows("PRAGMA auto_vacuum") == ["2"])
    #expect(try scratch.rows("PRAGMA journal_mode") == ["wal"])
    #expect(
      try scratch.rows(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND schema = 'main'")
        == ["sqlite_schema"])
  }

  @Test func eachIsAppliedOnceAndInOrder() throws {
    try open([one]).close()
    try open([one]).close()
    try open([one, two]).close()
    try open([one, two]).close()
    #expect(try scratch.rows("SELECT number, name FROM migrations") == ["1|one", "2|two"])
    #expect(try scratch.rows("SELECT count(*) FROM b") == ["1"])
  }

  @Test func aFailedMigrationLeavesNothing() throws {
    let bad = Migration(
      number: 2, name: "bad", sql: Array("CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)".utf8))
    try open([one]).close()
    #expect(throws: LedgerError.self) { try open([one, bad]) }
    #expect(try scratch.rows("SELECT number FROM migrations") == ["1"])
    try open([one, two]).close()
  }

  @Test func aChangedMigrationIsRefused() throws {
    try open([one, two]).close()
    let changed = Migration(number: 1, name: "one", sql: Array("CREATE TABLE a (x, y)".utf8))
    let error = #expect(throws: LedgerError.self) { try open([changed, two]) }
    #expect(error?.code == .otherMigrations)
    #expect(error?.description.contains("another migration 1 (one)") == true)
  }

  @Test func aNewerDatabaseIsRefusedAndNotTouched() throws {
    try open([one, two]).close()
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
    let error = #expect(throws: LedgerError.self) { try open([one]) }
    #expect(error?.code == .newerVersion)
    #expect(error?.description.contains("migration 2, two; this one knows 1") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path)) == before)
  }

  @Test(arguments: [
    "CREATE TABLE t (x)",
    "CREATE TABLE migrations (id, name)",
    "CREATE TABLE migrations (number, name, checksum, applied_at); INSERT INTO migrations VALUES (x'ff', 1, 2.5, NULL)",
  ])
  func aDatabaseOfSomethingElseIsRefused(sql: String) throws {
    let other = try DatabaseQueue(path: scratch.path)
    try other.write { try $0.execute(sql: sql) }
    try other.close()
    let error = #expect(throws: LedgerError.self) { try scratch.open() }
    #expect(error?.code == .notALedger || error?.code == .otherMigrations)
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    try Data(repeating: 0x41, count: 10_000).write(to: URL(fileURLWithPath: scratch.path))
    let error = #expect(throws: LedgerError.self) { try scratch.open() }
    #expect(error?.code == .notALedger)
    #expect(error?.description == "ledger \(scratch.path): is not an SQLite database; name another file")
  }

  @Test(arguments: ["/proc/sluice.db", "/nowhere/at/all/sluice.db", "/"])
  func aPlaceThatCannotBeWrittenIsAnError(path: String) {
    let error = #expect(throws: LedgerError.self) { try Connection.writer(path) }
    #expect(error?.code == .cannotOpen)
  }

  @Test func twoProcessesMayStartAtOnce() async throws {
    let path = scratch.path
    async let first: Void = opens(path)
    async let second: Void = opens(path)
    _ = await (first, second)
    #expect(try scratch.rows("SELECT count(*) FROM migrations") == ["\(Migration.all.count)"])
    #expect(try scratch.rows("SELECT count(*), count(DISTINCT pid), sum(clean) FROM runs") == ["2|2|2"])
  }

  private func opens(_ path: String) async {
    await #expect(processExitsWith: .success) { [path = path as String] in
      let ledger = try Ledger(LedgerConfiguration(path: path), version: "1", summary: "") { "\($0)" }
      ledger.close(clean: true)
    }
  }

  private func open(_ migrations: [Migration]) throws(LedgerError) -> DatabaseQueue {
    try Connection.writer(scratch.path, migrator: Migrator(migrations: migrations))
  }
}
