import Foundation
import SluiceFigures
import SluiceRouting
import Testing

@testable import SluiceLedger

@Suite struct LedgerRecordTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
  }

  @Test func aRunBeginsAndEnds() throws {
    let ledger = try scratch.open()
    #expect(
      try scratch.rows("SELECT clean, ended_at, version, pid, summary FROM runs")
        == ["0|-|1.2.3|\(ProcessInfo.processInfo.processIdentifier)|legacy=memory: new=memory:"])
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT clean, ended_at >= started_at FROM runs") == ["1|1"])
    #expect(ledger.health().state == .closed)
    try scratch.open().close(clean: false)
    #expect(try scratch.rows("SELECT id, clean FROM runs WHERE ended_at IS NOT NULL") == ["1|1", "2|0"])
  }

  @Test func aLedgerThatIsLetGoEndsItsThreadAndItsRun() throws {
    _ = try scratch.open()
    #expect(try scratch.rows("SELECT clean FROM runs WHERE ended_at IS NOT NULL") == ["0"])
  }

  @Test func flipsKeepEverything() throws {
    let ledger = try scratch.open()
    ledger.record(
      FlipRecord(
        at: time(1.234), who: "ana", action: .ramp, from: .init(.live, percent: 25),
        to: .init(.live, percent: 33.3),
        reason: "it's fine", fileVersion: "v7",
        fences: [.init(lane: 0, heldMicroseconds: 812, commands: 3)]))
    ledger.record(flip(.rollback, at: 2, from: .init(.live, percent: .nan), to: .init(.off, percent: 0)))
    ledger.close(clean: true)
    #expect(
      try scratch.rows(
        """
        SELECT id, run, at, who, action, from_stage, from_percent, to_stage, to_percent, reason, file_version,
          held_us FROM flips
        """) == [
          "1|1|1772366401234|ana|ramp|live|25.0|live|33.3|it's fine|v7|812",
          "2|1|1772366402000|ana|rollback|live|0.0|off|0.0||-|-",
        ])
  }

  @Test func divergencesKeepWhatTheyMay() throws {
    let ledger = try scratch.open { $0.previewBytes = 2 }
    ledger.record(flip(.start, at: 0, from: .init(.off, percent: 0), to: .init(.shadow, percent: 0)))
    ledger.record(
      DivergenceSample(
        at: time(1), kind: .value, command: 7, key: Array("user:1:cart".utf8),
        legacy: .init(digest: .max, length: 10, preview: [1, 2, 3]), new: .init(digest: 5, length: 11),
        firstDifference: 4))
    ledger.record(
      DivergenceSample(
        at: time(2), kind: .missingInLegacy, command: 9, key: [0xff, 0x00], legacy: nil,
        new: .init(digest: 0, length: 0, preview: [])))
    ledger.close(clean: true)
    #expect(
      try scratch.rows(
        """
        SELECT run, flip, at, kind, command, prefix, key, typeof(key), legacy_digest, legacy_length, new_digest,
          new_length, first_difference, legacy_preview, new_preview FROM divergences
        """) == [
          "1|1|1772366401000|value|GET|user:|user:1:cart|text|-1|10|5|11|4|x12|-",
          "1|1|1772366402000|missing_in_legacy|C9||xff0|blob|-|-|0|0|-|-|x",
        ])
  }

  @Test func previewsAreOptIn() throws {
    let ledger = try scratch.open()
    ledger.record(
      DivergenceSample(
        at: time(0), kind: .value, command: 7, key: [65], legacy: .init(digest: 1, length: 1, preview: [1]),
        new: .init(digest: 2, length: 1, preview: [2])))
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT legacy_preview, new_preview FROM divergences") == ["-|-"])
  }

  @Test func errorsKeepTheirWords() throws {
    let ledger = try scratch.open()
    ledger.record(
      ErrorSample(at: time(0), stack: .new, kind: .timeout, command: 8, message: "no reply in 1 s"))
    ledger.record(
      ErrorSample(
        at: time(1), stack: .legacy, kind: .unreachable, message: String(repeating: "é", count: 300)))
    ledger.close(clean: true)
    #expect(
      try scratch.rows("SELECT stack, kind, command, substr(message, 1, 10), length(message) FROM errors")
        == [
          "new|timeout|SET|no reply i|15", "legacy|unreachable||éééééééééé|200",
        ])
  }

  @Test func figuresGoToTheirIntervalAndMinute() throws {
    var counted = LaneFigures()
    counted[.legacy, .primary, .read].operations = 10
    counted[.legacy, .primary, .read].hits = 7
    counted[.legacy, .primary, .read].misses = 2
    counted.recordError(.timeout, on: .legacy, .primary, .read)
    counted[.legacy, .primary, .read].latency.record(nanoseconds: 5_000)
    counted[.legacy, .primary, .read].latency.record(nanoseconds: 5_000)
    counted[.legacy, .primary, .read].latency.record(nanoseconds: 1_000_000)
    counted[.new, .primary, .write].operations = .max
    counted.recordDivergence(.ttl, command: 7)
    counted.holds.record(.fence, nanoseconds: 4_000_000)
    counted.holds.record(.key, nanoseconds: 1_000)
    counted.compare.matched = 11
    counted.compare.ignored = 12
    counted.compare.superseded = 13
    counted.compare.dropped = 14
    counted.compare.mirroredWrites = 15
    counted.compare.droppedWrites = 16
    counted.compare.mirrorErrors = 17
    let ledger = try scratch.open()
    ledger.record(counted, from: time(0), to: time(10))
    ledger.record(counted, from: time(10), to: time(20))
    ledger.record(counted, from: time(60), to: time(70))
    ledger.record(LaneFigures(), from: time(70), to: time(80))
    ledger.close(clean: true)
    #expect(ledger.health().written == 3)
    #expect(
      try scratch.rows("SELECT * FROM intervals WHERE id = 2")
        == ["2|1|0|1772366410000|1772366420000|11|12|13|1|14|15|16|17|0|0|0|0"])
    #expect(
      try scratch.rows("SELECT * FROM figures WHERE interval = 3")
        == ["3|legacy|primary|read|10|7|2|1|1", "3|new|primary|write|9223372036854775807|0|0|0|0"])
    #expect(
      try scratch.rows("SELECT * FROM latencies WHERE interval = 1")
        == ["1|legacy|primary|read|5|2", "1|legacy|primary|read|1023|1"])
    #expect(try scratch.rows("SELECT * FROM holds WHERE interval = 1") == ["1|fence|4095|1", "1|key|1|1"])
    #expect(
      try scratch.rows("SELECT * FROM client_waits") == [
        "in all|9|5|1023|1023", "until its key is back|3|1|1|1",
        "until keys have changed sides|3|4095|4095|4095", "until legacy answers|9|5|1023|1023",
      ])
    #expect(
      try scratch.rows("SELECT * FROM divergence_counts")
        == ["29539440|1|0|ttl|GET|2", "29539441|1|0|ttl|GET|1"])
    #expect(
      try scratch.rows("SELECT * FROM error_counts")
        == ["29539440|1|0|legacy|timeout|2", "29539441|1|0|legacy|timeout|1"])
  }

  @Test func countsStayExactWhenSamplesAreCapped() throws {
    let ledger = try scratch.open {
      $0.samplesPerClass = 10
      $0.samplesPerKey = 2
    }
    var counted = LaneFigures()
    for number in 0..<5000 {
      counted.recordDivergence(.value, command: 7)
      ledger.record(divergence(key: "user:\(number / 1000)"))
      ledger.record(ErrorSample(at: time(0), stack: .new, kind: .reply, command: 7, message: "ERR"))
    }
    ledger.record(counted, from: time(0), to: time(1))
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT sum(count) FROM divergence_counts") == ["5000"])
    // The cap is per minute, and a minute may end while this runs: 10 samples, or 20.
    let kept = try #require(Int(try scratch.rows("SELECT count(*) FROM divergences")[0]))
    #expect(kept >= 10 && kept <= 20)
    let errors = try #require(Int(try scratch.rows("SELECT count(*) FROM errors")[0]))
    #expect(errors >= 2 && errors <= 4)
    #expect(
      try scratch.rows("SELECT capped_samples, lost_samples FROM runs") == ["\(10_000 - kept - errors)|0"])
  }

  @Test func whatComesAfterTheEndIsCounted() throws {
    let ledger = try scratch.open()
    ledger.close(clean: true)
    ledger.record(divergence())
    ledger.record(flip(.ramp, at: 0, from: .init(.live, percent: 0), to: .init(.live, percent: 1)))
    #expect(ledger.health().lostSamples == 1 && ledger.health().lostFlips == 1)
    ledger.close(clean: true)
  }
}
