import Foundation
import SluiceCache
import SluiceLedger
import SluiceLoadGenerator
import SluiceRoutedCache
import SluiceRouting
import SluiceTestSupport
import Testing

@Suite struct RollbackTests {
  @Test("A rollback is in force when it returns, outlives the process, and only a re-arm lifts it")
  func latch() async throws {
    let bed = try Bed("rampdown")
    bed.legacy.plant("k", "old")
    bed.new.plant("k", "new")
    #expect(await bed.cache.value(for: "k") == "new")
    #expect(bed.cache.rollBack(reason: "too slow", who: "test").hasPrefix("rolled back"))
    #expect(await bed.cache.value(for: "k") == "old")
    #expect(bed.cache.rollBack(reason: "again", who: "test").hasPrefix("already"))
    // Moves change the flags, and not what is in force.
    try bed.cache.move(to: .live, percentage: .init(percent: 100), who: "test")
    #expect(await bed.cache.value(for: "k") == "old")
    let latch = "\(bed.folder.path)/flags/ROLLBACK"
    try await until("latch") { FileManager.default.fileExists(atPath: latch) }
    try bed.reopen()
    #expect(bed.cache.status.rolled_back)
    #expect(bed.cache.status.rollback?.reason.contains("too slow") == true)
    #expect(await bed.cache.value(for: "k") == "old")
    try bed.cache.rearm(resume: "it was the load", who: "test")
    #expect(await bed.cache.value(for: "k") == "new")
    #expect(!FileManager.default.fileExists(atPath: latch))
    await bed.cache.close()
    let story = try LedgerReader(path: bed.ledger).table(.story, limit: 100)
    let actions = try #require(story.columns.firstIndex(of: "action"))
    let expected = ["start", "rollback", "stage", "start", "rearm"].map { ReportTable.Cell.text($0) }
    #expect(story.rows.map { $0[actions] } == expected)
  }

  @Test("A re-arm goes to shadow, in the file too, and is refused where that cannot be written")
  func rearm() async throws {
    let bed = try Bed("live", percent: 100)
    bed.cache.rollBack(reason: "drill", who: "test")
    try FileManager.default.moveItem(atPath: bed.flags, toPath: bed.flags + ".away")
    #expect(throws: CacheError.self) { try bed.cache.rearm(who: "test") }
    #expect(bed.cache.status.rolled_back)
    try FileManager.default.moveItem(atPath: bed.flags + ".away", toPath: bed.flags)
    #expect(try bed.cache.rearm(who: "test").contains("stage shadow"))
    #expect(bed.cache.status.effective_stage == "shadow" && !bed.cache.status.rolled_back)
    #expect(try String(contentsOfFile: bed.flags, encoding: .utf8).contains(#""defaultVariant": "shadow""#))
    try bed.reopen()
    #expect(bed.cache.status.effective_stage == "shadow")
  }

  @Test("A new stack that hangs does not hold up the rollback, nor what follows")
  func newHangs() async throws {
    let bed = try Bed("live", percent: 100)
    await bed.cache.set("k", to: 1)
    #expect(await bed.cache.settled(within: .seconds(30)))
    bed.new.hold()
    let cache = bed.cache
    let stuck = Task { await cache.value(for: "k") }
    bed.cache.rollBack(reason: "it hangs", who: "test")
    #expect(await cache.value(for: "k") == 1)
    #expect(await cache.set("k", to: 2))
    #expect(await cache.value(for: "k") == 2)
    bed.new.release()
    _ = await stuck.value
    #expect(await cache.settled(within: .seconds(30)))
    #expect(bed.new.values["k"] == 2)
  }

  @Test("After a flip a key waits for the writes that its stack has yet to hear")
  func fence() async throws {
    let bed = try Bed("live", percent: 0)
    bed.new.hold()
    await bed.cache.set("k", to: 1)
    try bed.cache.move(percentage: .init(percent: 100), who: "test")
    let cache = bed.cache
    let reads = Task { await cache.value(for: "k") }
    bed.new.release()
    #expect(await reads.value == 1)
  }

  @Test(
    "A stack that does not hear them in time makes a suspect: nothing stale is served, and what is repaired is"
  )
  func fenceDeadline() async throws {
    var options = Bed.options
    options.fenceDeadline = .milliseconds(200)
    let bed = try Bed("live", percent: 0, options: options)
    let cache = bed.cache
    await cache.set("k", to: 1)
    #expect(await cache.settled(within: .seconds(30)))
    bed.new.hold()
    await cache.set("k", to: 2)
    try cache.move(percentage: .init(percent: 100), who: "test")
    #expect(await cache.value(for: "k") == nil)
    #expect(cache.status.stacks["new"]?.suspects == 1)
    bed.new.release()
    #expect(await cache.settled(within: .seconds(30)))
    #expect(await cache.value(for: "k") == 2)
    #expect(cache.status.stacks["new"]?.suspects == 0)
  }

  @Test("What did not reach the mirror is repaired before it is served")
  func suspects() async throws {
    let bed = try Bed("live", percent: 0)
    bed.new.plant("k", "stale")
    bed.new.plant("gone", "stale")
    bed.legacy.plant("gone", "v")
    bed.new.setDown(true)
    await bed.cache.set("k", to: "fresh")
    await bed.cache.delete("gone")
    #expect(await bed.cache.settled(within: .seconds(30)))
    #expect(bed.cache.status.stacks["new"]?.suspects == 2)
    #expect(bed.cache.status.compare.verdict == "hold")
    bed.new.setDown(false)
    try bed.cache.move(percentage: .init(percent: 100), who: "test")
    #expect(await bed.cache.value(for: "k") == "fresh")
    #expect(await bed.cache.value(for: "gone") == nil)
    #expect(bed.cache.status.stacks["new"]?.suspects == 0)
  }

