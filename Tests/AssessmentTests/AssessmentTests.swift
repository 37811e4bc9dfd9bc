import SluiceCommands
import SluiceServers
import Testing

@testable import SluiceAssessment

@Suite struct AssessmentTests {
  /// What servers say, in their words.
  private static let redis62 = """
    # Server\r\nredis_version:6.2.5\r\nredis_mode:standalone\r\nrun_id:aaaa\r\nuptime_in_seconds:7200\r
    # Memory\r\nused_memory:104857600\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r
    # Stats\r\nevicted_keys:12\r\npubsub_channels:0\r\npubsub_patterns:0\r
    # Replication\r\nrole:master\r\nconnected_slaves:1\r
    # Keyspace\r\ndb0:keys=1000,expires=10,avg_ttl=5\r
    # Commandstats\r\ncmdstat_get:calls=500,usec=1\r\ncmdstat_set:calls=100,usec=1\r\ncmdstat_blpop:calls=7,usec=1\r
    cmdstat_sunionstore:calls=3,usec=1\r\ncmdstat_client:calls=2,usec=1\r
    """
  private static let valkey91 = """
    # Server\r\nredis_version:7.2.4\r\nvalkey_version:9.1.2\r\nserver_mode:standalone\r\nrun_id:bbbb\r
    # Memory\r\nused_memory:1048576\r\nmaxmemory:52428800\r\nmaxmemory_policy:noeviction\r
    # Keyspace\r
    """

  private func survey(_ info: String) -> ServerSurvey {
    var survey = ServerSurvey()
    survey.told(info: info)
    return survey
  }

  private func sample(_ keys: [KeySample.Key], of size: Int? = nil) -> KeySample {
    var sample = KeySample(database: 0, size: size)
    for key in keys { sample.add(key, bounds: (8192, 1 << 20)) }
    sample.isComplete = size == nil
    return sample
  }

  private func row(_ subject: String, _ assessment: Assessment) throws -> AssessmentRow {
    try #require(assessment.rows.first { $0.subject == subject }, "\(assessment.rows.map(\.subject))")
  }

  @Test("What servers say of themselves is read")
  func facts() {
    let legacy = survey(Self.redis62)
    #expect(legacy.facts.name == "Redis 6.2.5" && legacy.facts.stamp == 9)
    #expect(legacy.calls == ["GET": 500, "SET": 100, "BLPOP": 7, "SUNIONSTORE": 3, "CLIENT": 2])
    #expect(legacy.databases == [0: .init(keys: 1000, expires: 10)] && legacy.keys == 1000)
    #expect(legacy.facts.evictionPolicy == "allkeys-lru" && legacy.evicted == 12 && legacy.replicas == 1)
    let new = survey(Self.valkey91)
    #expect(new.facts.name == "Valkey 9.1.2" && new.databases == [:])
  }

  @Test("Each command in use is fine, wants a look, or stops the migration")
  func commands() throws {
    let assessment = Assessment(legacy: survey(Self.redis62), new: survey(Self.valkey91))
    #expect(try row("BLPOP", assessment).verdict == .stops)
    #expect(try row("BLPOP", assessment).advice.contains("poll"))
    let union = try row("SUNIONSTORE", assessment)
    #expect(union.verdict == .look && union.found.contains("3 calls") && union.found.contains("CROSSSTACK"))
    #expect(try row("CLIENT", assessment).verdict == .look, "6.2 tells of no subcommands")
    let rest = try row("all others in use", assessment)
    #expect(rest.verdict == .fine && rest.found == "600 calls: GET, SET")
  }

  @Test("A command that new lacks stops the migration, one that it answers differently wants a look")
  func commandsOfTheOther() throws {
    var legacy = survey(Self.valkey91)
    legacy.calls = ["DELIFEQ": 2, "BITCOUNT": 4, "GET": 1]
    legacy.commands = [
      Self.command("DELIFEQ"), Self.command("BITCOUNT", "readonly"), Self.command("GET", "readonly"),
    ]
    .compactMap(\.self)
    var new = survey(Self.redis62)
    new.commands = [Self.command("BITCOUNT", "readonly"), Self.command("GET", "readonly")].compactMap(\.self)
    let assessment = Assessment(legacy: legacy, new: new)
    #expect(try row("DELIFEQ", assessment).verdict == .stops)
    #expect(try row("DELIFEQ", assessment).found.contains("new does not have it"))
    let bitcount = try row("BITCOUNT", assessment)
    #expect(bitcount.verdict == .look && bitcount.found.contains("differently"))
    // Nobody knows what a server has that will not tell.
    new.commands = nil
    #expect(try row("all others in use", Assessment(legacy: legacy, new: new)).found.contains("GET"))
  }

