import Foundation
import GRDB
import SluiceFigures
import SluiceRouting
import Testing

@testable import SluiceLedger

/// What runs before this one have counted of late, as windows.
@Suite struct PastTests {
  private func counted() -> LaneFigures {
    var counted = LaneFigures()
    counted[.legacy, .primary, .read].operations = 100
    counted[.legacy, .primary, .read].hits = 80
    counted[.legacy, .primary, .read].misses = 20
    counted[.legacy, .primary, .read].latency.record(nanoseconds: 1_000_000, count: 99)
    counted[.legacy, .primary, .read].latency.record(nanoseconds: 70_000_000)
    counted[.new, .mirror, .write].operations = 7
    for _ in 0..<3 { counted.recordError(.timeout, on: .new, .mirror, .write) }
    counted.holds.record(.fence, nanoseconds: 5_000_000, count: 2)
    counted.waits.replaced(.read, nanoseconds: 70_000_000)
    counted.waits.waited(.read, nanoseconds: 900_000_000)
    counted.compare.matched = 50
    counted.recordDivergence(.missingInNew, command: 1)
    counted.recordDivergence(.value, command: 1)
    return counted
  }

  private func windows(_ past: Ledger.Past, _ now: Date) -> [(ago: UInt64, figures: LaneFigures)] {
    var windows: [(UInt64, LaneFigures)] = []
    past.forEachWindow(before: now) { windows.append(($0, $1)) }
    return windows
  }

  @Test("Minutes of the last hour and tens of seconds of the last ten minutes are what was counted in them")
  func recalled() throws {
    let scratch = try Scratch()
    let first = try scratch.open()
    #expect(windows(first.before.minutes, Date()).isEmpty)
    // Far enough into a minute that three intervals are of the same one, and of two tens of seconds.
    let minute = (Date().timeIntervalSince1970 / 60).rounded(.down) * 60 - 120
    func at(_ second: Double) -> Date { Date(timeIntervalSince1970: minute + second) }
    for second in [-5000, -900, 0, 5, 10, 4000] as [Double] {
      first.record(counted(), from: at(second), to: at(second + 1))
    }
    first.close(clean: true)
    let second = try scratch.open()
    let now = at(200)
    let minutes = windows(second.before.minutes, now)
    #expect(minutes.map(\.ago) == [1100, 200], "neither what is old nor what is yet to come")
    let last = try #require(minutes.last).figures
    #expect(last[.legacy, .primary, .read].operations == 300 && last[.legacy, .primary, .read].hits == 240)
    #expect(last[.legacy, .primary, .read].latency.count == 300)
    #expect((1000...1100).contains(last[.legacy, .primary, .read].latency.value(atPercentile: 90)))
    #expect((70_000...75_000).contains(last[.legacy, .primary, .read].latency.value(atPercentile: 100)))
    #expect(last[.new, .mirror, .write].operations == 21 && last[.new, .mirror, .write].failures == 9)
    #expect(last.holds[.fence].count == 6)
    let waits = last.clientWaits()
    #expect(waits.count == 300 && (900_000...960_000).contains(waits.microseconds(atPercent: 100)))
    var shown = WindowFigures()
    shown.add(last)
    #expect(shown.compared == 156 && shown.missing == 3 && shown.diverged == 3)
    let tens = windows(second.before.tenSeconds, now)
    #expect(tens.map(\.ago) == [200, 190])
    #expect(tens.map { $0.figures[.legacy, .primary, .read].operations } == [200, 100])
    #expect(tens.allSatisfy { $0.figures.compare.isEmpty }, "the account knows what was compared")
    second.close(clean: true)
  }

  @Test("Numbers that are too large to be true are none, and no ledger is refused for them")
  func foreign() throws {
    let scratch = try Scratch()
    let first = try scratch.open()
    for _ in 0..<2 { first.record(counted(), from: Date(), to: Date()) }
    first.close(clean: true)
    try DatabaseQueue(path: scratch.path).write {
      try $0.execute(sql: "UPDATE figures SET operations = 9223372036854775807")
    }
    let second = try scratch.open()
    #expect(windows(second.before.minutes, Date()).isEmpty && second.before.hasRun)
    second.close(clean: true)
  }
}
