import Logging
import SluiceCache
import SluiceLoadGenerator
import SluiceLocks
import SluiceRoutedCache
import SluiceTestSupport
import Testing

/// Two Redis caches with a routed one before them.
private struct TwoRedis {
  let servers: (legacy: RedisServer, new: RedisServer)
  let legacy: RedisCache
  let new: RedisCache
  let folder: ScratchFolder
  let cache: RoutedCache

  init(
    _ stage: String, percent: Int = 0, compare: Int = 0,
    change: (inout RoutedCache.Options) -> Void = { _ in }
  ) throws {
    servers = (try RedisServer(), try RedisServer())
    func cache(_ server: RedisServer) throws -> RedisCache {
      var settings = RedisCache.Settings(url: server.url)
      settings.l1Entries = nil
      (settings.connectTimeout, settings.commandTimeout) = (.seconds(10), .seconds(10))
      return try RedisCache(settings)
    }
    legacy = try cache(servers.legacy)
    new = try cache(servers.new)
    folder = try ScratchFolder()
    let flags = try folder.write(
      "sluice.flagd.json", FlagText.make(stage: stage, percent: percent, compare: compare))
    var options = Bed.options
    change(&options)
    self.cache = try RoutedCache(
      legacy: legacy, new: new, flags: flags, ledger: "\(folder.path)/sluice.db", options: options,
      environment: [:], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }
}

private final class Stop: Sendable {
  private let state = Mutex(false)
  var isAsked: Bool { state.withLock { $0 } }
  func ask() { state.withLock { $0 = true } }
}

@Suite struct WalkTests {
  @Test(
    "a warm-up brings new what it has never heard of, with what is left of its life, and overwrites nothing")
  func warm() async throws {
    let bed = try TwoRedis("dualwrite")
    for number in 0..<1000 { await bed.legacy.set("k\(number)", to: .int(number), ttl: .seconds(500)) }
    await bed.legacy.set("other", to: 1, ttl: .seconds(500))
    await bed.cache.set("k1", to: "newer")
    #expect(await bed.cache.settled(within: .seconds(30)))
    let first = try await bed.cache.warm(matching: "k*", perSecond: 100_000)
    #expect(first.seen >= 1000)
    #expect(first.copied == 999)
    #expect(first.failed == 0)
    #expect(await bed.new.value(for: "k1") == "newer")
    #expect(await bed.new.value(for: "k999") == 999)
    #expect(await bed.new.value(for: "other") == nil)
    let left = await bed.new.remainingTTL(of: "k999")
    #expect(left.map { $0 > .seconds(400) && $0 <= .seconds(500) } == true)
    #expect(try await bed.cache.warm(matching: "k*", perSecond: 100_000).copied == 0)
    // What was cold before is answered from the first moment on.
    try bed.cache.move(to: .live, percentage: .init(percent: 100), who: "test", force: "tested")
    var hits = 0
    for number in 0..<1000 where await bed.cache.value(for: "k\(number)") != nil { hits += 1 }
    #expect(hits == 1000)
  }

  @Test("clients write and delete during a warm-up: afterwards both have the same")
  func warmUnderLoad() async throws {
    let bed = try TwoRedis("live", percent: 50)
    for number in 0..<1500 { await bed.legacy.set("k\(number)", to: .int(number), ttl: .seconds(500)) }
    let (cache, stop) = (bed.cache, Stop())
    let writers = (0..<4).map { worker in
      Task {
        var number = worker
        while !stop.isAsked {
          let key = "k\(number % 1500)"
          if number % 3 == 0 {
            await cache.delete(key)
          } else {
            await cache.set(key, to: .string("\(worker):\(number)"), ttl: .seconds(500))
          }
          number += 7
        }
      }
    }
    let warmed = try await cache.warm(perSecond: 100_000)
    stop.ask()
    for writer in writers { await writer.value }
    #expect(warmed.failed == 0)
    #expect(await bed.cache.settled(within: .seconds(30)))
    let alike = try await bed.cache.verify(perSecond: 100_000)
    #expect(alike.isAlike, "\(alike)")
    #expect(alike.compared > 500)
  }

