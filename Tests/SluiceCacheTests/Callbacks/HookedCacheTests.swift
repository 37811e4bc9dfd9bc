import SluiceLocks
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct HookedCacheTests {
  /// Writes down what it is told.
  private final class Recorder: CacheHook {
    let name: String
    let lines: Mutex<[String]> = Mutex([])
    let breaks: Bool

    init(_ name: String = "", breaks: Bool = false) {
      self.name = name
      self.breaks = breaks
    }

    struct Broken: Error {}

    private func note(_ line: String) throws {
      lines.withLock { $0.append(name + line) }
      if breaks { throw Broken() }
    }

    func onHit(_ key: String, value: CacheValue) async throws -> CacheValue? {
      try note("hit \(key) \(value.json)")
      return nil
    }
    func onMiss(_ key: String, reason: CacheMiss) async throws {
      let reason =
        switch reason {
        case .absent: "absent"
        case .foreign: "foreign"
        case .failed: "failed"
        }
      try note("miss \(key) \(reason)")
    }
    func onStore(_ key: String, value: CacheValue, ttl: Duration?) async throws {
      try note("store \(key) \(value.json) \(ttl.map { "\($0)" } ?? "default")")
    }
    func onDelete(_ key: String) async throws { try note("delete \(key)") }
    func onError(_ operation: CacheOperation, key: String, error: CacheError) async throws {
      try note("error \(operation) \(key) \(error.kind)")
    }
    func onInvalidate(pattern: String, count: Int) async throws { try note("invalidate \(pattern) \(count)") }

    var told: [String] { lines.withLock { $0 } }
  }

  @Test func everyEventIsTold() async {
    let recorder = Recorder()
    let cache = HookedCache(MemoryCache(), hooks: [recorder])
    await cache.set("k", to: 1)
    await cache.set("k", to: 2, ttl: .seconds(5))
    #expect(await cache.value(for: "k") == 2)
    _ = await cache.value(for: "absent")
    await cache.set("k", to: 3, ttl: .zero)
    await cache.delete("k")
    await cache.set("k", to: 4)
    await cache.delete("k")
    await cache.invalidate(pattern: "*")
    #expect(
      recorder.told == [
        "store k 1 default", "store k 2 5.0 seconds", "hit k 2", "miss absent absent", "store k 4 default",
        "delete k", "invalidate * 0",
      ])
  }

  @Test func theReasonsOfRedisAreTold() async throws {
    let fixture = try RedisFixture()
    let recorder = Recorder()
    let cache = HookedCache(fixture.cache, hooks: [recorder])
    _ = try fixture.server.client().command("SET", "pickle", "raw:x")
    _ = await cache.value(for: "pickle")
    fixture.server.kill()
    _ = await cache.value(for: "k")
    await cache.set("k", to: 1)
    await cache.delete("k")
    await cache.invalidate(pattern: "k*")
    #expect(
      recorder.told == [
        "miss pickle foreign", "miss k failed", "error get k infrastructure",
        "error set k infrastructure", "error delete k infrastructure", "error invalidate k* infrastructure",
      ])
  }

  @Test func hooksRunInOrderAndChangeWhatReadersGet() async throws {
    let first = Recorder("1 ")
    let last = Recorder("2 ")
    let masked = CacheHooks(onHit: { _, _ in "***" })
    let cache = HookedCache(MemoryCache(), hooks: [first, masked, last])
    await cache.set("k", to: "secret")
    #expect(await cache.value(for: "k") == "***")
    #expect(first.told.last == "1 hit k \"secret\"")
    #expect(last.told.last == "2 hit k \"***\"")
    // What is stored stays.
    #expect(try await cache.storedValue(for: "k") == "secret")
  }

  @Test func aFailingHookIsReportedAndBreaksNothing() async {
    let failures = Mutex<[String]>([])
    let broken = Recorder("broken ", breaks: true)
    let healthy = Recorder()
    let cache = HookedCache(MemoryCache(), hooks: [broken, healthy]) { failure in
      failures.withLock { $0.append("\(failure.hook) \(failure.event) \(failure.key) \(failure.error)") }
    }
    #expect(await cache.set("k", to: 1))
    #expect(await cache.value(for: "k") == 1)
    _ = await cache.value(for: "l")
    #expect(await cache.delete("k"))
    #expect(await cache.invalidate(pattern: "*") == 0)
    #expect(
      healthy.told == [
        "store k 1 default", "hit k 1", "miss l absent", "delete k", "invalidate * 0",
      ])
    #expect(
      failures.withLock { $0 } == [
        "Recorder store k Broken()", "Recorder hit k Broken()", "Recorder miss l Broken()",
        "Recorder delete k Broken()", "Recorder invalidate * Broken()",
      ])
  }

  @Test func hooksAroundHooksAndAroundResponses() async throws {
    let inner = Recorder("inner ")
    let outer = Recorder("outer ")
    let store = HookedCache(HookedCache(MemoryCache(), hooks: [inner]), hooks: [outer])
    let cache = try AIResponseCache(store: store)
    try await cache.cacheResponse(text: "t", operation: "qa", response: ["a": 1])
    _ = await cache.cachedResponse(text: "t", operation: "qa")
    _ = await cache.cachedResponse(text: "u", operation: "qa")
    try await cache.invalidate(operation: "qa")
    #expect(inner.told.count == 4)
    #expect(
      outer.told.map { $0.dropFirst("outer ".count) } == inner.told.map { $0.dropFirst("inner ".count) })
    #expect(inner.told.last == "inner invalidate ai_cache:op:qa|txt:* 1")
  }
}
