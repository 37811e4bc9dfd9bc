import SluiceCommands
import SluiceProxy
import SluiceRouting
import Testing

/// What a client says and hears, byte by byte.
@Suite(.serialized) struct TranscriptTests {
  private static let local: [(request: String, reply: String)] = [
    ("PING\r\n", "+PONG\r\n"), ("*1\r\n$4\r\nping\r\n", "+PONG\r\n"), ("PING hello\r\n", "$5\r\nhello\r\n"),
    ("PING a b\r\n", "-ERR wrong number of arguments for 'ping' command\r\n"),
    ("ECHO \"a b\"\r\n", "$3\r\na b\r\n"),
    ("ECHO\r\n", "-ERR wrong number of arguments for 'echo' command\r\n"),
    ("SELECT 0\r\n", "+OK\r\n"), ("SELECT x\r\n", "-ERR value is not an integer or out of range\r\n"),
    ("CLIENT GETNAME\r\n", "$-1\r\n"), ("CLIENT SETNAME me\r\n", "+OK\r\n"),
    ("CLIENT GETNAME\r\n", "$2\r\nme\r\n"),
    (
      "CLIENT SETNAME \"a b\"\r\n",
      "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
    ),
    ("CLIENT SETINFO lib-name x\r\n", "+OK\r\n"), ("CLIENT NO-EVICT on\r\n", "+OK\r\n"),
    ("CLIENT NO-EVICT perhaps\r\n", "-ERR syntax error\r\n"), ("AUTH default secret\r\n", "+OK\r\n"),
    ("AUTH me secret\r\n", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
    ("RESET\r\n", "+RESET\r\n"), ("CLIENT GETNAME\r\n", "$-1\r\n"),
    (
      "HELLO 2\r\n",
      "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n"
        + "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
    ),
    ("HELLO 3\r\n", "-\(Refusal.resp3.message)\r\n"),
    ("HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n"),
    (
      "HELLO 2 SETNAME \"a\\nid=9\"\r\n",
      "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
    ),
    ("CLIENT GETNAME\r\n", "$-1\r\n"),
    (
      "AUTH secret\r\n",
      "-ERR AUTH <password> called without any password configured for the default user. "
        + "Are you sure your configuration is correct?\r\n"
    ),
    ("CLIENT ID\r\n", ":1\r\n"), ("CLIENT LIST TYPE pubsub\r\n", "$0\r\n\r\n"),
    ("CLIENT LIST ID 7 8\r\n", "$0\r\n\r\n"), ("CLIENT LIST ID x\r\n", "-ERR Invalid client ID\r\n"),
    ("CLIENT LIST TYPE x\r\n", "-ERR Unknown client type 'x'\r\n"),
    ("CLIENT LIST ID\r\n", "-ERR syntax error\r\n"),
    ("NOSUCHCOMMAND\r\n", ""),
    ("GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n"),
    ("SET a\r\n", "-ERR wrong number of arguments for 'set' command\r\n"),
    ("MSET a 1 b\r\n", "-ERR wrong number of arguments for 'mset' command\r\n"),
  ]

  @Test func localCommands() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      for (request, reply) in TranscriptTests.local where !reply.isEmpty {
        try client.send(request)
        #expect(try client.reply() == reply, "\(request.debugDescription)")
      }
      try client.send("QUIT\r\nPING\r\n")
      #expect(try client.untilClosed() == "+OK\r\n")
    }
  }

  /// A web page that has its browser post here gets no further than its first line.
  @Test func whatABrowserSendsIsNotCarriedOut() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      #expect(try client.ask("SET", "k", "v") == "+OK\r\n")
      for first in ["POST / HTTP/1.1\r\n", "Host: 127.0.0.1:6400\r\n"] {
        let browser = try bench.client()
        try browser.trySend(Array("\(first)Content-Length: 9\r\n\r\nDEL k\r\nFLUSHALL\r\n".utf8))
        #expect(try browser.untilClosed() == "")
      }
      #expect(try client.ask("GET", "k") == "$1\r\nv\r\n")
    }
  }

  @Test func aPipelineIsAnsweredInItsOrder() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let client = try bench.client()
      let exchanges: [(request: String, reply: String)] = [
        ("SET k0 a\r\n", "+OK\r\n"), ("*2\r\n$3\r\nGET\r\n$2\r\nk0\r\n", "$1\r\na\r\n"),
        ("PING\r\n", "+PONG\r\n"),
        ("MSET k1 1 k2 2 k3 3 k4 4 k5 5\r\n", "+OK\r\n"),
        ("MGET k5 none k1 k3 k1\r\n", "*5\r\n$1\r\n5\r\n$-1\r\n$1\r\n1\r\n$1\r\n3\r\n$1\r\n1\r\n"),
        ("EXISTS k1 k2 k3 none k1\r\n", ":4\r\n"), ("TOUCH k1 none k2\r\n", ":2\r\n"),
        ("SUBSCRIBE c\r\n", ""),
        ("DEL k1 k2 none\r\n", ":2\r\n"), ("UNLINK k3 k4 k4\r\n", ":2\r\n"),
        ("EXISTS k1 k2 k3 k4 k5\r\n", ":1\r\n"),
        ("\r\n", "none"), ("ECHO end\r\n", "$3\r\nend\r\n"),
      ]
      let refusal = "-\(Refusal.pubsub.message)\r\n"
      let expected = exchanges.map { $0.reply == "" ? refusal : $0.reply == "none" ? "" : $0.reply }
      try client.send(exchanges.map(\.request).joined())
      for reply in expected where !reply.isEmpty { #expect(try client.reply() == reply) }
      // The same, a byte at a time.
      for byte in exchanges.map(\.request).joined().utf8 { try client.send([byte]) }
      for reply in expected where !reply.isEmpty { #expect(try client.reply() == reply) }
    }
  }

  @Test func everyRefusedCommandSaysWhy() async throws {
    let refused = CommandTable.shared.specs.compactMap { spec -> (words: [String], message: String)? in
      guard case .refused(let refusal) = spec.scope else { return nil }
      var words = spec.name.split(separator: "|").map(String.init)
      // A container alone is not enough arguments for itself.
      while !spec.accepts(count: words.count) { words.append("x") }
      return spec.isContainer ? nil : (words, refusal.message)
    }
    #expect(refused.count > 90)
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      for (words, message) in refused {
        try client.send(words.joined(separator: " ") + "\r\n")
        #expect(try client.reply() == "-\(message)\r\n", "\(words)")
      }
      #expect(try client.ask("OBJECT", "NOPE", "a") == "-ERR unknown subcommand 'NOPE'. Try OBJECT HELP.\r\n")
      #expect(try client.ask("PING") == "+PONG\r\n")
    }
  }

  @Test func ordersOfTheControlPortAreToldWhereItIs() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let client = try bench.client()
      for word in ["ROLLBACK", "rearm", "Stage", "RAMP", "STATUS"] {
        let reply = try client.ask(word, "why")
        #expect(
          reply.hasPrefix("-ERR sluice: \(word.uppercased()) is an order of the control port"), "\(reply)")
      }
      #expect(try client.ask("ROLLBACKS", "why").contains("control port") == false)
    }
  }

  @Test func refusedOptions() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      for (request, refusal) in [
        ("XREAD BLOCK 0 STREAMS s 0\r\n", Refusal.blocking), ("COPY a b DB 1\r\n", .database),
        ("SORT a BY w_*\r\n", .sortPattern),
      ] {
        try client.send(request)
        #expect(try client.reply() == "-\(refusal.message)\r\n")
      }
    }
  }

  @Test func thePasswordOpensTheDoor() async throws {
    var settings = ProxySettings()
    settings.password = DoorPassword(Array("secret".utf8))
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let client = try bench.client()
      let closed = "-NOAUTH Authentication required.\r\n"
      let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
      #expect(try client.ask("GET", "a") == closed)
      #expect(try client.ask("PING") == closed)
      #expect(try client.ask("SUBSCRIBE", "a") == closed)
      #expect(try client.ask("HELLO", "2").hasPrefix("-NOAUTH HELLO must be called"))
      #expect(try client.ask("AUTH", "wrong") == wrong)
      #expect(try client.ask("AUTH", "secre") == wrong)
      #expect(try client.ask("AUTH", "somebody", "secret") == wrong)
      #expect(try client.ask("HELLO", "2", "AUTH", "default", "wrong") == wrong)
      #expect(try client.ask("GET", "a") == closed)
      #expect(try client.ask("AUTH", "secret") == "+OK\r\n")
      #expect(try client.ask("SET", "a", String(repeating: "x", count: 20_000)) == "+OK\r\n")
      let hello = try bench.client()
      #expect(try hello.ask("HELLO", "2", "AUTH", "default", "secret", "SETNAME", "me").hasPrefix("*14\r\n"))
      #expect(try hello.ask("CLIENT", "GETNAME") == "$2\r\nme\r\n")
      // In one packet, as libraries do it.
      let eager = try bench.client()
      try eager.send("AUTH secret\r\nECHO \(String(repeating: "y", count: 17_000))\r\nPING\r\n")
      #expect(try eager.reply() == "+OK\r\n")
      #expect(try eager.reply().utf8.count == 17_000 + 10)
      #expect(try eager.reply() == "+PONG\r\n")
      let flood = try bench.client()
      try flood.send("*2\r\n$4\r\nAUTH\r\n$16385\r\n")
      #expect(try flood.untilClosed().hasPrefix("-ERR Protocol error: "))
      let many = try bench.client()
      try many.send("*11\r\n")
      #expect(try many.untilClosed().hasPrefix("-ERR Protocol error: "))
    }
  }

  // MARK: The whole key space

  @Test(arguments: [1, 2]) func keyspaceCommandsSeeOneCache(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    for stage in [Stage.off, .dualwrite, .shadow, .live, .rampdown, .complete] {
      try await Bench.runMemory(settings, routing: .at(stage)) { bench in
        let client = try bench.client()
        #expect(try client.ask("DBSIZE") == ":0\r\n")
        #expect(try client.ask("RANDOMKEY") == "$-1\r\n")
        var keys = Set<String>()
        for number in 0..<50 {
          keys.insert("k\(number)")
          #expect(try client.ask("SET", "k\(number)", "v") == "+OK\r\n")
        }
        bench.settle()
        #expect(try client.ask("DBSIZE") == ":50\r\n", "\(stage)")
        #expect(try TranscriptTests.words(client.ask("KEYS", "*")).sorted() == keys.sorted(), "\(stage)")
        #expect(keys.contains(try TranscriptTests.words(client.ask("RANDOMKEY")).first ?? ""))
        var found: [String] = []
        var cursor = "0"
        repeat {
          var words = try TranscriptTests.words(client.ask("SCAN", cursor, "COUNT", "7"))
          cursor = words.removeFirst()
          found += words
        } while cursor != "0"
        #expect(Set(found) == keys, "\(stage)")
        #expect(try client.ask("SCAN", "x") == "-ERR invalid cursor\r\n")
        #expect(try client.ask("FLUSHDB") == "+OK\r\n")
        #expect(try client.ask("DBSIZE") == ":0\r\n", "\(stage)")
        #expect(try client.ask("KEYS", "*") == "*0\r\n")
      }
    }
  }

  /// All bulk strings of a reply, whatever they are nested in.
  private static func words(_ reply: String) -> [String] {
    reply.components(separatedBy: "\r\n").filter { !$0.isEmpty && !"*$:".contains($0.prefix(1)) }
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
