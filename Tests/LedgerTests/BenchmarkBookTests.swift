import Foundation
import SluiceLedger
import Testing

@Suite struct BenchmarkBookTests {
  private func entry(_ name: String, _ phase: BenchmarkBook.Phase, total: Double) -> BenchmarkBook.Entry {
    BenchmarkBook.Entry(
      at: Date(timeIntervalSince1970: 1_800_000_000), name: name, phase: phase, subject: "plain redis://h:1",
      valueBytes: 64, pairs: 100, succeeded: 99, total: total, average: total / 100, minimum: 0.001,
      maximum: 0.5, median: 0.002, p95: 0.003, p99: 0.004, deviation: 0.0001, memoryGrowth: nil)
  }

  @Test func theNewestOfANameAndAPhaseComesBackAsItWas() throws {
    let scratch = try Scratch()
    let book = BenchmarkBook(path: scratch.path)
    for total in [1.0, 2.0] { try book.add(entry("a", .before, total: total)) }
    try book.add(entry("a", .after, total: 3))
    #expect(try book.latest("a", .before) == entry("a", .before, total: 2))
    #expect(try book.latest("a", .after)?.total == 3)
    #expect(try book.latest("b", .before) == nil)
    #expect(
      try scratch.rows("SELECT name, phase, operations_per_s FROM benchmark_list") == [
        "a|before|200.0", "a|before|100.0", "a|after|67.0",
      ])
  }

  @Test func aLedgerThatIsNotThereIsAnError() {
    #expect(throws: LedgerError.self) { try BenchmarkBook(path: "/nowhere/x.db").latest("a", .before) }
    #expect(throws: LedgerError.self) {
      try BenchmarkBook(path: "/nowhere/x.db").add(entry("a", .before, total: 1))
    }
  }
}
