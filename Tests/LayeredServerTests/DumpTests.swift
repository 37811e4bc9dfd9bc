import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// Keys travel between a layered stack and a plain one by `DUMP` and `RESTORE`, as the proxy repairs them.
@Suite struct DumpTests {
  @Test("A copy from layered to plain and back is the same value with the same expiry")
  func copies() async throws {
    let server = try RedisServer()
    let plain = try server.client()
    try await LayeredStack.with(Layers { $0.turnEverythingOn() }) { stack in
      let layered = try stack.client()
      var random = SplitMix64(seed: 11)
      for value in Self.values(&random) {
        try layered.run([
          Array("SET".utf8), Array("k".utf8), value, Array("PX".utf8), Array("77777777".utf8),
        ])
        try Self.copy("k", from: layered, to: plain)
        #expect(try plain.run(["GET", "k"]) == .string(value))
        try layered.run(["DEL", "k"])
        try Self.copy("k", from: plain, to: layered)
        #expect(try layered.run(["GET", "k"]) == .string(value))
        let ends = try (plain.run(["PEXPIRETIME", "k"]), layered.run(["PEXPIRETIME", "k"]))
        #expect(ends.0 == ends.1)
      }
      // Without an expiry the default holds, as it would have for SET; other types have none.
      try plain.run(["SET", "free", "1"])
      try plain.run(["RPUSH", "list", "1", "2"])
      for key in ["free", "list"] { try Self.copy(key, from: plain, to: layered) }
      guard case .integer(let life) = try layered.run(["PTTL", "free"]) else { throw TestFailure("no PTTL") }
      #expect((1_700_000...1_800_000).contains(life))
      #expect(try layered.run(["PTTL", "list"]) == .integer(-1))
      // What is damaged is refused in Redis's own words.
      guard case .error(let text) = try layered.run(["RESTORE", "bad", "0", "nonsense"]) else {
        throw TestFailure("it was taken")
      }
      #expect(text.contains("DUMP payload version or checksum are wrong"))
    }
  }

  private static func copy(_ key: String, from source: RedisClient, to target: RedisClient) throws {
    guard case .string(let payload) = try source.run(["DUMP", key]),
      case .integer(let end) = try source.run(["PEXPIRETIME", key])
    else { throw TestFailure("\(key) cannot be dumped") }
    var words = ["RESTORE", key, "\(max(0, end))"].map { Array($0.utf8) }
    words += [payload, Array("REPLACE".utf8)]
    if end > 0 { words.append(Array("ABSTTL".utf8)) }
    guard try target.command(words) == .status("OK") else { throw TestFailure("\(key) was not restored") }
  }

  private static func values(_ random: inout SplitMix64) -> [[UInt8]] {
    var values: [[UInt8]] = [
      [], [0], [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0, 1, 2], [0, 0x53, 0x4C, 0x43, 0x3D],
    ]
    values += ["0", "-1", "127", "-129", "32768", "-2147483649", "007", "1.5"].map { Array($0.utf8) }
    for length in [20, 21, 63, 64, 65, 1000, 16383, 16384, 70_000, 300_000] {
      values.append([UInt8](repeating: 65, count: length))
      values.append((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      values.append((0..<length).map { UInt8(truncatingIfNeeded: $0 / 7 % 11) })
    }
    return values
  }
}