  private static func command(_ name: String, _ flag: String = "write") -> ServerCommand? {
    let text =
      "*1\r\n*6\r\n$\(name.utf8.count)\r\n\(name.lowercased())\r\n:-2\r\n*1\r\n+\(flag)\r\n:1\r\n:1\r\n:1\r\n"
    return ServerCommand.all(in: Array(text.utf8).span)?.first
  }

  @Test("How each type goes there and back, and what cannot")
  func values() throws {
    var legacy = survey(Self.redis62)
    legacy.sample = sample([
      .init(name: Array("a".utf8), type: "string", encoding: "raw", bytes: 100),
      .init(name: Array("s".utf8), type: "set", encoding: "intset", bytes: 100, left: 30_000),
      .init(name: Array("l".utf8), type: "list", encoding: "quicklist", bytes: 5 << 20, length: 20_000),
      .init(name: Array("m".utf8), type: "MBbloom--", bytes: 100),
    ])
    legacy.facts.modules = ["bf"]
    var new = survey(Self.valkey91)
    new.facts.modules = []
    let assessment = Assessment(legacy: legacy, new: new)
    #expect(try row("string", assessment).found.contains("there: dump, back: restamped dump"))
    #expect(try row("set", assessment).found.contains("back: restamped dump or by value"))
    #expect(try row("list", assessment).found.contains("back: by value; 1 in pieces"))
    #expect(try row("MBbloom--", assessment).verdict == .stops)
    #expect(try row("big key", assessment).found == "l: list, 5 MiB, 20 000 elements")
    #expect(try row("times to live", assessment).found == "up to a minute 25 %, no time to live 75 %")
    #expect(try row("fields that expire", assessment).verdict == .look)
  }

  @Test("Hashes whose fields expire stop a migration to a server that cannot have them")
  func fieldTimes() throws {
    var legacy = survey(Self.valkey91)
    var key = KeySample.Key(name: [1], type: "hash", bytes: 100)
    key.hasFieldTimes = true
    legacy.sample = sample([key], of: 200)
    let assessment = Assessment(legacy: legacy, new: survey(Self.redis62))
    let found = try row("fields that expire", assessment)
    #expect(found.verdict == .stops && found.found.hasPrefix("about 200 hashes"), "\(found)")
    #expect(try row("fields that expire", Assessment(legacy: legacy, new: legacy)).verdict == .fine)
  }

  @Test("A sample says its size, and counts are extrapolated from it")
  func extrapolation() throws {
    var legacy = survey(Self.redis62)
    legacy.sample = sample(
      (0..<100).map { .init(name: [UInt8($0)], type: $0 < 25 ? "hash" : "string", bytes: 200) }, of: 1000)
    let assessment = Assessment(legacy: legacy, new: survey(Self.valkey91))
    #expect(try row("sample", assessment).found.hasPrefix("100 keys of 1 000 in db0"))
    #expect(try row("hash", assessment).found.hasPrefix("about 250 keys, 48.8 KiB"))
    // 100 MiB are in use on legacy, 50 MiB is all that new may have, and it evicts nothing.
    let room = try row("room on new", assessment)
    #expect(room.verdict == .stops && room.found.contains("202 % of its maxmemory"), "\(room)")
    #expect(try row("eviction policy", assessment).advice.contains("allkeys-lru"))
    #expect(try row("warm-up", assessment).found.contains("1 000 keys"))
  }

  @Test("Large keys that no sample meets show in what it does not explain")
  func unseen() throws {
    var legacy = survey(Self.redis62)
    // 100 MiB are in use, and keys like these would take less than one.
    legacy.sample = sample((0..<100).map { .init(name: [UInt8($0)], type: "string", bytes: 200) }, of: 1000)
    let found = try row("big keys", Assessment(legacy: legacy, new: nil))
    #expect(found.verdict == .look && found.found.contains("195 KiB, and 100 MiB are in use"), "\(found)")
    legacy.sample = sample(
      (0..<100).map { .init(name: [UInt8($0)], type: "string", bytes: 90_000) }, of: 1000)
    #expect(try row("big keys", Assessment(legacy: legacy, new: nil)).verdict == .fine)
  }

