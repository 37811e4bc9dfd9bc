import NIOPosix
import SluiceMemoryEngine
import SluiceMemoryServer
import Testing

/// The same random commands to the memory server and to a real Redis 7.0: the replies must be the same bytes.
@Suite struct DifferentialTests {
  @Test func sameRepliesAsRedis() async throws {
    let seed = UInt64.random(in: .min ... .max)
    print("differential seed: \(seed)")
    let redis = try RealRedis()
    let server = try await MemoryServer.start(on: MultiThreadedEventLoopGroup.singleton)
    var commands = CommandGenerator(seed: seed)
    let ours = try BlockingClient(socketPath: server.socketPath)
    let real = try BlockingClient(socketPath: redis.socketPath)
    var differences = 0
    for round in 0..<400 {
      var batch = (0..<100).map { _ in commands.next() }
      if round % 50 == 49 { batch.append(["FLUSHALL"]) }
      let bytes = batch.flatMap(Self.frame)
      try real.send(bytes)
      try ours.send(bytes)
      let wanted = try real.replies(batch.count)
      let got = try ours.replies(batch.count)
      for index in batch.indices where !Self.agree(batch[index], wanted[index], got[index]) {
        differences += 1
        if differences < 20 {
          Issue.record(
            """
            seed \(seed): \(batch[index]): Redis \(String(reflecting: Self.text(wanted[index]))), \
            ours \(String(reflecting: Self.text(got[index])))
            """)
        }
      }
    }
    #expect(differences == 0)
    await server.stop()
  }

  /// Equal bytes; for `KEYS` and a whole `SCAN` equal sets; for times within what two clocks may differ.
  static func agree(_ command: [String], _ wanted: [UInt8], _ got: [UInt8]) -> Bool {
    if wanted == got { return true }
    switch command[0].uppercased() {
    case "KEYS", "SCAN":
      return text(wanted).split(separator: "\r\n").sorted() == text(got).split(separator: "\r\n").sorted()
    case "TTL", "EXPIRETIME": return near(wanted, got, within: 1)
    case "PTTL", "PEXPIRETIME": return near(wanted, got, within: 1000)
    // The same relative time twice: whether the second is greater, each server's clock says.
    case "EXPIRE", "PEXPIRE":
      return command.contains { $0.uppercased() == "GT" }
        && Set([text(wanted), text(got)]) == [":0\r\n", ":1\r\n"]
    default: return false
    }
  }

  private static func near(_ wanted: [UInt8], _ got: [UInt8], within limit: Int) -> Bool {
    guard let left = Int(text(wanted).dropFirst().dropLast()),
      let right = Int(text(got).dropFirst().dropLast()),
      left >= 0, right >= 0
    else { return false }
    return abs(left - right) <= limit
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  static func frame(_ words: [String]) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) {
      $0 += Array("$\($1.utf8.count)\r\n\($1)\r\n".utf8)
    }
  }
}