  @Test("A key that expires while it is copied does not live on without its end", arguments: [0, 100])
  func expiresWhileRepaired(percent: Int) async throws {
    let bed = try Bed("live", percent: 0)
    bed.new.setDown(true)
    await bed.cache.set("k", to: 1, ttl: .seconds(60))
    #expect(await bed.cache.settled(within: .seconds(30)))
    bed.legacy.expireBehindRead("k")
    bed.new.setDown(false)
    // At 0 % it is repaired in the background, at 100 % before it is served.
    try bed.cache.move(percentage: .init(percent: percent), who: "test")
    if percent == 100 { #expect(await bed.cache.value(for: "k") == 1) }
    try await until("repaired") { bed.cache.status.stacks["new"]?.suspects == 0 }
    #expect(bed.new.ttls["k"] != nil)
  }

  @Test("An invalidation that does not reach a stack leaves nothing of it to be served")
  func invalidation() async throws {
    let bed = try Bed("live", percent: 0)
    await bed.cache.set("k", to: 1)
    #expect(await bed.cache.settled(within: .seconds(30)))
    bed.new.setDown(true)
    #expect(await bed.cache.invalidate(pattern: "*") == 1)
    bed.new.setDown(false)
    try bed.cache.move(percentage: .init(percent: 100), who: "test")
    #expect(bed.new.values["k"] == 1)
    #expect(await bed.cache.value(for: "k") == nil)
  }

  @Test(
    "A stack that comes into use again is not believed: it was not told of the writes meanwhile",
    arguments: ["live", "dualwrite", "reload"])
  func comesBack(way: String) async throws {
    let bed = try Bed("live", percent: 100)
    await bed.cache.set("k", to: "old")
    await bed.cache.set("gone", to: "old")
    #expect(await bed.cache.settled(within: .seconds(30)))
    try bed.cache.move(to: .off, who: "test")
    await bed.cache.set("k", to: "right")
    await bed.cache.delete("gone")
    switch way {
    case "reload":
      try FlagText.make(stage: "live", percent: 100, compare: 0).write(
        toFile: bed.flags, atomically: true, encoding: .utf8)
      try await until("loaded") { bed.cache.status.stage == "live" }
    case "dualwrite":
      try bed.cache.move(to: .dualwrite, who: "test")
      fallthrough
    default: try bed.cache.move(to: .live, who: "test")
    }
    #expect(bed.cache.explain("k").primary == .new && bed.new.values["gone"] == "old")
    #expect(await bed.cache.value(for: "k") == "right")
    #expect(await bed.cache.value(for: "gone") == nil)
  }

  @Test("Back from complete legacy is not believed, whether the process was there or begins so")
  func backFromComplete() async throws {
    let bed = try Bed("complete")
    bed.legacy.plant("k", "old")
    bed.legacy.plant("gone", "old")
    await bed.cache.set("k", to: "right")
    #expect(bed.cache.rollBack(reason: "why", who: "test").contains("NOTE"))
    // A rollback needs no answer of new: what legacy had is forgotten.
    bed.new.hold()
    #expect(await bed.cache.value(for: "k") == nil)
    #expect(await bed.cache.value(for: "gone") == nil)
    bed.new.release()
    let begins = try Bed("complete", environment: ["USE_LEGACY_CACHE": "1"])
    begins.legacy.plant("k", "old")
    #expect(await begins.cache.value(for: "k") == nil)
  }

  @Test("Back from complete by way of rampdown keeps what new has")
  func backByRampdown() async throws {
    let bed = try Bed("complete")
    bed.legacy.plant("k", "old")
    await bed.cache.set("k", to: "right")
    try bed.cache.move(to: .rampdown, who: "test")
    try bed.cache.move(to: .dualwrite, who: "test")
    #expect(bed.cache.explain("k").primary == .legacy)
    #expect(await bed.cache.value(for: "k") == "right")
  }

  @Test("A stack that was never in use is not doubted when it comes into use")
  func comesNew() async throws {
    let bed = try Bed("off")
    await bed.cache.set("k", to: 1)
    for stage in ["dualwrite", "shadow", "live"] {
      try bed.cache.move(to: Stage(name: stage), who: "test")
      #expect(bed.cache.status.stacks["new"]?.suspects == 0)
    }
  }

  @Test("What was invalidated in complete does not come back from legacy")
  func invalidatedInComplete() async throws {
    let bed = try Bed("live", percent: 0)
    bed.new.setDown(true)
    await bed.cache.set("k", to: 1)
    #expect(await bed.cache.settled(within: .seconds(30)))
    try bed.cache.move(to: .complete, who: "test")
    bed.new.setDown(false)
    await bed.cache.invalidate(pattern: "*")
    #expect(bed.legacy.values["k"] == 1)
    #expect(await bed.cache.value(for: "k") == nil)
  }

  @Test("The guardrails roll back by themselves")
  func guardrails() async throws {
    let text = FlagText.make(stage: "live", percent: 100).replacingOccurrences(
      of: "\"shadow-sample\"",
      with: """
        "cache-guardrails": { "state": "ENABLED", "variants": { "on": { "divergenceRate": 0.5, "minimumSample": 3 } },
          "defaultVariant": "on" }, "shadow-sample"
        """)
    let bed = try Bed("live", flags: text)
    for number in 0..<60 {
      bed.new.plant("k\(number)", 1)
      bed.legacy.plant("k\(number)", 2)
      #expect(await bed.cache.value(for: "k\(number)") == 1)
    }
    try await until("rolled back") { bed.cache.status.rolled_back }
    #expect(bed.cache.status.rollback?.who == "guardrail")
    #expect(await bed.cache.value(for: "k0") == 2)
  }
}
