import Foundation
import Logging
import SluiceCache
import SluiceLoadGenerator
import SluiceRouting
import SluiceTestSupport
import Testing

@testable import SluiceRoutedCache

/// What is in doubt when the process ends is not served by the next one (law 7).
@Suite struct JournalTests {
  /// What a process that is killed now leaves behind, before two stacks of which new is wrong about the key.
  private func next(after bed: Bed, _ stage: String) throws -> (
    cache: RoutedCache, new: SpyCache, folder: ScratchFolder
  ) {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(
      atPath: bed.ledger + ".suspects", toPath: "\(folder.path)/sluice.db.suspects")
    _ = try folder.write("sluice.flagd.json", FlagText.make(stage: stage, percent: 0, compare: 0))
    let (legacy, new) = (SpyCache(), SpyCache())
    legacy.plant("k", "right")
    new.plant("k", "wrong")
    let cache = try RoutedCache(
      legacy: legacy, new: new, flags: "\(folder.path)/sluice.flagd.json",
      ledger: "\(folder.path)/sluice.db", options: Bed.options, environment: [:],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return (cache, new, folder)
  }

  /// The cache repairs by itself once a second; two repairs at once of one key leave it for the next.
  private func repaired(_ bed: Bed) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while bed.cache.status.stacks["new"]?.suspects != 0 {
      guard ContinuousClock.now < deadline else { throw TestFailure("the suspect is not repaired") }
      await bed.cache.core.repairSome()
      _ = await bed.cache.settled(within: .seconds(30))
    }
  }

  @Test("a write that the mirror had not heard when the process was killed")
  func writeInFlight() async throws {
    let bed = try Bed("dualwrite", compare: 0)
    bed.new.hold()
    #expect(await bed.cache.set("k", to: "right"))
    let (cache, new, folder) = try next(after: bed, "rampdown")
    #expect(cache.status.stacks["new"]?.suspects == 1)
    #expect(await cache.value(for: "k") == "right")
    #expect(new.values["k"] == "right" && cache.status.stacks["new"]?.suspects == 0)
    withExtendedLifetime(folder) {}
    bed.new.release()
  }

  @Test("a suspect that waits for its repair, and one that was repaired")
  func suspects() async throws {
    let bed = try Bed("dualwrite", compare: 0)
    bed.new.setDown(true)
    #expect(await bed.cache.set("k", to: "right"))
    #expect(await bed.cache.settled())
    #expect(bed.cache.status.stacks["new"]?.suspects == 1)
    let (cache, _, folder) = try next(after: bed, "rampdown")
    #expect(await cache.value(for: "k") == "right")
    withExtendedLifetime(folder) {}

    bed.new.setDown(false)
    try await repaired(bed)
    let (believing, _, other) = try next(after: bed, "rampdown")
    #expect(believing.status.stacks["new"]?.suspects == 0)
    #expect(await believing.value(for: "k") == "wrong", "it is not doubted, so what is there is served")
    withExtendedLifetime(other) {}
  }

  @Test("what the process before has left is taken over once, and what is through is no matter any more")
  func takenOverOnce() async throws {
    let bed = try Bed("dualwrite", compare: 0)
    bed.new.setDown(true)
    #expect(await bed.cache.set("k", to: "right"))
    #expect(await bed.cache.settled())
    await bed.cache.close()
    try bed.reopen()
    #expect(bed.cache.status.journal_error == nil)
    #expect(bed.cache.status.stacks["new"]?.suspects == 1)
    // Only now: it would be repaired as soon as the stack is back.
    bed.new.setDown(false)
    try await repaired(bed)
    await bed.cache.close()
    try bed.reopen()
    #expect(bed.cache.status.stacks["new"]?.suspects == 0)
  }

  @Test("keys that look alike and differ in their bytes are two suspects, here and in the files")
  func lookAlikes() throws {
    let folder = try ScratchFolder()
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    let journal = try RoutedJournal(directory: "\(folder.path)/s")
    let suspects = RoutedSuspects(journal, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    #expect(suspects.insert(composed, on: .new) == .new)
    #expect(suspects.insert(decomposed, on: .new) == .new)
    #expect(suspects.count(on: .new) == 2)
    #expect(suspects.remove(composed, on: .new))
    #expect(suspects.contains(decomposed, on: .new) && !suspects.contains(composed, on: .new))
    journal.close()
    let recovered = try RoutedJournal(directory: "\(folder.path)/s").recovered
    #expect(recovered.keys[.new].map(Array.init) == [Array(decomposed.utf8)])
  }

  @Test("two processes do not share the files, and the second says so")
  func shared() async throws {
    let bed = try Bed("dualwrite", compare: 0)
    let first = bed.cache
    try bed.reopen()
    #expect(bed.cache.status.journal_error?.contains("in use") == true)
    #expect(await bed.cache.set("k", to: "v"), "it routes all the same")
    withExtendedLifetime(first) {}
  }

  @Test("writes end in any order; a key is forgotten when it, and all that began before it, are through")
  func anyOrder() throws {
    let folder = try ScratchFolder()
    func recovered() throws -> (new: Set<String>, everything: Bool) {
      let copy = "\(folder.path)/\(UUID().uuidString)"
      try FileManager.default.copyItem(atPath: "\(folder.path)/s", toPath: copy)
      let found = try RoutedJournal(directory: copy).recovered
      return (
        Set((found.keys[.new] ?? []).map { String(decoding: $0, as: UTF8.self) }),
        found.everything.union(found.unsure).contains(.new)
      )
    }
    let journal = try RoutedJournal(directory: "\(folder.path)/s")
    let places = ["a", "b", "c"].map { journal.began($0, primary: .legacy) }
    journal.ended(places[1])
    #expect(try recovered() == (["a", "b", "c"], false))
    journal.ended(places[0])
    #expect(try recovered() == (["c"], false))
    // An invalidation: nobody can say which keys.
    let all = journal.began(nil, primary: .legacy)
    #expect(try recovered().everything)
    journal.ended(all)
    journal.ended(places[2])
    #expect(try recovered() == ([], false))
    journal.close()
    #expect(journal.began("d", primary: .legacy) == nil)
  }
}
