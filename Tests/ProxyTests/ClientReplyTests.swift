import SluiceProxy
import SluiceRouting
import Testing

/// `CLIENT REPLY OFF|SKIP|ON`, as Redis 7.0.15 does it.
@Suite(.serialized) struct ClientReplyTests {
  private static let transcripts: [(request: String, reply: String)] = [
    ("CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\n", "$1\r\n1\r\n"),
    ("CLIENT REPLY OFF\r\nSET a 2\r\nGET a\r\nCLIENT REPLY ON\r\nGET a\r\n", "+OK\r\n$1\r\n2\r\n"),
    ("CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n", "+OK\r\n+PONG\r\n"),
    ("CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\n", "+PONG\r\n"),
    ("CLIENT REPLY SKIP\r\nSUBSCRIBE a\r\nPING\r\n", "+PONG\r\n"),
    ("CLIENT REPLY SKIP\r\nGET\r\nPING\r\n", "+PONG\r\n"),
    ("CLIENT REPLY FOO\r\n", "-ERR syntax error\r\n"),
    ("CLIENT REPLY SKIP\r\nCLIENT REPLY FOO\r\nPING\r\n", "+PONG\r\n"),
    ("CLIENT REPLY OFF\r\nRESET\r\nPING\r\n", "+RESET\r\n+PONG\r\n"),
    ("CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n", "+PONG\r\n"),
    ("CLIENT REPLY SKIP\r\nCLIENT REPLY OFF\r\nCLIENT REPLY ON\r\n", "+OK\r\n"),
    ("MULTI\r\nCLIENT REPLY SKIP\r\nDISCARD\r\nPING\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n+PONG\r\n"),
    ("CLIENT REPLY SKIP\r\nMULTI\r\nSET a 3\r\nDISCARD\r\nGET a\r\n", "+QUEUED\r\n+OK\r\n$1\r\n2\r\n"),
    // Commands of several keys, of all lanes, of the whole key space and of nobody: none of them loses its place.
    (
      "SET b 0\r\nCLIENT REPLY SKIP\r\nMSET b 1 c 2 d 3 e 4\r\nMGET b c d e\r\n",
      "+OK\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n"
    ),
    ("GET b\r\nCLIENT REPLY SKIP\r\nFLUSHDB\r\nDBSIZE\r\n", "$1\r\n1\r\n:0\r\n"),
    (
      "CLIENT REPLY SKIP\r\nINFO\r\nCLIENT REPLY SKIP\r\nDBSIZE\r\nCLIENT REPLY SKIP\r\nCLIENT LIST\r\nPING\r\n",
      "+PONG\r\n"
    ),
    ("CLIENT REPLY SKIP\r\nECHO \(String(repeating: "x", count: 70000))\r\nGET b\r\n", "$-1\r\n"),
  ]

  @Test(arguments: [1, 2]) func asRedis(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    for stage in [Stage.dualwrite, .live] {
      try await Bench.runMemory(settings, routing: .at(stage)) { bench in
        for (request, reply) in ClientReplyTests.transcripts {
          let client = try bench.client()
          try client.send(request + "ECHO end\r\n")
          var heard = ""
          while !heard.hasSuffix("$3\r\nend\r\n") { heard += try client.reply() }
          #expect(heard == reply + "$3\r\nend\r\n", "\(stage) \(request.prefix(200).debugDescription)")
        }
      }
    }
  }

  /// Many commands without a reply among those with one.
  @Test func nothingIsCarriedOutTwiceOrNotAtAll() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let client = try bench.client()
      for round in 1...20 {
        try client.send("CLIENT REPLY OFF\r\n" + String(repeating: "INCR n\r\nINCR m\r\n", count: 500))
        try client.send("CLIENT REPLY ON\r\nGET n\r\nGET m\r\n")
        let count = "\(round * 500)"
        let bulk = "$\(count.utf8.count)\r\n\(count)\r\n"
        #expect(try [client.reply(), client.reply(), client.reply()] == ["+OK\r\n", bulk, bulk])
      }
      try client.send("CLIENT REPLY OFF\r\nSET n end\r\nQUIT\r\n")
      #expect(try client.untilClosed() == "")
      #expect(try bench.client().ask("GET", "n") == "$3\r\nend\r\n")
    }
  }
}