  @Test("Databases, clients, subscribers, events and replicas")
  func use() throws {
    var legacy = survey(Self.redis62)
    legacy.databases = [0: .init(keys: 1, expires: 0), 3: .init(keys: 2, expires: 0)]
    legacy.events = "Kx"
    legacy.told(
      clients: """
        id=1 addr=10.0.0.1:5 name= flags=N resp=3 lib-name=redis-py lib-ver=5.3.0
        id=2 addr=10.0.0.1:6 name=worker flags=P resp=2 lib-name= lib-ver=
        id=3 addr=10.0.0.1:7 name=sluice-assess flags=N resp=2
        id=4 addr=10.0.0.2:7 name= flags=S resp=2
        id=5 addr=10.0.0.1:8 name= flags=Nt resp=3 lib-name=redis-py lib-ver=5.3.0
        nonsense
        """)
    let assessment = Assessment(legacy: legacy, new: survey(Self.valkey91))
    #expect(try row("databases", assessment).verdict == .stops)
    #expect(try row("redis-py 5.3.0", assessment).found == "2 connections")
    #expect(try row("worker", assessment).verdict == .fine)
    #expect(try row("RESP3", assessment).found.contains("2 clients"))
    #expect(try row("client-side caching", assessment).verdict == .stops)
    #expect(try row("subscribers", assessment).found.hasPrefix("1 subscriber; "))
    #expect(try row("keyspace events", assessment).verdict == .look)
    #expect(try row("replication", assessment).verdict == .look)
  }

  @Test("A server that hides everything is assessed all the same, and what is not known is said once")
  func hidden() throws {
    var legacy = ServerSurvey()
    legacy.refused = ["INFO server", "its clients (CLIENT LIST)"]
    let assessment = Assessment(legacy: legacy, new: nil)
    let unknown = assessment.rows.filter { $0.subject.hasPrefix("not known") }
    #expect(unknown.count == 1 && unknown[0].found.contains("CLIENT LIST"), "\(unknown)")
    #expect(AssessmentRow.Verdict.worst(assessment.rows) == .look)
    let same = Assessment(legacy: survey(Self.redis62), new: survey(Self.redis62))
    #expect(try row("versions", same).verdict == .stops, "one server under two names")
  }

  @Test("What a running proxy has refused is counted in")
  func proxy() throws {
    var proxy = Assessment.Proxy()
    proxy.refusals = [.init(command: "WATCH", reason: "transaction", count: 3, client: "shop")]
    proxy.lacks = [.init(command: "HEXPIRE", reason: "legacy_lacks_it", count: 1, client: "")]
    let assessment = Assessment(legacy: survey(Self.redis62), new: survey(Self.valkey91), proxy: proxy)
    let watch = try row("WATCH", assessment)
    #expect(watch.verdict == .stops && watch.found == "refused (transaction) 3 times, last by shop")
    #expect(try row("HEXPIRE", assessment).verdict == .look)
  }

  @Test("Nothing that a server says traps", arguments: [UInt64(1), 2, 3])
  func nonsense(seed: UInt64) {
    var random = seed
    func next(_ limit: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % limit
    }
    let numbers = [
      "-9223372036854775808", "9223372036854775807", "99999999999999999999", "-1", "", "0", "x", "\u{1b}[31m",
    ]
    let names = [
      "used_memory", "maxmemory", "maxmemory_policy", "redis_version", "valkey_version", "uptime_in_seconds",
      "evicted_keys",
      "connected_slaves", "role", "total_system_memory", "number_of_functions", "connected_clients",
      "pubsub_channels",
    ]
    for _ in 0..<300 {
      var surveys = [ServerSurvey(), ServerSurvey()]
      for side in 0...1 {
        var info = "# Keyspace\r\n"
        for name in names where next(3) > 0 { info += "\(name):\(numbers[next(numbers.count)])\r\n" }
        for number in numbers {
          info += "db\(number):keys=\(numbers[next(8)]),expires=\(numbers[next(8)])\r\n"
        }
        for name in ["get", "client|list", "|", "eval", "é", ""] {
          info += "cmdstat_\(name):calls=\(numbers[next(8)]),x\r\n"
        }
        surveys[side].told(info: info)
        surveys[side].told(clients: "id=1 name=\(numbers[next(8)]) flags=\(numbers[next(8)]) resp=3\n=\n = =")
        var sample = KeySample(database: next(3), size: next(2) == 0 ? .max : -5)
        for _ in 0..<next(4) {
          sample.add(
            .init(
              name: [0xff, 0], type: ["string", "hash", "odd", ""][next(4)],
              bytes: [nil, .max, .min, 0][next(4)],
              length: [nil, .max, .min][next(3)], left: [.min, .max, -1][next(3)]),
            bounds: (1, 1))
        }
        surveys[side].sample = sample
      }
      #expect(!Assessment(legacy: surveys[0], new: surveys[1]).rows.isEmpty)
    }
  }

  @Test("A walk goes at its rate, and gives way to a server that is busy")
  func gait() {
    var gait = SampleGait(rate: 1000)
    #expect(abs(gait.rest(after: 100, took: 0.001) - 0.099) < 1e-9, "by the rate")
    #expect(gait.rest(after: 100, took: 0.05) > 0.9, "answers take fifty times as long")
    #expect(gait.rest(after: 100, took: 1000) == 5 && gait.rest(after: 0, took: 1) == 0)
  }
}
