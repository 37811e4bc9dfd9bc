import Foundation
import GRDB
import SluiceFigures
import SluiceRouting
import SluiceTestSupport
import Testing

@testable import SluiceLedger

/// A ledger is a file that others can write to: numbers at the ends of their ranges in any column of any row are a report, or an error
/// in words, and the next start opens it or says why not.
@Suite struct FuzzedRowsTests {
  @Test func extremeNumbersInEveryColumn() async throws {
    var numbers = ExtremeNumbers("LedgerTests.extremeNumbersInEveryColumn")
    var (reports, refusals) = (0, 0)
    for _ in 0..<ExtremeNumbers.rounds(25) {
      let scratch = try Scratch()
      try fill(scratch)
      try spoil(scratch.path, &numbers)
      do throws(LedgerError) {
        _ = try Report.render(path: scratch.path, format: .text)
        _ = try Report.render(path: scratch.path, format: .json)
        reports += 1
      } catch {
        #expect("\(error)".count > 10, "seed \(numbers.seed)")
        refusals += 1
      }
      do throws(LedgerError) {
        let ledger = try scratch.open { $0.retentionDays = 1 }
        _ = ledger.before.mirrors
        ledger.record(figures(matched: 1, reads: 1), from: time(90), to: time(100))
        ledger.record(divergence(at: 95))
        ledger.close(clean: true)
      } catch {
        #expect("\(error)".count > 10, "seed \(numbers.seed)")
      }
    }
    #expect(reports + refusals == ExtremeNumbers.rounds(25) && reports > 0, "or nothing was tried")
  }

  private func fill(_ scratch: Scratch) throws {
    let ledger = try scratch.open()
    var counted = figures(matched: 8, diverged: [(.missingInNew, 7), (.value, 7)], reads: 50)
    counted.recordError(.timeout, on: .new, .primary, .write)
    counted.suspects[.new] = suspects(made: 2, repaired: 1)
    counted.refusals.record(
      .init(command: 7, reason: "transaction"), at: time(5).milliseconds,
      client: .init(name: "shop", library: "", address: "10.0.0.7:5000"))
    ledger.record(counted, from: time(0), to: time(10))
    ledger.record(divergence())
    ledger.record(ErrorSample(at: time(5), stack: .new, kind: .timeout, command: 7, message: "no reply"))
    var step = flip(.stage, at: 20, from: .init(.off, percent: 0), to: .init(.live, percent: 25))
    step.fences = [.init(lane: 0, heldMicroseconds: 812, commands: 7)]
    ledger.record(step)
    ledger.record(counted, from: time(20), to: time(30))
    ledger.close(clean: true)
  }

  /// Some columns of each table hold something else.
  private func spoil(_ path: String, _ numbers: inout ExtremeNumbers) throws {
    var random = numbers
    try DatabaseQueue(path: path).writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF")
      let tables = try String.fetchAll(
        db,
        sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      for table in tables where table != "migrations" {
        for column in try db.columns(in: table) where random.below(8) == 0 {
          let value: any DatabaseValueConvertible =
            switch column.type.uppercased() {
            case "INTEGER", "INT": Int64(bitPattern: random.bits())
            case "REAL": Double(random.json()) ?? 0
            default: random.text()
            }
          // What a constraint forbids is left as it is.
          try? db.execute(
            sql: "UPDATE OR IGNORE \"\(table)\" SET \"\(column.name)\" = ?", arguments: [value])
        }
      }
    }
    numbers = random
  }
}
