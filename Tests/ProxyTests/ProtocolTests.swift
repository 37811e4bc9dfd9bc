import Foundation
import SluiceCommands
import SluiceProxy
import SluiceRouting
import Testing

/// Clients of RESP2 and RESP3 beside each other: each is answered in its own protocol, by the stacks themselves.
@Suite(.serialized) struct ProtocolTests {
  // MARK: Byte by byte, on stacks that do what the test says

  private static func greeting(_ id: Int) -> String {
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:\(id)\r\n"
      + "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
  }

  private static func newer(_ bench: Bench) throws -> TestSocket {
    let client = try bench.client()
    guard try client.ask("HELLO", "3").hasPrefix("%7\r\n") else { throw TestFailure("HELLO 3 was refused") }
    return client
  }

  @Test func theLinkTurnsWhereTheNextCommandWantsIt() async throws {
    try await Bench.runScripted(routing: .at(.off), hasRESP3: true) { bench, stacks in
      let old = try bench.client()
      let new = try bench.client()
      try new.send(command: "HELLO", "3")
      #expect(try new.reply() == ProtocolTests.greeting(2))
      // Nothing was said to a stack before somebody needed it.
      try old.send(command: "GET", "a")
      #expect(try stacks.legacy.command() == ["GET", "a"])
      try new.send(command: "HGETALL", "h")
      #expect(try stacks.legacy.command() == ["HELLO", "3"])
      #expect(try stacks.legacy.command() == ["HGETALL", "h"])
      try new.send(command: "GET", "b")
      #expect(try stacks.legacy.command() == ["GET", "b"])
      try old.send(command: "GET", "c")
      #expect(try stacks.legacy.command() == ["HELLO", "2"])
      #expect(try stacks.legacy.command() == ["GET", "c"])
      try stacks.legacy.send(
        "$-1\r\n%1\r\n$5\r\nproto\r\n:3\r\n%1\r\n$1\r\nf\r\n,1.5\r\n_\r\n*0\r\n$1\r\nc\r\n")
      #expect(try old.reply() == "$-1\r\n")
      #expect(try old.reply() == "$1\r\nc\r\n")
      #expect(try new.reply() == "%1\r\n$1\r\nf\r\n,1.5\r\n")
      #expect(try new.reply() == "_\r\n")
    }
  }

  /// However the sockets of one turn lie, a link turns once in it.
  @Test func clientsOfOneTurnAreReadByTheirProtocol() async throws {
    try await Bench.runScripted(routing: .at(.off), hasRESP3: true) { bench, stacks in
      let clients = try (0..<12).map { number in
        try number % 2 == 0 ? bench.client() : ProtocolTests.newer(bench)
      }
      for round in 0..<5 {
        // The loop is busy with this one while the others send theirs, so that it finds them all at once.
        let big = try bench.client()
        try big.send(command: "SET", "big", String(repeating: "x", count: 1 << 22))
        for (number, client) in clients.enumerated() {
          for index in 0..<3 { try client.send(command: "GET", "\(number).\(index)") }
        }
        _ = round
        var turns = 0
        var last: [Int: Int] = [:]
        var left = 12 * 3 + 1
        while left > 0 {
          let words = try stacks.legacy.command()
          guard words[0] != "HELLO" else {
            turns += 1
            try stacks.legacy.send(words[1] == "3" ? "%0\r\n" : "*0\r\n")
            continue
          }
          left -= 1
          if words[0] == "SET" {
            try stacks.legacy.send("+OK\r\n")
            continue
          }
          let place = words[1].split(separator: ".").compactMap { Int($0) }
          // Each client's own order.
          #expect(last[place[0], default: -1] == place[1] - 1)
          last[place[0]] = place[1]
          try stacks.legacy.send(place[0] % 2 == 0 ? "$-1\r\n" : "_\r\n")
        }
        // One each for what came in one turn; that all came in one the kernel decides, so some more may be needed.
        #expect(turns <= 8, "of 36 commands by turns")
        for (number, client) in clients.enumerated() {
          for _ in 0..<3 { #expect(try client.reply() == (number % 2 == 0 ? "$-1\r\n" : "_\r\n")) }
        }
        #expect(try big.reply() == "+OK\r\n")
      }
    }
  }

  @Test func aServerThatRefusesToTurnIsCutOffAndNobodyGetsItsAnswers() async throws {
    try await Bench.runScripted(routing: .at(.off), hasRESP3: true) { bench, stacks in
      let client = try ProtocolTests.newer(bench)
      try client.send(command: "HGETALL", "h")
      #expect(try stacks.legacy.command() == ["HELLO", "3"])
      #expect(try stacks.legacy.command() == ["HGETALL", "h"])
      try stacks.legacy.send("-NOPERM no\r\n*0\r\n")
      #expect(
        try client.reply()
          == "-STACKDOWN sluice: stack 'legacy' (legacy-stack) refused HELLO 3 (NOPERM no)\r\n")
      #expect(try stacks.legacy.untilClosed() == "")
    }
  }

