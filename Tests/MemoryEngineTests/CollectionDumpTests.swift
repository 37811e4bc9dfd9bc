import NIOPosix
import SluiceLoadGenerator
import SluiceMemoryServer
import SluiceRESP
import Testing

/// `DUMP` and `RESTORE` of what is no string.
@Suite struct CollectionDumpTests {
  /// Values of each type, small and packed, and too large or too long for that.
  static let values: [(key: String, commands: [[String]], read: [String])] = [
    (
      "l", [["RPUSH", "l", "a", "", "-7", "70000", String(repeating: "x", count: 9000)]],
      ["LRANGE", "l", "0", "-1"]
    ),
    ("l", [["RPUSH", "l"] + (0..<600).map { "element \($0)" }], ["LRANGE", "l", "0", "-1"]),
    ("l", [["RPUSH", "l"] + (-40...40).map { "\($0 * $0 * $0 * $0 * $0)" }], ["LRANGE", "l", "0", "-1"]),
    ("s", [["SADD", "s", "1", "-2", "30000"]], ["SMEMBERS", "s"]),
    ("s", [["SADD", "s", "1", "-2", "9223372036854775807"]], ["SMEMBERS", "s"]),
    ("s", [["SADD", "s", "1", "-2", "100000"]], ["SMEMBERS", "s"]),
    ("s", [["SADD", "s", "a", "", "3"]], ["SCARD", "s"]),
    ("h", [["HSET", "h", "f", "v", "n", "12", "", "-3"]], ["HGETALL", "h"]),
    ("h", [["HSET", "h", "f", String(repeating: "v", count: 65)]], ["HGETALL", "h"]),
    (
      "z", [["ZADD", "z", "1", "a", "-0.1", "b", "inf", "c", "1e300", "d", "7", ""]],
      ["ZRANGE", "z", "0", "-1", "WITHSCORES"]
    ),
    (
      "z", [["ZADD", "z"] + (0..<150).flatMap { ["\($0 % 7)", "m\($0)"] }],
      ["ZRANGE", "z", "0", "-1", "WITHSCORES"]
    ),
  ]

