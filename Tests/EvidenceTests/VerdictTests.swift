import Foundation
import SluiceEvidence
import SluiceFigures
import SluiceLedger
import Testing

/// What the status says of a time is what the ledger says of it afterwards.
@Suite struct VerdictTests {
  struct Case: Sendable {
    var verdict: Verdict
    var matched: UInt64 = 0
    var superseded: UInt64 = 0
    var dropped: UInt64 = 0
    var droppedWrites: UInt64 = 0
    var mirrorErrors: UInt64 = 0
    var kinds: [DivergenceKind] = []

    var figures: LaneFigures {
      var figures = LaneFigures()
      figures.compare.matched = matched
      figures.compare.superseded = superseded
      figures.compare.dropped = dropped
      figures.compare.droppedWrites = droppedWrites
      figures.compare.mirrorErrors = mirrorErrors
      for kind in kinds { figures.recordDivergence(kind, command: 1) }
      return figures
    }
  }

  static let cases: [Case] = [
    Case(verdict: .hold), Case(verdict: .hold, dropped: 9), Case(verdict: .pass, matched: 1),
    Case(verdict: .pass, superseded: 1), Case(verdict: .pass, matched: 1, kinds: [.timeout]),
    Case(verdict: .cold, kinds: [.missingInNew]),
    Case(verdict: .cold, kinds: Array(repeating: .missingInNew, count: 2000)),
    Case(verdict: .cold, matched: 9999, kinds: [.missingInNew]),
    Case(verdict: .cold, kinds: [.missingInNew, .timeout]),
    Case(verdict: .hold, kinds: [.timeout, .timeout]),
    Case(verdict: .hold, matched: 5, droppedWrites: 1), Case(verdict: .hold, matched: 5, mirrorErrors: 1),
    Case(verdict: .hold, droppedWrites: 1, kinds: [.missingInNew]),
    Case(verdict: .differs, kinds: [.value]), Case(verdict: .differs, matched: 9999, kinds: [.ttl]),
    Case(verdict: .differs, droppedWrites: 1, kinds: [.missingInLegacy, .missingInNew, .timeout]),
  ]

  @Test func theLedgerAndTheStatusSayTheSame() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "sluice-evidence-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "sluice.db").path
    let ledger = try Ledger(LedgerConfiguration(path: path), version: "1", summary: "") { _ in "GET" }
    let start = Date(timeIntervalSince1970: 1_772_366_400)
    var evidence = Evidence()
    for (index, one) in Self.cases.enumerated() {
      let at = start + Double(10 * index)
      let position = FlipRecord.Position(.live, percent: 25)
      ledger.record(
        FlipRecord(at: at, who: "test", action: .ramp, from: position, to: position, reason: "\(index)"))
      ledger.record(one.figures, from: at, to: at + 5)
      evidence.startAgain()
      evidence.add(one.figures)
      #expect(evidence.verdict == one.verdict, "case \(index)")
    }
    ledger.close(clean: true)
    let story = try LedgerReader(path: path).table(.story, limit: 100)
    let column = try #require(story.columns.firstIndex(of: "verdict"))
    #expect(story.rows.map { $0[column] } == Self.cases.map { .text($0.verdict.rawValue) })
  }

  @Test func aFlipBeginsANewAccount() {
    var evidence = Evidence()
    evidence.add(Case(verdict: .pass, matched: 5).figures)
    evidence.startAgain()
    #expect(evidence.verdict == .hold && evidence.total.compare.matched == 5)
  }
}
