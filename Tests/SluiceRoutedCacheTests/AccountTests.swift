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
    #expect(try bed.cache.move(percentage: Percentage("100"), who: "ana").hasPrefix("already"))
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

  @Test("New that is late pauses the way up, and one that is as slow as legacy does not")
  func slow() async throws {
    let bed = try Bed("live", percent: 50, compare: 0)
    let (left, gone) = (
      (0..<60).filter { bed.cache.explain("k\($0)").primary == .legacy }.map { "k\($0)" },
      (0..<60).filter { bed.cache.explain("k\($0)").primary == .new }.map { "k\($0)" }
    )
    for stack in [bed.legacy, bed.new] { stack.delay(.milliseconds(20)) }
    let cache = bed.cache
    let readers = Task {
      await withTaskGroup(of: Void.self) { group in
        for (place, key) in (left.prefix(10) + gone.prefix(20)).enumerated() {
          group.addTask {
            // So that they do not end in the same slot.
            try? await Task.sleep(for: .milliseconds(20 * place))
            while !Task.isCancelled { _ = await cache.value(for: key) }
          }
        }
      }
    }
    defer { readers.cancel() }
    try await until("clients have waited for both") {
      cache.status.stacks.values.allSatisfy { $0.operations >= 500 }
    }
    #expect(cache.status.compare.paused == nil)
    bed.new.delay(.milliseconds(500))
    try await until("it pauses") { cache.status.compare.paused?.contains("slower than legacy") == true }
    readers.cancel()
    #expect(throws: CacheError.self) { try bed.cache.move(percentage: Percentage("100"), who: "ana") }
    bed.new.delay(nil)
    await readers.value
    #expect(try bed.cache.closeFindings(reason: "mended", who: "ana").contains("the pause"))
    try bed.cache.move(percentage: Percentage("100"), who: "ana")
  }

  @Test("One key that differs at every read is one fault, and what the mirror takes is nobody's wait")
  func oneKey() async throws {
    let bed = try Bed("shadow")
    bed.legacy.plant("hot", "v")
    bed.new.plant("hot", "w")
    for _ in 0..<40 { try await read(bed, "hot") }
    try bed.cache.move(to: .live, percentage: Percentage("100"), who: "ana", force: "we know")
    for _ in 0..<40 { try await read(bed, "hot") }
    try await until("it is looked at") {
      let table = try? LedgerReader(path: bed.ledger).table(.guardrails, limit: 4)
      return table?.rows.contains { $0.first == .text("diverged") && $0.contains(.integer(1)) } == true
    }
    #expect(!bed.cache.status.rolled_back && bed.cache.status.compare.diverged == 40)
    #expect(bed.cache.status.compare.forced?.hasPrefix("we know (ahead of: differs") == true)
    await bed.cache.close()
    let rates = try LedgerReader(path: bed.ledger).table(.hits, limit: 20).text()
    #expect(rates.contains("mirror") && rates.contains("primary"), "\(rates)")
  }

  private func read(_ bed: Bed, _ key: String) async throws {
    _ = await bed.cache.value(for: key)
    #expect(await bed.cache.settled(within: .seconds(30)))
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