  /// A stream travels between engines, groups and all; a Redis refuses it, and the engine a Redis' stream.
  @Test func streamsTravelBetweenEngines() async throws {
    let redis = try RealRedis()
    let server = try await MemoryServer.start(on: MultiThreadedEventLoopGroup.singleton)
    let real = try BlockingClient(socketPath: redis.socketPath)
    let ours = try BlockingClient(socketPath: server.socketPath)
    for client in [real, ours] {
      for line in [
        "XADD x 1-1 f v g w", "XADD x 2-0 f v", "XADD x 3-7 a b", "XGROUP CREATE x g 0",
        "XGROUP CREATE x h $",
        "XREADGROUP GROUP g alice COUNT 2 STREAMS x >", "XREADGROUP GROUP g bob STREAMS x >", "XACK x g 1-1",
        "XDEL x 2-0",
      ] {
        _ = try client.ask(line.split(separator: " ").map { String($0).bytes })
      }
    }
    let payload = try #require(try ours.bulk("DUMP", "x"))
    #expect(try ours.ask("RESTORE", "y", "0", payload) == "+OK\r\n")
    for line in [
      "XRANGE x - +", "XINFO STREAM x", "XINFO GROUPS x", "XPENDING x g",
      "XREADGROUP GROUP g bob STREAMS x 0",
    ] {
      let words = line.split(separator: " ").map { String($0).bytes }
      let wanted = try real.ask(words)
      #expect(try ours.ask(words) == wanted, "\(line)")
      let copied = try ours.ask(words.map { $0 == "x".bytes ? "y".bytes : $0 })
      #expect(copied == wanted.replacing("$1\r\nx\r\n", with: "$1\r\ny\r\n"), "\(line)")
    }
    #expect(try real.ask("RESTORE", "y", "0", payload) == "-ERR Bad data format\r\n")
    let theirs = try #require(try real.bulk("DUMP", "x"))
    #expect(
      try ours.ask("RESTORE", "z", "0", theirs)
        == "-ERR sluice: the embedded memory engine does not read this kind of dump; use a Redis for this stack\r\n"
    )
    await server.stop()
  }

  @Test func travelBothWaysBetweenEngineAndRedis() async throws {
    let redis = try RealRedis()
    let server = try await MemoryServer.start(on: MultiThreadedEventLoopGroup.singleton)
    let real = try BlockingClient(socketPath: redis.socketPath)
    let ours = try BlockingClient(socketPath: server.socketPath)
    for (key, commands, read) in Self.values {
      for (source, target) in [(real, ours), (ours, real), (ours, ours)] {
        _ = try source.ask("FLUSHALL")
        for command in commands { _ = try source.ask(command.map(\.bytes)) }
        let wanted = try source.ask(read.map(\.bytes))
        let encoding = try source.ask("OBJECT", "ENCODING", key)
        let payload = try #require(try source.bulk("DUMP", key))
        _ = try target.ask("FLUSHALL")
        #expect(try target.ask("RESTORE", key, "0", payload) == "+OK\r\n", "\(commands)")
        #expect(try target.ask(read.map(\.bytes)) == wanted, "\(commands)")
        #expect(try target.ask("OBJECT", "ENCODING", key) == encoding, "\(commands)")
      }
    }
    await server.stop()
  }

  /// Damage under a right checksum: the engine refuses it or takes it, and stands.
  @Test func damageIsRefusedOrTaken() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    let redis = try RealRedis()
    let real = try BlockingClient(socketPath: redis.socketPath)
    let engine = TestEngine(maxBytes: 16 << 20)
    var refused = 0
    for (key, commands, read) in Self.values {
      for command in commands {
        _ = try real.ask(command.map(\.bytes))
        _ = engine.run(command.map(\.bytes))
      }
      let own = engine.run(["DUMP".bytes, key.bytes]).dropFirst().split(separator: 10, maxSplits: 1)[1]
        .dropLast(2)
      for payload in [try #require(try real.bulk("DUMP", key)), Array(own)] {
        for _ in 0..<200 {
          var content = Array(payload.dropLast(10))
          for _ in 0..<Int.random(in: 1...3, using: &random) {
            content[Int.random(in: content.indices, using: &random)] = UInt8.random(
              in: 0...255, using: &random)
          }
          if Bool.random(using: &random) {
            content.removeLast(Int.random(in: 0..<content.count, using: &random))
          }
          let reply = engine.run(
            ["RESTORE".bytes, "damaged".bytes, "0".bytes, DumpTests.signed(content), "REPLACE".bytes])
          if reply.first == UInt8(ascii: "-") { refused += 1 }
          _ = engine.run(read.map { $0 == key ? "damaged".bytes : $0.bytes })
          _ = engine.run(["COPY".bytes, "damaged".bytes, "copy".bytes, "REPLACE".bytes])
        }
      }
      _ = try real.ask("DEL", key)
      _ = engine.run(["DEL".bytes, key.bytes])
    }
    _ = engine("XADD x 1-1 f v")
    _ = engine("XGROUP CREATE x g 0")
    _ = engine("XREADGROUP GROUP g c STREAMS x >")
    let stream = Array(engine.run(["DUMP".bytes, "x".bytes]).dropFirst(6).dropLast(12))
    for _ in 0..<2000 {
      var content = stream
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        content[Int.random(in: content.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = engine.run([
        "RESTORE".bytes, "damaged".bytes, "0".bytes, DumpTests.signed(content), "REPLACE".bytes,
      ])
      for line in [
        "XRANGE damaged - +", "XINFO GROUPS damaged", "XPENDING damaged g", "XPENDING damaged g - + 9",
        "XADD damaged * f v", "COPY damaged copy REPLACE", "XCLAIM damaged g d 1 1-1 FORCE",
      ] { _ = engine(line) }
    }
    #expect(refused > 0, "seed \(seed)")
    _ = engine.run(["FLUSHALL".bytes])
    #expect(engine.usedBytes == 0)
  }
}
