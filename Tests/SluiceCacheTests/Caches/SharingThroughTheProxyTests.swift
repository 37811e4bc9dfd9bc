import SluiceRedisClient
import SluiceTestSupport
import Testing

@testable import SluiceCache

/// A Python service and a Swift service that share one cache through the proxy, whichever stack has a key.
@Suite struct SharingThroughTheProxyTests {
  @Test func whatOneWritesTheOtherReads() async throws {
    var options = SluiceProcess.Options(stage: "live", percent: 50)
    options.yaml = "stacks:\n  new: {preset: web_app, compression: {threshold: 200}}\n"
    let stacks = try TwoStacks(options)
    let url = "redis://127.0.0.1:\(stacks.sluice.port)"
    var settings = RedisCache.Settings(url: url)
    settings.compressionThreshold = 1_000_000
    settings.l1Entries = nil
    let cache = try RedisCache(settings)
    try await cache.connect()
    let long = CacheValue.array((0..<100).map { ["n": .int($0), "text": "Ünïcode 😀"] })
    for number in 0..<40 {
      #expect(await cache.set("swift:\(number)", to: number.isMultiple(of: 2) ? long : ["n": .int(number)]))
    }
    let script = """
      import json, redis, sys
      r = redis.Redis.from_url(sys.argv[1], socket_timeout=20)
      long = [{"n": n, "text": "\\u00dcn\\u00efcode \\U0001f600"} for n in range(100)]
      for n in range(40):
          stored = r.get("swift:%d" % n)
          assert stored[:5] == b"rawj:", stored
          assert json.loads(stored[5:]) == (long if n % 2 == 0 else {"n": n})
          r.setex("python:%d" % n, 300, b"rawj:" + json.dumps({"from": "Zo\\u00eb", "n": n}, separators=(",", ":")).encode())
      print("fine")
      """
    let run = try Child.run("/usr/bin/python3", ["-c", script, url])
    #expect(run.output == "fine\n", "\(run.errors)")
    for number in 0..<40 {
      #expect(await cache.value(for: "python:\(number)") == ["from": "Zoë", "n": .int(number)])
    }
    // Both stacks had their share of it.
    let owners = Set(try stacks.sluice.which((0..<40).map { "swift:\($0)" }))
    #expect(owners == ["legacy", "new"])
    await cache.disconnect()
  }
}