  /// What nobody has asked to be told reaches nobody, and answers nothing.
  @Test func pushesAreForNobody() async throws {
    try await Bench.runScripted(routing: .at(.off), hasRESP3: true) { bench, stacks in
      let client = try ProtocolTests.newer(bench)
      try client.send(command: "GET", "a")
      _ = try stacks.legacy.command()
      _ = try stacks.legacy.command()
      try stacks.legacy.send(">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n")
      try stacks.legacy.send("%0\r\n>1\r\n+x\r\n_\r\n>1\r\n+y\r\n")
      #expect(try client.reply() == "_\r\n")
      try client.send(command: "GET", "b")
      #expect(try stacks.legacy.command() == ["GET", "b"])
      try stacks.legacy.send("$1\r\nb\r\n")
      #expect(try client.reply() == "$1\r\nb\r\n")
    }
  }

  /// Of a client that speaks RESP2 a type of RESP3 is no reply, whatever the link has spoken before.
  @Test func typesOfRESP3AreNoRepliesBehindTheTurnBack() async throws {
    try await Bench.runScripted(routing: .at(.off), hasRESP3: true) { bench, stacks in
      let (old, new) = (try bench.client(), try ProtocolTests.newer(bench))
      try new.send(command: "GET", "a")
      _ = try stacks.legacy.command()
      _ = try stacks.legacy.command()
      try old.send(command: "GET", "b")
      _ = try stacks.legacy.command()
      _ = try stacks.legacy.command()
      try stacks.legacy.send("%0\r\n_\r\n*0\r\n_\r\n")
      #expect(try new.reply() == "_\r\n")
      #expect(try old.reply().contains("type '_' of RESP3, which nobody asked it to speak"))
    }
  }

