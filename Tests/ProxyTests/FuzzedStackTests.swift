import Foundation
import NIOPosix
import SluiceLayeredServer
import SluiceProxy
import SluiceRESP
import SluiceRedisClient
import SluiceRouting
import SluiceTestSupport
import Testing

/// Both stacks send numbers at the ends of their ranges and bytes that are none of RESP's, in the hand-shake and behind it, as primary
/// and as mirror: the proxy goes on, every command of a client has one reply, in its turn, and it is one of RESP2.
@Suite(.serialized) struct FuzzedStackTests {
  @Test(.timeLimit(.minutes(10)), arguments: [Stage.live, .shadow]) func mutatedReplies(_ stage: Stage)
    async throws
  {
    var numbers = ExtremeNumbers("ProxyTests.mutatedReplies \(stage)")
    let seed = numbers.seed
    let stacks = [try FuzzedStack(seed: numbers.bits()), try FuzzedStack(seed: numbers.bits())]
    defer { for stack in stacks { stack.stop() } }
    var settings = ProxySettings()
    settings.threads = 2
    // The stacks are to be back soon, however often they are cut off.
    settings.backoffInitial = 1_000_000
    settings.backoffMaximum = 4_000_000
    settings.limits = FrameLimits(bulkBytes: 1 << 20, arguments: 64)
    var legacy = StackEndpoint.port(stacks[0].port, "legacy-stack")
    var new = StackEndpoint.port(stacks[1].port, "new-stack")
    legacy.commandTimeout = 50_000_000
    new.commandTimeout = 50_000_000
    let first = numbers
    try await Bench.run(settings, legacy: legacy, new: new, routing: .at(stage)) { bench in
      var numbers = first
      for round in 0..<ExtremeNumbers.rounds(40) {
        let client = try bench.client()
        let commands = (0..<8).map { _ in numbers.filled(numbers.pick(FuzzedStackTests.commands)) }
        for command in commands { try client.send(command: command.split(separator: " ").map(String.init)) }
        try client.send(command: "ECHO", "\(round)")
        for command in commands {
          let reply = Array(try client.reply().utf8)
          guard let type = reply.first, "+-:$*".utf8.contains(type) else {
            Issue.record("\(command): \(String(decoding: reply, as: UTF8.self)), seed \(seed)")
            return
          }
        }
        #expect(try client.reply() == "$\("\(round)".count)\r\n\(round)\r\n", "round \(round), seed \(seed)")
      }
      #expect(stacks.allSatisfy { $0.replies > 50 }, "or nothing was tried")
    }
  }

  /// The endpoint of a layered stack does so: the layers look into what the lanes only pass on.
  @Test(.timeLimit(.minutes(10))) func mutatedRepliesBehindLayers() async throws {
    var numbers = ExtremeNumbers("ProxyTests.mutatedRepliesBehindLayers")
    let seed = numbers.seed
    let stack = try FuzzedStack(seed: numbers.bits())
    defer { stack.stop() }
    var settings = LayeredSettings(address: .tcp(host: "127.0.0.1", port: stack.port), label: "fuzzed")
    settings.commandTimeout = 50_000_000
    settings.backoffInitial = 1_000_000
    settings.backoffMaximum = 4_000_000
    settings.limits = FrameLimits(bulkBytes: 1 << 20, arguments: 64)
    settings.l1 = .init(entries: 4, ttl: .milliseconds(5))
    settings.compression = .init(threshold: 64, level: 1)
    settings.defaultTTL = .seconds(60)
    settings.keyPrefix = Array("p:".utf8)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try await LayeredServer.start(settings, on: group)
    for round in 0..<ExtremeNumbers.rounds(60) {
      // Where the endpoint is cut off, so is who stands before it, as with a plain one: then the rest has no reply. How long to wait
      // for one is the lane's affair.
      let client = try TestSocket(path: server.socketPath)
      client.waits(milliseconds: 100)
      let commands = (0..<8).map { _ in numbers.filled(numbers.pick(FuzzedStackTests.commands)) }
      for command in commands {
        guard (try? client.send(command: command.split(separator: " ").map(String.init))) != nil,
          let reply = try? client.reply()
        else { break }
        #expect(reply.first.map { "+-:$*".contains($0) } == true, "\(command): \(reply), seed \(seed)")
      }
      client.close()
      if round % 20 == 19 { #expect(stack.replies > round, "or nothing was tried, seed \(seed)") }
    }
    await server.stop()
    try await group.shutdownGracefully()
  }

  /// What reads replies for the command line: each command has an answer or an error in words.
  @Test(.timeLimit(.minutes(10))) func mutatedRepliesToOurOwnClient() throws {
    var numbers = ExtremeNumbers("ProxyTests.mutatedRepliesToOurOwnClient")
    let stack = try FuzzedStack(seed: numbers.bits())
    defer { stack.stop() }
    let endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: UInt16(stack.port)))
    var (answers, errors) = (0, 0)
    for _ in 0..<ExtremeNumbers.rounds(100) {
      do throws(RedisError) {
        let client = try RedisClient(endpoint, commandTimeout: .milliseconds(50))
        for _ in 0..<8 {
          let command = numbers.filled(numbers.pick(FuzzedStackTests.commands))
          _ = try client.command(command.split(separator: " ").map { Array($0.utf8) })
          answers += 1
        }
      } catch {
        #expect(!"\(error)".isEmpty)
        errors += 1
      }
    }
    #expect(answers > 100 && errors > 10, "or nothing was tried, seed \(numbers.seed)")
  }

  private static let commands = [
    "GET k#", "SET k# v", "SET k1 v EX #", "INCRBY k1 #", "SPOP k2 #", "ZPOPMIN k3 #",
    "LMPOP 1 k4 LEFT COUNT #", "MGET k1 k2 k3",
    "DEL k1 k2 k3", "HSET k5 f #", "SADD k2 #", "EXPIRE k1 #", "PTTL k1", "DBSIZE", "SCAN 0 COUNT #",
    "KEYS *", "ZMPOP # k3 MIN",
    "BITCOUNT k1 # #", "GETRANGE k1 # #", "XADD k6 * f #", "XAUTOCLAIM k6 g c 0 0", "RANDOMKEY", "HGETALL k5",
    "ZRANGE k3 0 -1 WITHSCORES",
    "SETRANGE k1 # x", "RESTORE k7 # x", "EXISTS k1 k2 k3",
  ]
}
