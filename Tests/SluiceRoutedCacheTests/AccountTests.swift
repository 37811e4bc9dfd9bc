import SluiceCache
import SluiceLedger
import SluiceLoadGenerator
import SluiceRoutedCache
import SluiceRouting
import SluiceTestSupport
import Testing

/// The account of a routing goes on over whatever leaves the routing what it is.
@Suite struct AccountTests {
  /// Twelve keys of forty that differ, in live: one fewer than a guardrail needs.
  private func bed() async throws -> Bed {
    let bed = try Bed("live", percent: 100)
    for index in 0..<40 {
      bed.legacy.plant("k\(index)", "v")
      bed.new.plant("k\(index)", index < 12 ? "w" : "v")
    }
    try await read(bed, 0..<40)
    #expect(bed.cache.status.compare.open == 12)
    return bed
  }

  private func read(_ bed: Bed, _ keys: Range<Int>) async throws {
    for index in keys { _ = await bed.cache.value(for: "k\(index)") }
    #expect(await bed.cache.settled(within: .seconds(30)))
  }

  @Test(
    "A restart, another team's edit, and the same order go on with it; another routing knows what differs")
  func goesOn() async throws {
    let bed = try await bed()
    let text = FlagText.make(stage: "live", percent: 100)
    let version = bed.cache.status.flags.version
    try text.replacing(
      #""flags": {"#,
      with: #""flags": { "theirs": { "state": "ENABLED", "variants": { "n": 1 }, "defaultVariant": "n" },"#
    )
    .write(toFile: bed.flags, atomically: true, encoding: .utf8)
    try await until("the edit is read") { bed.cache.status.flags.version != version }
    _ = try bed.cache.move(percentage: Percentage("100"), who: "ana")
    #expect(bed.cache.status.compare.matched == 28 && bed.cache.status.compare.diverged == 12)
    await bed.cache.close()
    try bed.reopen()
    let compare = bed.cache.status.compare
    #expect(
      compare.matched == 28 && compare.diverged == 12 && compare.open == 12 && compare.verdict == "differs")
    #expect(throws: CacheError.self) { try bed.cache.move(to: .rampdown, who: "ana") }
    // Another routing begins anew, and forgets nothing that is known.
    bed.cache.rollBack(reason: "it differs", who: "ana")
    #expect(throws: CacheError.self) { try bed.cache.rearm(resume: "I am sure", who: "ana") }
    #expect(try bed.cache.rearm(who: "ana").contains("stage shadow"))
    #expect(bed.cache.status.compare.matched == 0 && bed.cache.status.compare.open == 12)
    for index in 0..<6 { bed.new.plant("k\(index)", "v") }
    try await read(bed, 0..<6)
    #expect(bed.cache.status.compare.open == 6)
    #expect(throws: CacheError.self) { try bed.cache.closeFindings(reason: "", who: "ana") }
    #expect(try bed.cache.closeFindings(reason: "they are meant so", who: "ana").contains("6 divergences"))
    await bed.cache.close()
    try bed.reopen()
    try await read(bed, 6..<12)
    #expect(bed.cache.status.compare.open == 0, "closed they were")
    bed.new.plant("k7", "x")
    try await read(bed, 6..<12)
    #expect(bed.cache.status.compare.open == 1, "another difference")
    await bed.cache.close()
    let why = try LedgerReader(path: bed.ledger).table(.why, limit: 10)
    #expect(why.text().contains("they are meant so") && why.text().contains("refused"), "\(why.text())")
  }

  @Test("What a guardrail had counted before a restart, it goes on counting")
  func guardrail() async throws {
    let bed = try await bed()
    try await until("it is counted, and written") {
      (try? LedgerReader(path: bed.ledger).table(.guardrails, limit: 4).text().contains(" 12 ")) == true
    }
    await bed.cache.close()
    try bed.reopen()
    bed.new.plant("k20", "w")
    try await read(bed, 20..<21)
    try await until("thirteen are enough") { bed.cache.status.rolled_back }
    #expect(bed.cache.status.rollback?.reason.contains("differ about 13") == true)
  }
}
