import Foundation
import Logging
import SluiceCache
import SluiceLoadGenerator
import SluiceRoutedCache
import SluiceTestSupport
import Testing

/// What is in force outlives the process, as the proxy's does.
@Suite struct RememberedTests {
  /// The next process, after one that was killed now: its flag file says this, legacy holds the old value and new the newest.
  private func next(after bed: Bed, flags: String) throws -> (cache: RoutedCache, folder: ScratchFolder) {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(
      atPath: bed.ledger + ".suspects", toPath: "\(folder.path)/sluice.db.suspects")
    _ = try folder.write("sluice.flagd.json", flags)
    let (legacy, new) = (SpyCache(), SpyCache())
    legacy.plant("k", "old")
    new.plant("k", "newest")
    let cache = try RoutedCache(
      legacy: legacy, new: new, flags: "\(folder.path)/sluice.flagd.json",
      ledger: "\(folder.path)/sluice.db", options: Bed.options, environment: [:],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return (cache, folder)
  }

  private func complete() async throws -> Bed {
    let bed = try Bed("dualwrite", compare: 0)
    await bed.cache.set("k", to: "old")
    #expect(await bed.cache.settled(within: .seconds(30)))
    try bed.cache.move(to: .rampdown, who: "test")
    try bed.cache.move(to: .complete, who: "test")
    await bed.cache.set("k", to: "newest")
    return bed
  }

  @Test("with a damaged flag file the last good flags stay") func damagedFlags() async throws {
    let bed = try await complete()
    let good = FlagText.make(stage: "complete", compare: 0)
    let (cache, folder) = try next(after: bed, flags: String(good.dropLast(5)))
    #expect(cache.status.flags.error != nil)
    #expect(cache.status.effective_stage == "complete" && cache.status.memory_error == nil)
    #expect(await cache.value(for: "k") == "newest")
    try good.write(toFile: "\(folder.path)/sluice.flagd.json", atomically: true, encoding: .utf8)
    try await until("mended") { cache.status.flags.error == nil }
    #expect(await cache.value(for: "k") == "newest")
  }

  @Test(
    "a file that says something else is a flip, with its doubts", arguments: ["off", "dualwrite", "live"])
  func editedWhileItWasDown(stage: String) async throws {
    let bed = try await complete()
    let (cache, folder) = try next(after: bed, flags: FlagText.make(stage: stage, compare: 0))
    #expect(await cache.value(for: "k") != "old")
    withExtendedLifetime(folder) {}
  }

  @Test("a rollback from complete, and a kill behind it") func rollback() async throws {
    let bed = try await complete()
    bed.cache.rollBack(reason: "drill", who: "test")
    let (cache, folder) = try next(after: bed, flags: FlagText.make(stage: "complete", compare: 0))
    #expect(cache.status.rolled_back && cache.status.rollback?.reason == "drill")
    #expect(await cache.value(for: "k") != "old")
    withExtendedLifetime(folder) {}
  }

  @Test("a latch file that could not be written is tried again") func latchIsTriedAgain() async throws {
    let bed = try Bed("live", percent: 100)
    let folder = URL(fileURLWithPath: bed.flags).deletingLastPathComponent()
    let aside = folder.appendingPathExtension("aside")
    try FileManager.default.moveItem(at: folder, to: aside)
    bed.cache.rollBack(reason: "the disk is gone", who: "test")
    try await until("it is said") { bed.cache.status.latch_error != nil }
    try FileManager.default.moveItem(at: aside, to: folder)
    try await until("it is there") { bed.cache.status.latch_error == nil }
    #expect(FileManager.default.fileExists(atPath: folder.path + "/ROLLBACK"))
  }
}
