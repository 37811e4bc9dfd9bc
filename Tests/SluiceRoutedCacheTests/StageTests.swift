import Foundation
import SluiceCache
import SluiceFlags
import SluiceRoutedCache
import SluiceRouting
import Testing

@Suite struct StageTests {
  /// Design, section 2: who answers reads, whether reads are repeated, and on whom writes run, in which order.
  @Test(
    "Every stage reads, compares and writes as the design says",
    arguments: [
      ("off", 0, "legacy", false, ["legacy"]), ("dualwrite", 0, "legacy", false, ["legacy", "new"]),
      ("shadow", 0, "legacy", true, ["legacy", "new"]), ("live", 0, "legacy", true, ["legacy", "new"]),
      ("live", 100, "new", true, ["new", "legacy"]), ("rampdown", 0, "new", false, ["new", "legacy"]),
      ("complete", 0, "new", false, ["new"]),
    ])
  func stages(_ stage: String, _ percent: Int, _ reader: String, _ compares: Bool, _ writers: [String])
    async throws
  {
    let bed = try Bed(stage, percent: percent)
    let spies = ["legacy": bed.legacy, "new": bed.new]
    #expect(await bed.cache.set("k", to: "v"))
    #expect(await bed.cache.settled(within: .seconds(30)))
    for (name, spy) in spies {
      #expect(spy.sets("k") == (writers.contains(name) ? ["v"] : []), "\(name)")
    }
    for (name, spy) in spies { spy.plant("r", .string(name)) }
    #expect(await bed.cache.value(for: "r") == .string(reader))
    #expect(await bed.cache.settled(within: .seconds(30)))
    for (name, spy) in spies {
      let wasAsked = spy.events.contains(.get("r"))
      #expect(wasAsked == (name == reader || compares), "\(name)")
    }
    #expect(bed.cache.status.compare.diverged == (compares ? 1 : 0))
  }

  @Test("Every operation reaches both stacks and gives the primary's answer")
  func operations() async throws {
    let bed = try Bed("shadow")
    let cache = bed.cache
    #expect(await cache.set("k", to: ["a": 1], ttl: .seconds(60)))
    #expect(await cache.exists("k"))
    let left = try #require(await cache.remainingTTL(of: "k"))
    #expect((.seconds(30)...(.seconds(60))).contains(left))
    #expect(try await cache.storedValue(for: "k") == ["a": 1])
    #expect(await cache.settled(within: .seconds(30)))
    // The time counts from the primary's acknowledgement, so a mirror that hears late gets less.
    let ttl = try #require(bed.new.ttls["k"])
    #expect((.seconds(30)...(.seconds(60))).contains(ttl))
    #expect(await cache.delete("k"))
    #expect(await !cache.delete("k"))
    #expect(await !cache.set("z", to: 1, ttl: .zero))
    #expect(await cache.settled(within: .seconds(30)))
    #expect(bed.legacy.values.isEmpty && bed.new.values.isEmpty)
    await cache.set("a", to: 1)
    await cache.set("b", to: 2)
    #expect(await cache.invalidate(pattern: "*") == 2)
    #expect(bed.legacy.values.isEmpty && bed.new.values.isEmpty)
    let status = cache.status
    #expect(status.compare.verdict == "pass")
    #expect(status.compare.diverged == 0)
    #expect(status.stacks["legacy"]?.suspects == 0 && status.stacks["new"]?.suspects == 0)
    #expect(status.mirror.writes == 6)
    await cache.disconnect()
  }

  @Test("The cohort is the proxy's: the same keys go to the same stack")
  func cohort() async throws {
    let bed = try Bed("live", percent: 30, compare: 0)
    let definition = try FlagFile(path: bed.flags).load()
    var counts: [StackID: Int] = [:]
    for number in 0..<200 {
      let key = "user:\(number)"
      let stack: StackID = definition.cohort.contains(key.utf8.span) ? .new : .legacy
      #expect(bed.cache.explain(key).primary == stack)
      await bed.cache.set(key, to: 1)
      counts[stack, default: 0] += 1
      let first = stack == .new ? bed.new : bed.legacy
      #expect(first.events.contains(.set(key, 1)))
    }
    #expect((counts[.new] ?? 0) > 20 && (counts[.legacy] ?? 0) > 80)
  }

  @Test("The caller does not wait for the mirror, and a full queue makes suspects, not waiting")
  func mirrorHangs() async throws {
    var options = Bed.options
    options.mirrorQueue = 3
    let bed = try Bed("dualwrite", options: options)
    bed.new.hold()
    for number in 0..<10 { #expect(await bed.cache.set("k\(number)", to: 1)) }
    #expect(bed.legacy.values.count == 10)
    #expect(bed.cache.status.stacks["new"]?.mirror_queue == 3)
    #expect(bed.cache.status.stacks["new"]?.suspects == 7)
    #expect(bed.cache.status.mirror.dropped_writes == 7)
    #expect(bed.cache.status.compare.verdict == "hold")
    bed.new.release()
    // The suspects are repaired in the background.
    try await until("repaired") {
      bed.new.values.count == 10 && bed.cache.status.stacks["new"]?.suspects == 0
    }
  }

  @Test("A late write on the mirror lives no longer than on the primary")
  func lateMirror() async throws {
    let bed = try Bed("dualwrite")
    bed.new.hold()
    await bed.cache.set("k", to: 1, ttl: .milliseconds(1))
    try await until("over") { bed.legacy.values["k"] != nil }
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .milliseconds(2) { await Task.yield() }
    bed.new.release()
    #expect(await bed.cache.settled(within: .seconds(30)))
    #expect(bed.new.values["k"] == nil)
  }
}

/// Asks until it is so, for half a minute.
func until(_ what: String, _ condition: () -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while !condition() {
    guard ContinuousClock.now < deadline else { throw Late(what: what) }
    try await Task.sleep(for: .milliseconds(5))
  }
}

struct Late: Error { let what: String }
