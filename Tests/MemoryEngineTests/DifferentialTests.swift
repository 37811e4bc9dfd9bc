import NIOPosix
import SluiceMemoryEngine
import SluiceMemoryServer
import Testing

/// The same random commands to the memory server and to a real Redis 7.0: the replies must be the same bytes.
@Suite struct DifferentialTests {
  @Test(arguments: CommandGenerator.Family.allCases)
  func sameRepliesAsRedis(_ family: CommandGenerator.Family) async throws {
    let seed = UInt64.random(in: .min ... .max)
    print("differential seed of \(family): \(seed)")
    let redis = try RealRedis()
    let server = try await MemoryServer.start(on: MultiThreadedEventLoopGroup.singleton)
    var commands = CommandGenerator(seed: seed, family: family)
    let ours = try BlockingClient(socketPath: server.socketPath)
    let real = try BlockingClient(socketPath: redis.socketPath)
    var differences = 0
    for round in 0..<(family == .strings ? 400 : family == .counts ? 30 : 100) {
      var batch = (0..<100).map { _ in commands.next() }
      if round % 50 == 49 { batch.append(["FLUSHALL"]) }
      let bytes = batch.flatMap(Self.frame)
      try real.send(bytes)
      try ours.send(bytes)
      let wanted = try real.replies(batch.count)
      let got = try ours.replies(batch.count)
      for index in batch.indices where !ReplyAgreement.agree(batch[index], wanted[index], got[index]) {
        differences += 1
        if differences < 20 {
          Issue.record(
            """
            seed \(seed): \(batch[index]): Redis \(String(reflecting: ReplyAgreement.text(wanted[index]))), \
            ours \(String(reflecting: ReplyAgreement.text(got[index])))
            """)
        }
      }
    }
    #expect(differences == 0)
    await server.stop()
  }

  static func frame(_ words: [String]) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) {
      $0 += Array("$\($1.utf8.count)\r\n\($1)\r\n".utf8)
    }
  }
}
