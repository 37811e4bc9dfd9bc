import Foundation
import SluiceCache
import SluiceFlags
import SluiceLoadGenerator
import SluiceRoutedCache
import SluiceTestSupport
import Testing

@Suite struct FlagTests {
  @Test("An edit of the file is in force by itself; a bad one changes nothing; the latch file rolls back")
  func follows() async throws {
    let bed = try Bed("off")
    let file = URL(fileURLWithPath: bed.flags)
    try FlagText.make(stage: "live", percent: 100).write(to: file, atomically: true, encoding: .utf8)
    try await until("loaded") { bed.cache.status.stage == "live" }
    #expect(bed.cache.explain("k").primary == .new)
    try "{".write(to: file, atomically: true, encoding: .utf8)
    try await until("refused") { bed.cache.status.flags.error != nil }
    #expect(bed.cache.explain("k").primary == .new)
    try "".write(toFile: "\(bed.folder.path)/flags/ROLLBACK", atomically: true, encoding: .utf8)
    try await until("rolled back") { bed.cache.status.rolled_back }
    #expect(bed.cache.explain("k").primary == .legacy)
  }

  @Test("A file that cannot be used means legacy, until it is right")
  func badStart() async throws {
    let bed = try Bed("complete", flags: "not JSON")
    bed.legacy.plant("k", "legacy")
    #expect(bed.cache.status.flags.error != nil)
    #expect(await bed.cache.value(for: "k") == "legacy")
    try FlagText.make(stage: "complete").write(toFile: bed.flags, atomically: true, encoding: .utf8)
    try await until("loaded") { bed.cache.status.effective_stage == "complete" }
  }

  @Test("A move writes the file, and what cannot be is refused")
  func moves() async throws {
    let bed = try Bed("off")
    let answer = try bed.cache.move(to: .live, percentage: .init(percent: 25), who: "test")
    #expect(answer.contains("stage live, 25 %"))
    #expect(answer.contains("was not fed"))
    let written = try FlagFile(path: bed.flags).load()
    #expect(written.stage == .live && written.percentage == .init(percent: 25))
    try "{}".write(toFile: bed.flags, atomically: true, encoding: .utf8)
    #expect(throws: CacheError.self) { try bed.cache.move(to: .off, who: "test") }
    #expect(bed.cache.status.stage == "live")
  }

  @Test(
    "The guide's switches: legacy always wins, new counts where no file says more",
    arguments: [
      ([:], "off", false), (["USE_NEW_CACHE_FACTORY": "true"], "rampdown", false),
      (["USE_NEW_CACHE_FACTORY": "false"], "off", false), (["USE_LEGACY_CACHE": "True"], "off", true),
      (["USE_LEGACY_CACHE": "1", "USE_NEW_CACHE_FACTORY": "true"], "off", true),
    ])
  func switches(_ environment: [String: String], _ stage: String, _ isRolledBack: Bool) async throws {
    let (legacy, new) = (SpyCache(), SpyCache())
    let cache = try RoutedCache(legacy: legacy, new: new, environment: environment)
    #expect(cache.status.stage == stage)
    #expect(cache.status.rolled_back == isRolledBack)
    await cache.set("k", to: 1)
    #expect((stage == "rampdown" ? new : legacy).sets("k") == [1])
    guard isRolledBack else { return }
    #expect(throws: CacheError.self) { try cache.rearm(who: "test") }
    try cache.move(to: .complete, who: "test")
    #expect(cache.explain("k").primary == .legacy)
  }

  @Test("Beside a flag file USE_LEGACY_CACHE rolls back, and leaves no latch file")
  func legacySwitch() async throws {
    let bed = try Bed("complete", environment: ["USE_LEGACY_CACHE": "true"])
    #expect(bed.cache.explain("k").primary == .legacy)
    #expect(!FileManager.default.fileExists(atPath: "\(bed.folder.path)/flags/ROLLBACK"))
    try bed.reopen(environment: ["USE_NEW_CACHE_FACTORY": "true"])
    #expect(bed.cache.explain("k").primary == .new)
    #expect(bed.cache.status.stage == "complete")
  }
}
