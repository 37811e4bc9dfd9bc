import Foundation
import SluiceFigures
import Testing

@testable import SluiceLedger

@Suite struct RetentionTests {
  @Test func whatIsTooOldGoesInChunksAndFlipsStay() throws {
    let scratch = try Scratch()
    let ledger = try scratch.open {
      $0.retentionDays = 0
      $0.samplesPerClass = .max
      $0.samplesPerKey = .max
    }
    let day = 86_400.0
    ledger.record(flip(.start, at: -40 * day, from: .init(.off, percent: 0), to: .init(.live, percent: 1)))
    for number in 0..<2500 { ledger.record(divergence(at: number < 2300 ? -31 * day : 0)) }
    ledger.record(ErrorSample(at: time(-31 * day), stack: .new, kind: .reply, message: "old"))
    for number in 0..<120 {
      var counted = figures(matched: 1, diverged: [(.value, 7)], reads: 1)
      counted[.legacy, .primary, .read].latency.record(nanoseconds: 1_000)
      counted.recordError(.reply, on: .new, .primary, .read)
      counted.suspects[.new].made = 1
      counted.holds.record(.fence, nanoseconds: 2_000_000)
      let start = time(number < 110 ? -31 * day + Double(number) * 60 : Double(number) * 60)
      ledger.record(counted, from: start, to: start.addingTimeInterval(60))
    }
    ledger.close(clean: true)

    var configuration = scratch.configuration()
    configuration.retentionDays = 30
    let store = try LedgerStore(configuration, version: "1", summary: "") { "\($0)" }
    var chunks = 0
    while try store.expire(now: time(0), configuration) { chunks += 1 }
    store.close()
    #expect(chunks == 3)
    #expect(try scratch.rows("SELECT count(*) FROM divergences") == ["200"])
    #expect(try scratch.rows("SELECT count(*) FROM errors") == ["0"])
    for table in ["intervals", "latencies", "holds", "suspects", "divergence_counts", "error_counts"] {
      #expect(try scratch.rows("SELECT count(*) FROM \(table)") == ["10"])
    }
    #expect(try scratch.rows("SELECT count(*) FROM figures") == ["20"])
    #expect(try scratch.rows("SELECT count(*) FROM flips") == ["1"])
    #expect(try scratch.rows("PRAGMA freelist_count") == ["0"])
  }

  @Test func theOldestSamplesGoWhenThereAreTooMany() throws {
    let scratch = try Scratch()
    let ledger = try scratch.open {
      $0.samplesPerClass = .max
      $0.samplesPerKey = .max
    }
    for number in 0..<30 {
      ledger.record(divergence(key: "\(number)", at: Date().timeIntervalSince(time(0))))
    }
    ledger.close(clean: true)
    var configuration = scratch.configuration()
    configuration.retentionSamples = 10
    let store = try LedgerStore(configuration, version: "1", summary: "") { "\($0)" }
    while try store.expire(now: Date(), configuration) {}
    store.close()
    #expect(try scratch.rows("SELECT count(*), min(id) FROM divergences") == ["10|21"])
  }
}