  @Test(
    "a comparison of all keys tells what is missing, what is too much and what differs, and makes it alike by who answers"
  )
  func verify() async throws {
    let bed = try TwoRedis("shadow")
    for number in 0..<50 { await bed.cache.set("k\(number)", to: .int(number), ttl: .seconds(500)) }
    #expect(await bed.cache.settled(within: .seconds(30)))
    #expect(try await bed.cache.verify().isAlike)
    await bed.new.delete("k1")
    await bed.new.set("k2", to: "wrong", ttl: .seconds(500))
    await bed.new.set("extra", to: 1, ttl: .seconds(500))
    let found = try await bed.cache.verify()
    #expect((found.missing, found.differing, found.extra, found.repaired) == (1, 1, 1, 0))
    #expect(Set(found.examples) == ["k1", "k2", "extra"])
    #expect(!found.isAlike)
    let repaired = try await bed.cache.verify(repairs: true)
    #expect(repaired.repaired == 3)
    #expect(try await bed.cache.verify().isAlike)
    #expect(await bed.new.value(for: "k2") == 2)
    #expect(await bed.new.value(for: "extra") == nil)
    let empty = try TwoRedis("shadow")
    // Zero of zero is not a pass.
    #expect(try await !empty.cache.verify().isAlike)
  }

  @Test("where writes go to one stack alone nothing is warmed, and a cache that lists no keys says so")
  func refusals() async throws {
    let off = try TwoRedis("off")
    let error = await #expect(throws: CacheError.self) { try await off.cache.warm() }
    #expect(error?.kind == .validation)
    #expect(error?.message.contains("dualwrite") == true)
    let bed = try Bed("dualwrite")
    let other = await #expect(throws: CacheError.self) { try await bed.cache.warm() }
    #expect(other?.message.contains("WalkableCache") == true)
  }

  @Test("a miss on new warms it, if that is asked for, and what was deleted stays deleted")
  func warmOnMiss() async throws {
    for isOn in [false, true] {
      let bed = try TwoRedis("live", percent: 100) { $0.warmOnMiss = isOn }
      for number in 0..<20 { await bed.legacy.set("k\(number)", to: .int(number), ttl: .seconds(500)) }
      for round in 0..<2 {
        var hits = 0
        for number in 0..<20 where await bed.cache.value(for: "k\(number)") == .int(number) { hits += 1 }
        #expect(hits == (isOn ? 20 : 0), "round \(round)")
      }
      #expect(await bed.new.value(for: "k3") == (isOn ? 3 : nil))
      await bed.cache.delete("k3")
      #expect(await bed.cache.value(for: "k3") == nil)
      #expect(await bed.cache.settled(within: .seconds(30)))
      #expect(await bed.cache.value(for: "k3") == nil)
    }
  }
}

/// Hooks, monitors and AI responses over a routed cache are told what they are told over a cache alone.
@Suite struct TellingOfFailuresTests {
  private actor Told: CacheHook {
    var events: [String] = []
    func onMiss(_ key: String, reason: CacheMiss) async throws {
      if case .failed = reason { events.append("miss failed") } else { events.append("miss") }
    }
    func onError(_ operation: CacheOperation, key: String, error: CacheError) async throws {
      events.append("error \(operation)")
    }
  }

  @Test("a dead legacy is a failure and no miss")
  func deadLegacy() async throws {
    let dead = try RedisCache(.init(url: "redis://127.0.0.1:1"))
    let routed = try RoutedCache(legacy: dead, new: MemoryCache(), environment: [:])
    let told = Told()
    let cache = HookedCache(routed, hooks: [told])
    #expect(await cache.value(for: "k") == nil)
    #expect(await !cache.set("k", to: 1))
    #expect(await !cache.delete("k"))
    #expect(await cache.invalidate(pattern: "*") == 0)
    #expect(
      await told.events == ["miss failed", "error get", "error set", "error delete", "error invalidate"])
    #expect((routed.status.stacks["legacy"]?.errors ?? 0) >= 3)
    let monitor = CachePerformanceMonitor()
    let watched = MonitoredCache(routed, monitor: monitor)
    _ = await watched.value(for: "k")
    #expect(monitor.performanceSummary().times["get"]?.failures == 1)
    let answers = try AIResponseCache(store: routed)
    let error = await #expect(throws: CacheError.self) { try await answers.invalidate(operation: "qa") }
    #expect(error?.kind == .infrastructure)
  }

  @Test("a stack that gives no reasons still tells of a write that was not taken")
  func silentStacks() async throws {
    let bed = try Bed("off")
    bed.legacy.setDown(true)
    guard case .failure(let error) = await bed.cache.store("k", 1, ttl: nil) else {
      Issue.record("a write that nobody took")
      return
    }
    #expect(error.kind == .infrastructure)
    bed.legacy.setDown(false)
    #expect(await bed.cache.set("k", to: 1))
    #expect(await bed.cache.store("k", 1, ttl: .zero) == .success(false))
  }
}
