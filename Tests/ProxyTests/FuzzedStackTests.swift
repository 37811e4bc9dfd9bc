import Foundation
import SluiceProxy
import SluiceRESP
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

/// Answers every command: mostly as a Redis might, now and then as none would.
private final class FuzzedStack: @unchecked Sendable {
  let port: Int
  private let listener: Int32
  private let lock = NSLock()
  private var numbers = ExtremeNumbers("FuzzedStack")
  private var count = 0

  init(seed: UInt64) throws {
    for _ in 0..<seed % 64 { _ = numbers.bits() }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isListening else { throw TestFailure("cannot listen: errno \(errno)") }
    listener = descriptor
    port = Int(in_port_t(bigEndian: address.sin_port))
    Thread { [self] in accept() }.start()
  }

  /// Given so far.
  var replies: Int { lock.withLock { count } }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func accept() {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { break }
      let connection = TestSocket(descriptor)
      Thread { [self] in
        while let words = try? connection.command(), (try? connection.send(reply(to: words))) != nil {}
        connection.close()
      }.start()
    }
    close(listener)
  }

  private static let sound = [
    "+OK\r\n", ":1\r\n", "$1\r\na\r\n", "$-1\r\n", "*0\r\n", "*2\r\n$1\r\na\r\n$1\r\n1\r\n", "-ERR no\r\n",
  ]
  private static let extreme = [
    ":#\r\n", "$#\r\nab\r\n", "*#\r\n", "*1\r\n:#\r\n", "*2\r\n$1\r\nk\r\n*#\r\n", "%#\r\n", "$1\r\n#\r\n",
    "_\r\n", "*1\r\n#t\r\n",
    "*2\r\n$1\r\nk1\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n#\r\n*#\r\n", "=#\r\ntxt:\r\n", ">1\r\n+x\r\n",
    "*2\r\n$1\r\n#\r\n*1\r\n$2\r\nk1\r\n",
    "*3\r\n$3\r\n#-1\r\n*1\r\n$3\r\n1-1\r\n*0\r\n", "+#\r\n+#\r\n", "-READONLY #\r\n", "(#\r\n", ",#\r\n",
  ]

  private func reply(to words: [String]) -> [UInt8] {
    lock.withLock {
      count += 1
      let name = words.first?.uppercased() ?? ""
      let right: String =
        switch name {
        case "PING": "+PONG\r\n"
        case "CLIENT": ":\(1 + numbers.below(100))\r\n"
        case "INFO": "$\(8 + "\(port)".utf8.count)\r\nrun_id:\(port)\n\r\n"
        case "DBSIZE", "EXISTS", "DEL", "HLEN", "SCARD", "ZCARD": ":\(numbers.below(3))\r\n"
        case "PTTL", "PEXPIRETIME": ":\(numbers.pick(["-1", "-2", "5", "100000"]))\r\n"
        case "FLUSHDB": "+OK\r\n"
        default: numbers.pick(FuzzedStack.sound)
        }
      let isHandshake = ["PING", "CLIENT", "INFO"].contains(name)
      guard numbers.below(isHandshake ? 40 : 6) == 0 else { return Array(right.utf8) }
      let reply = Array(numbers.filled(numbers.pick(FuzzedStack.extreme)).utf8)
      return numbers.below(3) == 0 ? numbers.mutated(reply) : reply
    }
  }
}
