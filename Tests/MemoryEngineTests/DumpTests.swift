import NIOPosix
import SluiceLoadGenerator
import SluiceMemoryServer
import Testing

@testable import SluiceRESP

/// `DUMP` and `RESTORE`: keys travel between the engine and a real Redis 7.0, both ways.
@Suite struct DumpTests {
  @Test func stringsTravelBothWays() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    let redis = try RealRedis()
    let server = try await MemoryServer.start(on: MultiThreadedEventLoopGroup.singleton)
    let real = try BlockingClient(socketPath: redis.socketPath)
    let ours = try BlockingClient(socketPath: server.socketPath)
    for value in Self.values(&random) {
      for (source, target) in [(real, ours), (ours, real)] {
        #expect(try source.ask("SET", "k", value, "PXAT", "4000000000123") == "+OK\r\n")
        let payload = try #require(try source.bulk("DUMP", "k"))
        #expect(
          try target.ask("RESTORE", "r", "4000000000123", payload, "REPLACE", "ABSTTL") == "+OK\r\n",
          "seed \(seed)")
        #expect(try target.bulk("GET", "r") == value, "seed \(seed)")
        #expect(try target.ask("PEXPIRETIME", "r") == ":4000000000123\r\n")
        #expect(try target.ask("OBJECT", "ENCODING", "r") == source.ask("OBJECT", "ENCODING", "k"))
        // A changed byte is found out, in the same words.
        var damaged = payload
        damaged[Int.random(in: damaged.indices, using: &random)] ^= 1
        #expect(
          try target.ask("RESTORE", "r", "0", damaged, "REPLACE")
            == "-ERR DUMP payload version or checksum are wrong\r\n")
        #expect(try target.bulk("GET", "r") == value)
      }
    }
    #expect(try ours.ask("DUMP", "none") == "$-1\r\n")
    await server.stop()
  }

  /// What no writer writes, under a right checksum: what the engine takes, Redis takes for the same value;
  /// what Redis refuses, the engine refuses.
  @Test func ofWhatIsOddTheEngineTakesNothingThatRedisRefuses() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    let redis = try RealRedis()
    let real = try BlockingClient(socketPath: redis.socketPath)
    let engine = TestEngine()
    let values = Self.values(&random).filter { $0.count < 100 }
    var taken = 0
    for _ in 0..<3000 {
      let value = values[Int.random(in: values.indices, using: &random)]
      #expect(try real.ask("SET", "k", value) == "+OK\r\n")
      var content = Array(try #require(try real.bulk("DUMP", "k")).dropLast(10))
      // The type stays: of the others Redis knows more than the engine.
      let index = Int.random(in: 1..<content.count, using: &random)
      content[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      let payload = Self.signed(content)
      let reply = engine.run(["RESTORE".bytes, "k".bytes, "0".bytes, payload, "REPLACE".bytes])
      let wanted = try real.ask("RESTORE", "k", "0", payload, "REPLACE")
      if reply == "+OK\r\n".bytes {
        taken += 1
        #expect(wanted == "+OK\r\n", "seed \(seed): \(payload)")
        let stored = try real.replyBytes("GET", "k")
        #expect(engine.run(["GET".bytes, "k".bytes]) == stored, "seed \(seed): \(payload)")
      } else {
        #expect(reply.first == UInt8(ascii: "-"))
      }
    }
    #expect(taken > 0, "seed \(seed)")
  }

  // MARK: With a clock of the test's own

  @Test func theTimeIsRelativeOrAbsolute() {
    let engine = TestEngine()
    let payload = DumpedString.payload(of: "v".bytes.span)
    func restore(_ time: String, _ options: String...) -> String {
      let words = [["RESTORE", "k", time].map(\.bytes), [payload], options.map(\.bytes)].flatMap { $0 }
      return String(decoding: engine.run(words), as: UTF8.self).replacing("\r\n", with: "|")
    }
    #expect(restore("1000") == "+OK|")
    #expect(engine("PTTL k") == ":1000|")
    #expect(restore("1000") == "-BUSYKEY Target key name already exists.|")
    engine.now += 1001
    #expect(restore("0") == "+OK|", "what has expired is not in the way")
    #expect(engine("PTTL k") == ":-1|")
    #expect(restore("0", "absttl", "replace") == "+OK|")
    #expect(engine("PTTL k") == ":-1|")
    #expect(restore("\(engine.now + 5)", "ABSTTL", "REPLACE") == "+OK|")
    #expect(engine("PTTL k") == ":5|")
    #expect(restore("\(engine.now)", "ABSTTL", "REPLACE") == "+OK|", "it is over: only the old one goes")
    #expect(engine("EXISTS k") == ":0|")
    #expect(restore("1", "ABSTTL") == "+OK|")
    #expect(engine("DBSIZE") == ":0|")
    #expect(restore("9223372036854775807", "ABSTTL") == "+OK|")
    #expect(
      restore("9223372036854775807", "REPLACE") == "-ERR invalid expire time in 'restore' command|")
    #expect(engine("GET k") == "$1|v|")
    // A newer version than that of Redis 7.0.
    let newer = DumpedString.payload(of: "v".bytes.span, version: 11)
    #expect(
      engine.run(["RESTORE".bytes, "n".bytes, "0".bytes, newer])
        == "-ERR DUMP payload version or checksum are wrong\r\n".bytes)
  }

  @Test func idleTimeComesAlong() {
    let engine = TestEngine()
    let payload = DumpedString.payload(of: "v".bytes.span)
    for (idle, reported) in [("0", "0"), ("100", "100"), ("9223372036854775807", "1700000000")] {
      let words =
        ["RESTORE", "k", "0"].map(\.bytes) + [payload] + ["REPLACE", "IDLETIME", idle].map(\.bytes)
      #expect(engine.run(words) == "+OK\r\n".bytes)
      #expect(engine("OBJECT IDLETIME k") == ":\(reported)|")
    }
    let words = ["RESTORE", "k", "0"].map(\.bytes) + [payload] + ["REPLACE", "FREQ", "255"].map(\.bytes)
    #expect(engine.run(words) == "+OK\r\n".bytes)
    #expect(engine("OBJECT IDLETIME k") == ":0|")
  }

  @Test func whatDoesNotFitIsRefusedBeforeRoomIsMade() {
    let engine = TestEngine(maxBytes: 1000)
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n".bytes
    _ = engine("SET k old")
    // 800 bytes fit by themselves, not with a key of 100; of half a gigabyte only the claim is looked at.
    let large = DumpedString.payload(of: [UInt8](repeating: 1, count: 800).span)
    let huge = Self.signed([0, 0xC3, 2, 0x80, 0x1F, 0xFF, 0xFF, 0xFF, 0, 65])
    let key = String(repeating: "k", count: 100).bytes
    #expect(engine.run(["RESTORE".bytes, key, "0".bytes, large]) == oom)
    #expect(engine.run(["RESTORE".bytes, "k".bytes, "0".bytes, huge, "REPLACE".bytes]) == oom)
    #expect(engine("GET k") == "$3|old|")
    #expect(engine.run(["RESTORE".bytes, "k".bytes, "0".bytes, large, "REPLACE".bytes]) == "+OK\r\n".bytes)
    #expect(engine.usedBytes <= 1000)
  }

  // MARK: Helpers

  private static func values(_ random: inout SplitMix64) -> [[UInt8]] {
    var values = ["", "a", "0", "-1", "127", "-129", "32768", "-2147483649", "007", "1.5", "\0\u{FF}"].map(
      \.bytes)
    for length in [20, 21, 44, 45, 63, 64, 65, 1000, 16383, 16384, 70_000] {
      values.append([UInt8](repeating: 65, count: length))
      values.append((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      values.append((0..<length).map { UInt8(truncatingIfNeeded: $0 / 7 % 11) })
    }
    return values
  }

  /// A payload of these bytes with a right checksum.
  static func signed(_ content: [UInt8]) -> [UInt8] {
    let payload = content + [10, 0]
    let sum = CRC64.of(payload.span)
    return payload + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
  }
}

/// A word of a command.
protocol Word { var bytes: [UInt8] { get } }
extension String: Word { var bytes: [UInt8] { Array(utf8) } }
extension [UInt8]: Word { var bytes: [UInt8] { self } }

extension BlockingClient {
  func replyBytes(_ words: any Word...) throws -> [UInt8] { try reply(words.map { $0.bytes }) }

  func ask(_ words: any Word...) throws -> String {
    String(decoding: try reply(words.map { $0.bytes }), as: UTF8.self)
  }

  func ask(_ words: [[UInt8]]) throws -> String {
    String(decoding: try reply(words), as: UTF8.self)
  }

  /// The content of a bulk reply; nil for null.
  func bulk(_ words: any Word...) throws -> [UInt8]? {
    let reply = try reply(words.map { $0.bytes })
    return ReplyReader.string(reply.span).map { Array(reply[$0]) }
  }

  private func reply(_ words: [[UInt8]]) throws -> [UInt8] {
    try send(InlineRequest.frame(of: words))
    return try replies(1).first ?? []
  }
}