  @Test func aServerThatComesBackWithoutRESP3AnswersNobodyWrongly() async throws {
    try await Bench.runScripted(routing: .at(.off), hasRESP3: true) { bench, stacks in
      let client = try ProtocolTests.newer(bench)
      stacks.legacyStack.identity.hasRESP3 = false
      stacks.legacyStack.identity.run = "2"
      stacks.legacy.close()
      let again = try stacks.legacyStack.connection()
      #expect(eventually { bench.health().first?.legacy.name == "up" })
      #expect(
        try client.ask("GET", "a")
          == "-STACKDOWN sluice: stack 'legacy' (legacy-stack) does not speak RESP3, "
          + "which this connection has asked for; connect anew\r\n")
      #expect(try client.ask("HELLO", "3") == "-\(Refusal.resp3.message)\r\n")
      #expect(try client.ask("HELLO", "2").hasPrefix("*14\r\n"))
      try client.send(command: "GET", "a")
      #expect(try again.command() == ["GET", "a"])
      try again.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
    }
  }

  /// A compared read is repeated in the first answer's protocol; what only says that a write is done is asked in either.
  @Test func theMirrorFollowsTheLog() async throws {
    try await Bench.runScripted(routing: .at(.shadow), hasRESP3: true) { bench, stacks in
      let (old, new) = (try bench.client(), try ProtocolTests.newer(bench))
      for (client, key) in [(new, "a"), (old, "b")] {
        let isNew = client === new
        try client.send(command: "GET", key)
        #expect(try stacks.legacy.command() == ["HELLO", isNew ? "3" : "2"])
        #expect(try stacks.legacy.command() == ["GET", key])
        try stacks.legacy.send(isNew ? "%0\r\n_\r\n" : "*0\r\n$-1\r\n")
        #expect(try client.reply() == (isNew ? "_\r\n" : "$-1\r\n"))
        #expect(try stacks.new.command() == ["HELLO", isNew ? "3" : "2"])
        #expect(try stacks.new.command() == ["GET", key])
        try stacks.new.send(isNew ? "%0\r\n_\r\n" : "*0\r\n$-1\r\n")
        #expect(eventually { bench.figures().compare.matched == (isNew ? 1 : 2) })
      }
      try new.send(command: "SET", "a", "1")
      #expect(try stacks.legacy.command() == ["HELLO", "3"])
      #expect(try stacks.legacy.command() == ["SET", "a", "1"])
      try stacks.legacy.send("%0\r\n+OK\r\n")
      #expect(try new.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
    }
  }

  // MARK: What the proxy says itself

  @Test func whatTheProxySaysItselfIsInTheClientsProtocol() async throws {
    try await Bench.runRedis(routing: .at(.live)) { bench, _, _ in
      let client = try bench.client()
      // What was asked before is answered before the protocol changes, and as it was asked.
      try client.send("HGETALL none\r\nHELLO 3 SETNAME me\r\nHGETALL none\r\nCLIENT GETNAME\r\n")
      #expect(try client.reply() == "*0\r\n")
      #expect(
        try client.reply().hasPrefix("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n")
      )
      #expect(try client.reply() == "%0\r\n")
      #expect(try client.reply() == "$2\r\nme\r\n")
      #expect(try client.ask("MGET", "a", "b", "c", "d") == "*4\r\n_\r\n_\r\n_\r\n_\r\n")
      #expect(try client.ask("RANDOMKEY") == "_\r\n")
      #expect(try client.ask("CLIENT", "INFO").hasPrefix("="))
      #expect(try client.ask("CLIENT", "LIST").contains(" resp=3 "))
      #expect(try client.ask("CLIENT", "TRACKING", "OFF") == "+OK\r\n")
      #expect(try client.ask("CLIENT", "TRACKING", "ON") == "-\(Refusal.tracking.message)\r\n")
      #expect(try client.ask("CLIENT", "GETREDIR") == ":-1\r\n")
      #expect(try client.ask("CONFIG", "GET", "maxmemory") == "%1\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n")
      #expect(try client.ask("HELLO", "4") == "-NOPROTO unsupported protocol version\r\n")
      #expect(try client.ask("HELLO", "2", "AUTH", "me", "x").hasPrefix("-WRONGPASS"))
      #expect(try client.ask("GET", "none") == "_\r\n")
      #expect(try client.ask("RESET") == "+RESET\r\n")
      #expect(try client.ask("GET", "none") == "$-1\r\n")
      #expect(try client.ask("CLIENT", "GETNAME") == "$-1\r\n")
      #expect(try client.ask("CLIENT", "LIST").contains(" resp=2 "))
    }
  }

  @Test func aStackWithoutRESP3IsSaidAtHello() async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, _ in
      let client = try bench.client()
      #expect(try client.ask("HELLO", "3", "SETNAME", "me") == "-\(Refusal.resp3.message)\r\n")
      #expect(try client.ask("CLIENT", "GETNAME") == "$-1\r\n")
    }
  }

  // MARK: On real servers

  private static let script = "return redis.call('hgetall', KEYS[1])"

  /// Writes and reads of every kind of reply that RESP3 has.
  private static let conversation: [[String]] =
    [
      "SET s v", "GET s", "GET none", "HSET h a 1 b 2.5", "HGETALL h", "HGET h none", "HMGET h a none",
      "HINCRBYFLOAT h b 0.25", "SADD u 1 2 3", "SMEMBERS u", "SISMEMBER u 2", "SMISMEMBER u 1 9", "SPOP u 3",
      "SPOP u 1",
      "ZADD z 1.5 a 2 b inf c", "ZSCORE z a", "ZSCORE z none", "ZMSCORE z a none", "ZRANGE z 0 -1 WITHSCORES",
      "ZADD z INCR 0.25 a", "ZINCRBY z 1.5 b", "ZRANK z none", "ZPOPMIN z", "ZPOPMAX z 1", "ZPOPMIN z 5",
      "ZADD y 1 m 2 n",
      "ZMPOP 1 y MIN COUNT 1", "RPUSH l a b c", "LRANGE l 0 -1", "LPOP l 2", "LPOS l none", "LMPOP 1 l LEFT",
      "LMPOP 1 l LEFT", "INCRBYFLOAT f 1.5", "GETDEL f", "GETDEL f", "SETEX e 100 1", "TTL e", "TYPE e",
      "EXISTS e none",
      "XADD x 1-1 f v", "XRANGE x - +", "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >",
      "XREADGROUP GROUP g c STREAMS x >", "XREAD STREAMS x 0", "XINFO GROUPS x", "XPENDING x g",
      "GEOADD o 13.36 38.11 p 15.08 37.5 q", "GEOPOS o p none", "GEODIST o p q",
      "BITFIELD b OVERFLOW FAIL INCRBY u2 0 9",
      "OBJECT ENCODING l", "SORT none", "LCS s s IDX", "HSET l a 1", "APPEND s w", "HRANDFIELD none",
    ].map { $0.split(separator: " ").map(String.init) } + [["EVAL", ProtocolTests.script, "1", "h"]]

  /// Word for word what the server says directly, in each protocol, and both stacks hold the same then.
  @Test(arguments: [2, 3]) func aClientHearsWhatTheServerSays(wire: Int) async throws {
    try await Bench.runRedis(routing: .at(.shadow)) { bench, legacy, new in
      let twin = try RealRedis()
      defer { twin.stop() }
      try twin.waitUntilReady()
      let direct = try twin.client()
      let client = try bench.client()
      for socket in [direct, client] { _ = try socket.ask("HELLO", "\(wire)") }
      for words in ProtocolTests.conversation {
        let expected = try direct.ask(words)
        // The order of a set's members, and which one is popped, the server decides.
        let said = try client.ask(words)
        #expect(said == expected, "\(words)")
      }
      // MULTI: the replies to its commands within the reply to EXEC.
      for socket in [direct, client] {
        for words in [
          ["MULTI"], ["HGETALL", "h"], ["ZSCORE", "z", "none"], ["ZADD", "t", "INCR", "1.5", "m"],
        ] {
          try socket.send(command: words)
        }
        try socket.send(command: "EXEC")
      }
      for _ in 0..<5 { #expect(try client.reply() == direct.reply()) }
      #expect(
        eventually {
          let compare = bench.figures().compare
          return compare.matched > 20 && compare.diverged == 0
        }, "\(bench.figures().compare) \(bench.divergences)")
      let digests = try [legacy, new].map { try $0.client().ask("DEBUG", "DIGEST") }
      #expect(
        eventually {
          (try? legacy.client().ask("DEBUG", "DIGEST")) == (try? new.client().ask("DEBUG", "DIGEST"))
        })
      #expect(digests[0] == (try twin.client().ask("DEBUG", "DIGEST")))
      #expect(bench.figures().compare.mirrorErrors == 0)
    }
  }

  /// Pipelines of both protocols, through flips, with every read compared.
  @Test(arguments: [1, 2]) func bothProtocolsThroughFlips(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runRedis(settings, routing: .at(.shadow)) { bench, legacy, new in
      let clients = try (0..<8).map { try $0 % 2 == 0 ? bench.client() : ProtocolTests.newer(bench) }
      for round in 0..<40 {
        for (number, client) in clients.enumerated() {
          var all: [[String]] = []
          for index in 0..<8 {
            let key = "\(index % 4 == 0 ? "own\(number)" : "k")\(index)"
            all += [
              ["HINCRBY", "h\(key)", "f", "1"], ["HGETALL", "h\(key)"],
              ["ZINCRBY", "z\(key)", "0.5", "m\(number)"],
              ["ZRANGE", "z\(key)", "0", "-1", "WITHSCORES"], ["GET", "none\(key)"],
              ["SADD", "s\(key)", "\(round)"],
              ["SPOP", "s\(key)"], ["MGET", "a\(key)", "b\(key)", "c\(key)"],
            ]
          }
          for words in all { try client.send(command: words) }
        }
        let stages: [RoutingSnapshot] = [
          .at(.live, 25, version: UInt64(round + 2)), .at(.live, 75, version: UInt64(round + 2)),
          .at(.shadow, version: UInt64(round + 2)),
          .at(.shadow, version: UInt64(round + 2), isRolledBack: true),
        ]
        if round % 2 == 1 { _ = bench.adopt(stages[round / 2 % 4]) }
        for (number, client) in clients.enumerated() {
          let isOld = number % 2 == 0
          for _ in 0..<8 {
            #expect(try client.reply().hasPrefix(":"))
            #expect(try client.reply().hasPrefix(isOld ? "*" : "%"))
            #expect(try client.reply().hasPrefix(isOld ? "$" : ","))
            let range = try client.reply()
            #expect(range.hasPrefix("*") && range.contains("\r\n*2\r\n") == !isOld)
            #expect(try client.reply() == (isOld ? "$-1\r\n" : "_\r\n"))
            #expect(try client.reply().hasPrefix(":"))
            _ = try client.reply()
            #expect(try client.reply() == (isOld ? "*3\r\n$-1\r\n$-1\r\n$-1\r\n" : "*3\r\n_\r\n_\r\n_\r\n"))
          }
        }
      }
      _ = bench.adopt(.at(.shadow, version: 100))
      let compare = bench.figures().compare
      #expect(
        compare.diverged == 0 && compare.mirrorErrors == 0 && compare.matched > 1000,
        "\(compare) \(bench.divergences)")
      #expect(
        eventually {
          (try? legacy.client().ask("DEBUG", "DIGEST")) == (try? new.client().ask("DEBUG", "DIGEST"))
        })
    }
  }
}
