import SluiceServers
import Testing

/// What servers say of themselves, as they say it.
@Suite struct ServerFactsTests {
  private static func facts(_ lines: String...) -> ServerFacts {
    var facts = ServerFacts()
    facts.told(server: "# Server\r\n" + lines.map { $0 + "\r\n" }.joined())
    return facts
  }

  @Test func whoItIs() {
    let redis = Self.facts("redis_version:6.2.5", "redis_mode:standalone", "run_id:abc")
    #expect(redis.kind == .redis && redis.version == ServerVersion(6, 2, 5) && redis.stamp == 9)
    #expect(redis.name == "Redis 6.2.5" && redis.isCluster == false && redis.run == Array("abc".utf8))
    // It claims to be a Redis 7.2.4 as well.
    let valkey = Self.facts(
      "redis_version:7.2.4", "server_name:valkey", "valkey_version:9.1.2", "server_mode:cluster")
    #expect(valkey.kind == .valkey && valkey.version == ServerVersion(9, 1, 2) && valkey.stamp == 80)
    #expect(valkey.name == "Valkey 9.1.2" && valkey.isCluster == true && valkey.run == nil)
    let dragonfly = Self.facts("redis_version:7.4.0", "dragonfly_version:df-v1.30.0")
    #expect(dragonfly.kind == .other("dragonfly") && dragonfly.stamp == nil)
    #expect(dragonfly.version == ServerVersion(1, 30))
    #expect(Self.facts("redis_version:7.2.8").stamp == 11 && Self.facts("redis_version:7.4.1").stamp == 12)
  }

  @Test func aServerThatTellsNothingIsNamedAsOne() {
    let silent = ServerFacts()
    #expect(silent.name == "a server that does not say what it is")
    #expect(silent.unknown.count == 5 && silent.unknown[0] == "its version (INFO server)")
    #expect(Self.facts("run_id:", "uptime_in_seconds:7").run == nil)
  }

  @Test func aDumpSaysMoreThanTheVersion() {
    var facts = Self.facts("redis_version:7.0.15")
    facts.told(dump: [0x50, 0, 0x92, 0xb1, 0x95, 0xd1, 0x91, 0x2d, 0xc5, 0x2e].span)
    #expect(facts.stamp == 80)
    facts.told(dump: [1, 2, 3].span)
    #expect(facts.stamp == 80)
  }

  @Test func memoryAndModules() {
    var facts = ServerFacts()
    facts.told(memory: "# Memory\r\nmaxmemory:1024\r\nmaxmemory_policy:allkeys-lru\r\n")
    facts.told(modules: "# Modules\r\nmodule:name=vectorset,ver=1,api=1\r\nmodule:name=lua,ver=1\r\n")
    #expect(facts.maximumMemory == 1024 && facts.evictionPolicy == "allkeys-lru")
    #expect(facts.modules == ["vectorset", "lua"])
  }

  @Test(arguments: ["", "x", ".1", "-1.2", "99999999999999999999.1"])
  func whatIsNoVersion(text: String) { #expect(ServerVersion(text) == nil) }

  @Test func versions() {
    #expect(ServerVersion("8.4-rc1") == ServerVersion(8, 4) && ServerVersion("7") == ServerVersion(7, 0))
    #expect(ServerVersion(7, 0, 15) < ServerVersion(7, 2) && ServerVersion("9.1.2")?.description == "9.1.2")
  }
}
