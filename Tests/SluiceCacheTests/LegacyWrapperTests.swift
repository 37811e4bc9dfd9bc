import Logging
import SluiceLocks
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite("The old interface over a new cache")
struct LegacyWrapperTests {
  /// What was logged.
  private final class Log: Sendable {
    let lines = Mutex<[String]>([])
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    func methods() -> [String] { lines.withLock { $0 } }
  }

  private struct Handler: LogHandler {
    let log: Log
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      log.lines.withLock { $0.append("\(event.level) \(event.metadata?["method"] ?? "none")") }
    }
  }

  @Test("every method works, and says once that it goes")
  func everything() async throws {
    let log = Log()
    let wrapper = try LegacyCacheWrapper(MemoryCache(), tier: .memory, logger: log.logger)
    for _ in 1...2 {
      await wrapper.set("k", 1)
      #expect(await wrapper.get("k") == 1)
      #expect(await wrapper.get("absent") == nil)
      #expect(await wrapper.delete("k"))
      try await wrapper.cacheResponse("t", "qa", response: ["r": 1])
      #expect(await wrapper.getCachedResponse("t", "qa")?["r"] == 1)
      #expect(try await wrapper.invalidateByOperation("q") == 0)
      #expect(try await wrapper.invalidateByOperation("qa") == 1)
      try await wrapper.cacheResponse("text", "qa", response: ["r": 1])
      await wrapper.invalidatePattern("tex")
      #expect(await wrapper.getCachedResponse("text", "qa") == nil)
      try await wrapper.cacheResponse("text", "qa", response: ["r": 1])
      await wrapper.invalidateAll()
      #expect(await wrapper.getCachedResponse("text", "qa") == nil)
      #expect(wrapper.getCacheHitRatio() == 40)
      #expect(await wrapper.getCacheStats()["redis"] == ["status": "unavailable"])
    }
    let names = [
      "set", "get", "delete", "cacheResponse", "getCachedResponse", "invalidateByOperation",
      "invalidatePattern", "invalidateAll", "getCacheHitRatio", "getCacheStats",
    ]
    #expect(log.methods() == names.map { "warning \($0)" })
  }

  @Test("a time to live of zero is the default, as it was")
  func zero() async throws {
    let cache = MemoryCache(defaultTTL: .seconds(500))
    let wrapper = try LegacyCacheWrapper(cache, logger: Log().logger)
    await wrapper.set("k", 1, ttl: 0)
    #expect(try #require(await cache.remainingTTL(of: "k")) > .seconds(100))
    await wrapper.set("k", 1, ttl: 5)
    #expect(try #require(await cache.remainingTTL(of: "k")) <= .seconds(5))
    await wrapper.set("k", 1, ttl: -5)
    #expect(await cache.exists("k") == false)
  }

  @Test("its errors are the old ones")
  func errors() async throws {
    let wrapper = try LegacyCacheWrapper(MemoryCache(), logger: Log().logger)
    await #expect(throws: LegacyCacheFailure("Invalid text parameter: must be non-empty string")) {
      try await wrapper.cacheResponse("", "qa", response: [:])
    }
    await #expect(throws: LegacyCacheFailure("Invalid operation parameter: must be non-empty string")) {
      try await wrapper.invalidateByOperation("")
    }
  }

  @Test("createAICache over a real Redis, and without one")
  func create() async throws {
    let log = Log()
    let server = try RedisServer()
    let wrapper = try await LegacyCacheWrapper.createAICache(
      redisURL: server.url, failOnConnectionError: true, logger: log.logger)
    try await wrapper.cacheResponse("t", "qa", response: ["r": 1])
    #expect(await wrapper.getCachedResponse("t", "qa")?["r"] == 1)
    #expect(await wrapper.getCacheStats()["redis"] == ["status": "connected"])
    server.kill()
    #expect(await wrapper.getCacheStats()["redis"] == ["status": "unavailable"])
    await wrapper.cache.disconnect()
    let memory = try await LegacyCacheWrapper.createAICache(
      redisURL: "redis://127.0.0.1:1", logger: log.logger)
    try await memory.cacheResponse("t", "qa", response: ["r": 1])
    #expect(await memory.getCachedResponse("t", "qa")?["r"] == 1)
    // As the guide calls it; nobody listens at the default address here.
    #expect(try await LegacyCacheWrapper.createAICache().getCacheStats()["redis"] != nil)
    // The factory's own warning, besides those of the methods.
    #expect(log.methods().contains("warning none"))
  }
}
