import SluiceCommands
import SluiceProxy
import SluiceRouting
import Testing

/// What clients ask of a server: who they are, what it is, and whether it is there.
@Suite(.serialized) struct WhatClientsAskTests {
  /// In the order of Redis 7.0.
  private static let fields = [
    "id", "addr", "laddr", "fd", "name", "age", "idle", "flags", "db", "sub", "psub", "ssub", "multi", "qbuf",
    "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem", "tot-mem", "events", "cmd",
    "user",
    "redir", "resp",
  ]

  @Test func clientInfoHasItsFields() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      _ = try client.ask("CLIENT", "SETNAME", "me")
      _ = try client.ask("CLIENT", "SETINFO", "LIB-NAME", "redis-py")
      _ = try client.ask("CLIENT", "SETINFO", "lib-ver", "5.0.8")
      let line = WhatClientsAskTests.lines(try client.ask("CLIENT", "INFO"))[0]
      let said = line.split(separator: " ").map { $0.split(separator: "=", omittingEmptySubsequences: false) }
      #expect(said.prefix(28).map { String($0[0]) } == WhatClientsAskTests.fields)
      let value = Dictionary(
        uniqueKeysWithValues: said.map { (String($0[0]), $0.dropFirst().joined(separator: "=")) })
      for (name, expected) in [
        ("name", "me"), ("flags", "N"), ("db", "0"), ("multi", "-1"), ("cmd", "client|info"),
        ("user", "default"),
        ("redir", "-1"), ("resp", "2"), ("lib-name", "redis-py"), ("lib-ver", "5.0.8"), ("events", "r"),
      ] {
        #expect(value[name] == expected, "\(name)")
      }
      #expect(value["laddr"] == "127.0.0.1:\(bench.port)")
      for name in ["id", "fd", "age", "idle", "sub", "qbuf", "obl", "oll", "omem", "tot-mem", "multi-mem"] {
        #expect(value[name].flatMap { Int($0) } != nil, "\(name)")
      }
      // Seen by another one, in a transaction and behind a command that has not ended.
      try client.send("MULTI\r\nSET a b\r\n*2\r\n$3\r\nGET\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try client.reply() == "+QUEUED\r\n")
      let other = try bench.client()
      let seen = try other.ask("CLIENT", "LIST", "ID", "1")
      for field in [" flags=x ", " multi=1 ", " cmd=set ", " qbuf=13 "] {
        #expect(seen.contains(field), "\(seen)")
      }
    }
  }

  @Test(arguments: [1, 2]) func clientListFilters(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let clients = try (0..<4).map { _ in try bench.client() }
      let ids = try clients.map { try $0.ask("CLIENT", "ID").filter(\.isNumber) }
      func listed(_ words: String...) throws -> [String] {
        WhatClientsAskTests.lines(try clients[0].ask(["CLIENT", "LIST"] + words)).map {
          String($0.split(separator: " ")[0].dropFirst("id=".count))
        }
      }
      let all = ids.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
      #expect(try listed() == all)
      #expect(try listed("TYPE", "normal") == all)
      for type in ["pubsub", "master", "replica", "slave"] { #expect(try listed("type", type) == []) }
      #expect(try listed("ID", ids[2], "99", ids[0], ids[2]) == [ids[2], ids[0], ids[2]])
    }
  }

  private static let transcript: [(request: String, reply: String)] = [
    ("CLIENT LIST FOO\r\n", "-ERR syntax error\r\n"), ("CLIENT LIST TYPE\r\n", "-ERR syntax error\r\n"),
    ("CLIENT SETINFO foo x\r\n", "-ERR Unrecognized option 'foo'\r\n"),
    (
      "CLIENT SETINFO lib-name \"a b\"\r\n",
      "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n"
    ),
    (
      "CLIENT SETINFO LIB-VER \"1\\n2\"\r\n",
      "-ERR LIB-VER cannot contain spaces, newlines or special characters.\r\n"
    ),
    ("CLIENT SETINFO lib-ver \"\"\r\n", "+OK\r\n"),
    ("CLIENT SETINFO lib-name\r\n", "-ERR wrong number of arguments for 'client|setinfo' command\r\n"),
    ("CLIENT FOO\r\n", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n"),
    ("client foo bar\r\n", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n"),
    ("CLIENT \"a\\r\\nb\"\r\n", "-ERR unknown subcommand 'a  b'. Try CLIENT HELP.\r\n"),
    ("CONFIG FOO\r\n", "-ERR unknown subcommand 'FOO'. Try CONFIG HELP.\r\n"),
    ("xinfo foo\r\n", "-ERR unknown subcommand 'foo'. Try XINFO HELP.\r\n"),
    ("CLUSTER foo\r\n", "-ERR unknown subcommand 'foo'. Try CLUSTER HELP.\r\n"),
    ("CLIENT\r\n", "-ERR wrong number of arguments for 'client' command\r\n"),
    ("WAIT 0 0\r\n", ":0\r\n"), ("WAIT -1 0\r\n", ":0\r\n"), ("WAIT 0 1000\r\n", ":0\r\n"),
    ("WAIT 1 0\r\n", "-\(Refusal.replication.message)\r\n"),
    ("WAIT x 0\r\n", "-ERR value is not an integer or out of range\r\n"),
    ("WAIT 0 x\r\n", "-ERR timeout is not an integer or out of range\r\n"),
    ("WAIT 0 -1\r\n", "-ERR timeout is negative\r\n"),
    ("WAIT 0\r\n", "-ERR wrong number of arguments for 'wait' command\r\n"),
    ("COPY a b DB\r\n", "-ERR syntax error\r\n"), ("COPY a b FOO\r\n", "-ERR syntax error\r\n"),
    ("COPY a b DB x\r\n", "-ERR value is not an integer or out of range\r\n"),
    ("COPY a b DB 3\r\n", "-\(Refusal.database.message)\r\n"),
  ]

  @Test func inRedissOwnWords() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      for (request, reply) in WhatClientsAskTests.transcript {
        try client.send(request)
        #expect(try client.reply() == reply, "\(request.debugDescription)")
      }
    }
  }

  /// The database that clients call 0 may be another one at the stack: the stack is not told of a number.
  @Test func aCopyInsideTheServedDatabaseIsCarried() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, script in
      let client = try bench.client()
      try client.send(command: "COPY", "a", "b", "DB", "0", "REPLACE")
      #expect(try script.legacy.command() == ["COPY", "a", "b", "REPLACE"])
      try script.legacy.send(":1\r\n")
      #expect(try client.reply() == ":1\r\n")
    }
  }

  @Test func anAnswerAboutTheServerThatNeverComesIsNoWrite() async throws {
    for question in [["INFO"], ["TIME"], ["CONFIG", "GET", "save"], ["COMMAND", "COUNT"], ["DBSIZE"]] {
      try await Bench.runScripted(routing: .at(.off), timeout: 50_000_000) { bench, script in
        let client = try bench.client()
        let reply = try client.ask(question)
        #expect(reply.hasPrefix("-STACKDOWN"), "\(reply)")
        #expect(!reply.contains("may or may not"), "\(reply)")
      }
    }
  }

  /// Bulk string with lines, taken apart.
  private static func lines(_ reply: String) -> [String] {
    reply.split(separator: "\r\n").dropFirst().joined().split(separator: "\n").map(String.init)
  }
}
