import SluiceTestSupport
import Testing

@testable import SluiceCache

/// What a cache writes is read by the original that it is for, and what those write is read here, whatever is written.
@Suite struct ValueFormatTests {
  @Test(
    "a real Python reads each format, and each format reads what Python wrote in all of them",
    arguments: ValueFormat.all)
  func withPython(_ format: ValueFormat) async throws {
    let fixture = try RedisFixture {
      $0.valueFormat = format
      $0.compressionThreshold = 200
      $0.l1Entries = nil
    }
    let cache = fixture.cache
    let small: CacheValue = ["user": "Zoë 😀", "n": [1, 2.5, nil, true]]
    let long = CacheValue.array((0..<100).map { ["n": .int($0)] })
    await cache.set("small", to: small)
    await cache.set("long", to: long)
    let script = """
      import json, redis, sys, zlib
      r = redis.Redis.from_url(sys.argv[1], socket_timeout=20)
      form = sys.argv[2]
      def native(stored):
          # The ten lines of docs/cache-library.md.
          if stored[:5] == b"\\x00SLCz":
              stored = zlib.decompress(stored[9:])
          elif stored[:5] == b"\\x00SLC=":
              stored = stored[5:]
          return json_era(stored)
      def json_era(stored):
          assert stored[:5] == b"rawj:", stored
          return json.loads(stored[5:].decode())
      def newest(stored):
          return json_era(json.loads(stored.decode())["_serialized_data"].encode())
      read = {"native": native, "portable": json_era, "original-json": json_era, "original-newest": newest}[form]
      small = {"user": "Zo\\u00eb \\U0001f600", "n": [1, 2.5, None, True]}
      assert read(r.get("small")) == small, r.get("small")
      assert read(r.get("long")) == [{"n": n} for n in range(100)]
      raw = b"rawj:" + json.dumps(small, separators=(",", ":")).encode()
      r.set("json", raw)
      r.set("bare", json.dumps(small))
      r.set("newest", json.dumps({"_serialized_data": raw.decode()}, sort_keys=True, ensure_ascii=False))
      r.set("pickled", json.dumps({"_serialized_data": "pick:\\x80"}))
      r.set("odd", json.dumps({"_serialized_data": "something"}))
      r.set("secret", b"gAAAAABm" + b"x" * 100)
      r.set("old", b"compressed:" + zlib.compress(b"x"))
      # A value of a service that has this name by chance is not the wrapper.
      r.set("chance", b'rawj:{"_serialized_data":"mine"}')
      print("fine")
      """
    let run = try Child.run("/usr/bin/python3", ["-c", script, fixture.server.url, "\(format)"])
    #expect(run.output == "fine\n", "\(run.errors)")
    for key in ["small", "json", "bare", "newest"] { #expect(await cache.value(for: key) == small, "\(key)") }
    #expect(await cache.value(for: "long") == long)
    #expect(await cache.value(for: "chance") == ["_serialized_data": "mine"])
    let before = cache.statistics
    for key in ["pickled", "odd", "secret", "old"] {
      guard case .miss(.foreign) = await cache.lookup(key) else {
        Issue.record("a wrong hit under \(key)")
        continue
      }
    }
    #expect(cache.statistics.foreign - before.foreign == 4)
    #expect(cache.statistics.misses - before.misses == 4)
  }

  @Test("a response in the newest original's wrapper is the response, and one in a pickle is a miss")
  func responses() async throws {
    let fixture = try RedisFixture { $0.l1Entries = nil }
    let answers = try AIResponseCache(store: fixture.cache)
    let key = answers.key(text: "t", operation: "qa")
    let redis = try fixture.server.client()
    _ = try redis.command("SET", key, #"{"_serialized_data": "rawj:{\"summary\":\"short\"}"}"#)
    let found = await answers.cachedResponse(text: "t", operation: "qa")
    #expect(found?["summary"] == "short")
    #expect(found?["_serialized_data"] == nil)
    _ = try redis.command("SET", key, #"{"_serialized_data": "pick:xyz"}"#)
    #expect(await answers.cachedResponse(text: "t", operation: "qa") == nil)
  }

  @Test("the format is chosen by the factory, a configuration, a file's dictionary and the environment")
  func choosing() async throws {
    let server = try RedisServer()
    var options = RedisOptions()
    (options.valueFormat, options.keyPrefix, options.connections) = (.original(.newest), "a:", 1)
    (options.connectTimeout, options.commandTimeout) = (.seconds(5), .seconds(5))
    let made = try await CacheFactory(redis: options).forWebApp(redisURL: server.url)
    #expect(made.tier == .redis)
    await made.cache.set("k", to: 1)
    #expect(try server.client().command("GET", "a:k").text == #"{"_serialized_data": "rawj:1"}"#)
    let config = try CacheConfigBuilder().withRedis(server.url).fromEnvironment([
      "CACHE_VALUE_FORMAT": "portable", "CACHE_KEY_PREFIX": "b:", "CACHE_CONNECTIONS": "3",
      "CACHE_CONNECT_TIMEOUT_MS": "5000", "CACHE_COMMAND_TIMEOUT_MS": "4000", "CACHE_RETRY_AFTER_MS": "100",
    ]).build()
    #expect(config.redis.connections == 3)
    #expect(config.redis.commandTimeout == .seconds(4))
    let dictionary = config.toDictionary()
    #expect(dictionary["value_format"] == "portable")
    #expect(dictionary["retry_after_ms"] == 100)
    let second = try await CacheFactory(redis: options).makeCache(from: config)
    await second.cache.set("k", to: 2)
    #expect(try server.client().command("GET", "b:k").text == "rawj:2")
    guard let redis = second.cache as? RedisCache else {
      Issue.record("no Redis")
      return
    }
    #expect(redis.settings.connections == 3)
    #expect(redis.settings.connectTimeout == .seconds(5))
    let error = #expect(throws: CacheError.self) {
      try CacheConfigBuilder().fromEnvironment(["CACHE_VALUE_FORMAT": "pickle"])
    }
    #expect(error?.message.contains("original-newest") == true)
    #expect(throws: CacheError.self) { try CachePlan(["redis_url": "redis://h", "value_format": "pickle"]) }
  }
}
