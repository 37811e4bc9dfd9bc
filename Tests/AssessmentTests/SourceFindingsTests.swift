import Testing

@testable import SluiceAssessment

@Suite struct SourceFindingsTests {
  private func findings(_ text: String, _ path: String, _ language: SourceFindings.Language) -> SourceFindings
  {
    var findings = SourceFindings()
    findings.add(text, path, language)
    return findings
  }

  @Test("The guide's patterns in Python")
  func python() {
    let found = findings(
      """
      import os, redis
      # cache = AIResponseCache(
      cache = AIResponseCache(redis_url="redis://localhost:6379")
      other = redis.Redis(host="h")
      client = aioredis.from_url("redis://x")
      auto = get_cache_instance()
      URL = os.getenv("REDIS_URL", "redis://localhost:6379")
      class UserCache(GenericRedisCache):
          pass
      class TestCache:
          pass
      not_Redis(1)
      """, "app/cache.py", .python)
    #expect(found.counts == [.instantiation: 3, .detection: 2, .wrappers: 1])
    #expect(found.places[.instantiation]?.map(\.line) == [3, 4, 5])
    let row = found.rows.first { $0.subject == "custom cache wrappers" }
    #expect(row?.advice.hasPrefix("complexity high, 4-8 h") == true && row?.verdict == .look)
  }

  @Test("The same in Swift")
  func swift() {
    let found = findings(
      """
      let cache = InMemoryCache(maxSize: 5)
      // let no = InMemoryCache(
      let pool = RedisConnectionPool(configuration: c)
      let url = ProcessInfo.processInfo.environment["REDIS_URL"]
      public final class SessionCache: Cache {
      struct Cachet {}
      """, "Sources/App/App.swift", .swift)
    #expect(found.counts == [.instantiation: 2, .detection: 1, .wrappers: 1])
  }

  @Test("What stands in tests is a test's setup, and fixtures of caches too")
  func tests() {
    let found = findings(
      """
      @pytest.fixture
      async def redis_test_cache():
          cache = AIResponseCache(redis_url="redis://localhost:6379/15")

      @pytest.fixture
      def user():
          return User()
      """, "tests/conftest.py", .python)
    #expect(found.counts == [.tests: 2])
    #expect(
      findings("let c = InMemoryCache()", "Tests/AppTests/CacheTests.swift", .swift).counts == [.tests: 1])
  }

  @Test("No file says no, and odd bytes are only text")
  func odd() {
    #expect(SourceFindings().rows.map(\.verdict) == [.look])
    let found = findings(
      "class \u{1b}[2JCache(\nclass\nclass (\nstruct \nRedis(" + String(repeating: "Redis", count: 9000),
      "x.py", .python)
    #expect(found.counts[.instantiation] == 1)
  }
}
