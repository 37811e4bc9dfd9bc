import Foundation
import Logging
import SluiceCache
import SluiceTestSupport
import Testing

/// The samples of `docs/cache-library.md`, run against a real Redis: the URL is the only thing that differs.
@Suite("The samples of the documentation")
struct ConfigSamplesTests {
  private let logger = Logger(label: "samples")

  @Test("a cache, its configuration, its errors and the legacy world")
  func samples() async throws {
    let server = try RedisServer()
    let url = server.url
    let factory = CacheFactory()
    let made = try await factory.forWebApp(redisURL: url)
    if let reason = made.fallback { logger.warning("using memory: \(reason)") }
    let cache = made.cache
    await cache.set("session:1", to: ["user": "ada", "visits": 3])
    let session = await cache.value(for: "session:1")
    #expect(made.tier == .redis)
    #expect(session == ["user": "ada", "visits": 3])

    #expect(try await summary(of: "a text", factory, url) == ["summary": "short"])

    let config = try CacheConfigBuilder()
      .forEnvironment(.production)
      .withRedis(url)
      .withAIFeatures { $0.textHashThreshold = 500 }
      .withCompression(threshold: 1000, level: 6)
      .fromEnvironment()
      .build()
    let configured = try await factory.makeCache(from: config)
    let sameFromDictionary = try await factory.makeCache(from: config.toDictionary())
    #expect(configured.ai?.settings == sameFromDictionary.ai?.settings)

    var told: CacheError.Kind?
    do {
      _ = try await factory.forAIApp(redisURL: "redis://127.0.0.1:1", failOnConnectionError: true)
    } catch {
      told = error.kind
      switch error.kind {
      case .validation: logger.error("an argument is wrong: \(error.message)")
      case .configuration: logger.error("the configuration is wrong: \(error.message)")
      case .infrastructure:
        logger.error("Redis fails: \(error.message)", metadata: ["facts": "\(error.context)"])
      }
    }
    #expect(told == .infrastructure)

    let legacy = try LegacyCache.autoDetect(environment: ["CACHE_TYPE": "memory", "CACHE_TTL": "60"])
    let world = CacheWorld.choose()
    let old = try LegacyCacheWrapper(cache, logger: logger)
    await old.set("k", "v", ttl: 60)
    let wrapped = await old.get("k")
    #expect(legacy is LegacyMemoryCache)
    #expect(world == CacheWorld.choose(environment: ProcessInfo.processInfo.environment))
    #expect(wrapped == "v")
    for cache in [made.cache, configured.cache, sameFromDictionary.cache] { await cache.disconnect() }
  }

  @Test("values of one's own types, many keys, and looking inside")
  func values() async throws {
    let server = try RedisServer()
    let cache = try await CacheFactory().forWebApp(redisURL: server.url).cache
    @Sendable func render(_ number: Int) async throws -> String { "page \(number)" }
    await cache.set("session:1", to: ["user": "ada", "visits": 3])
    struct Visit: Codable, Sendable {
      var user: String
      var visits: Int
    }
    try await cache.set("session:2", encoding: Visit(user: "ada", visits: 3))
    let visit = try await cache.value(for: "session:2", as: Visit.self)
    let page = try await cache.getOrSet("page:1", ttl: .seconds(60)) { try await render(1) }
    await cache.set(["a": 1, "b": 2], ttl: nil)
    let many = await cache.values(for: ["a", "b"])
    if let user = await cache.value(for: "session:1")?["user"]?.string { print(user) }
    #expect(visit?.visits == 3)
    #expect(page == "page 1")
    #expect(many == ["a": 1, "b": 2])
  }

  private func summary(
    of text: String, _ factory: CacheFactory, _ url: String
  ) async throws -> [String: CacheValue] {
    let answers = try await factory.forAIApp(redisURL: url).cache
    if let known = await answers.cachedResponse(text: text, operation: "summarize") { return known }
    let response: [String: CacheValue] = ["summary": "short"]
    try await answers.cacheResponse(text: text, operation: "summarize", response: response)
    try await answers.invalidate(operation: "summarize")
    await answers.disconnect()
    return response
  }

  @Test("every line of a sample in the documentation is a line of this file")
  func sameLines() throws {
    let here = URL(fileURLWithPath: #filePath)
    let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(contentsOf: root.appendingPathComponent("docs/cache-library.md"), encoding: .utf8)
    func lines(_ text: some StringProtocol) -> [String] {
      text.split(whereSeparator: \.isNewline).map { line in
        var line = line.trimmingCharacters(in: .whitespaces)
        for url in [#""redis://localhost:6379""#, #""redis://production:6379""#, #""redis://127.0.0.1:1""#] {
          line = line.replacingOccurrences(of: url, with: "url")
        }
        return line
      }
    }
    let ours = Set(lines(try String(contentsOf: here, encoding: .utf8)))
    let samples = page.components(separatedBy: "```").filter { $0.hasPrefix("swift\n") }
    #expect(samples.count == 6)
    for line in samples.flatMap({ lines($0.dropFirst("swift\n".count)) }) {
      let isKnown = ours.contains(line)
      #expect(isKnown, "\(line)")
    }
  }
}
