import Foundation
import GRDB
import SluiceFigures
import SluiceRouting
import Testing

@testable import SluiceLedger

/// Keys that no way can carry, in the ledger.
@Suite struct UncarriedTests {
  private func counted() -> LaneFigures {
    var counted = figures(matched: 9)
    counted.compare.uncarried = 1
    counted.uncarried.record(Array("user:7".utf8), to: .new, type: "hash", reason: "no way", at: 5)
    return counted
  }

  @Test("With one of them the story says hold, and so does the account that a restart goes on with")
  func hold() throws {
    let scratch = try Scratch()
    let ledger = try scratch.open()
    ledger.record(flip(.stage, at: 10, from: .init(.off, percent: 0), to: .init(.shadow, percent: 0)))
    ledger.record(counted(), from: time(10), to: time(20))
    var account = AccountRecord(beganAt: time(10), routing: "shadow", position: .init(.shadow, percent: 0))
    account.compare.matched = 9
    account.compare.uncarried = 1
    ledger.record(account)
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT verdict FROM cutover_story") == ["hold"])
    let again = try scratch.open()
    #expect(again.before.account?.compare.uncarried == 1 && again.before.account?.compare.matched == 9)
    again.close(clean: true)
  }

  @Test("Hashed where keys are hashed, and gone when they are old")
  func privacyAndRetention() throws {
    let scratch = try Scratch()
    let ledger = try scratch.open { $0.hashKeys = true }
    ledger.record(counted(), from: time(10), to: time(20))
    ledger.close(clean: true)
    let keys = try scratch.rows("SELECT key FROM what_is_not_carried")
    #expect(keys.count == 1 && keys[0].hasPrefix("#") && keys[0].utf8.count == 17)
    var configuration = scratch.configuration()
    configuration.retentionDays = 30
    let store = try LedgerStore(configuration, version: "1", summary: "") { "\($0)" }
    while try store.expire(now: time(0), configuration) {}
    store.close()
    #expect(try scratch.rows("SELECT * FROM uncarried").isEmpty)
  }

  @Test("What is doubtful is what somebody has counted last, however often a key was deleted and came back")
  func pending() throws {
    let scratch = try Scratch()
    let ledger = try scratch.open()
    for (minute, made, deleted, repaired, pending) in [
      (0.0, 8, 4, 0, 8), (0.5, 0, 6, 0, 3), (1, 0, 0, 0, 0), (2, 0, 1, 0, nil),
    ] as [(Double, UInt64, UInt64, UInt64, UInt64?)] {
      var counted = LaneFigures()
      (counted.suspects[.new].made, counted.suspects[.new].deleted) = (made, deleted)
      (counted.suspects[.new].repaired, counted.suspects[.new].pending) = (repaired, pending)
      ledger.record(counted, from: time(60 * minute), to: time(60 * minute + 10))
    }
    ledger.close(clean: true)
    #expect(
      try scratch.rows("SELECT made, deleted, pending FROM suspects_per_minute")
        == ["8|10|3", "0|0|0", "0|1|0"], "and where nobody has, no negative number")
  }

  @Test("What clients missed and the other stack has is told apart from what its mirror lacks, both ways")
  func missed() throws {
    let scratch = try Scratch()
    let ledger = try scratch.open()
    ledger.record(flip(.stage, at: 1, from: .init(.off, percent: 0), to: .init(.live, percent: 50)))
    var counted = LaneFigures()
    for stack in [StackID.legacy, .new] {
      for role in Role.allCases {
        counted[stack, role, .read].operations = 10
        counted[stack, role, .read].hits = 5
        counted[stack, role, .read].misses = 5
      }
    }
    for _ in 0..<3 { counted.recordDivergence(.missingInNew, command: 7, isServed: true) }
    counted.recordDivergence(.missingInNew, command: 7)
    for _ in 0..<2 { counted.recordDivergence(.missingInLegacy, command: 7) }
    for _ in 0..<4 { counted.recordDivergence(.missingInLegacy, command: 7, isServed: true) }
    ledger.record(counted, from: time(10), to: time(20))
    ledger.close(clean: true)
    #expect(
      try scratch.rows("SELECT stack, role, hit_percent, other_had_it FROM hit_rate") == [
        "legacy|primary|50.0|2", "new|primary|50.0|3", "legacy|mirror|50.0|4", "new|mirror|50.0|1",
      ])
  }

  @Test("A server that is known already is no news, over restarts too")
  func servers() throws {
    let scratch = try Scratch()
    for stamp in [9, 9, 10] as [UInt16] {
      let ledger = try scratch.open()
      ledger.record(
        ServerRecord(at: time(1), stack: .legacy, server: "Redis", version: "6.2.5", stamp: stamp))
      ledger.close(clean: true)
    }
    #expect(try scratch.rows("SELECT run, stamp FROM servers") == ["1|9", "3|10"])
  }

  @Test("As many keys as are kept, and no more")
  func bounded() {
    var keys = UncarriedKeys()
    for number in 0..<2000 {
      keys.record(Array("\(number)".utf8), to: .new, type: "", reason: "", at: Int64(number))
    }
    #expect(keys.entries.count == UncarriedKeys.limit && keys.isFull)
    var other = UncarriedKeys()
    other.record(Array("0".utf8), to: .new, type: "hash", reason: "later", at: 9)
    keys.merge(other)
    #expect(
      keys.entries[.init(.new, Array("0".utf8))]
        == .init(type: "hash", reason: "later", firstAt: 0, lastAt: 9))
  }
}
