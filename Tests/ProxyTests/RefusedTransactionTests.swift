import SluiceCommands
import SluiceProxy
import SluiceRouting
import Testing

/// A refusal on which others depend is whole (law 8): nothing of what belongs to it is carried out, and the client's replies stay in
/// step. What is not about the refusal itself is byte by byte what Redis 7.0.15 answers.
@Suite(.serialized) struct RefusedTransactionTests {
  private static let abort =
    "-EXECABORT \(Refusal.transaction.message.dropFirst(4)); nothing of it was executed\r\n"
  private static let spoiled = "-EXECABORT Transaction discarded because of previous errors.\r\n"
  private static let nested = "-ERR MULTI calls can not be nested\r\n"
  private static let watchInside = "-ERR WATCH inside MULTI is not allowed\r\n"

  static let transcripts: [(request: String, reply: String)] = [
    ("MULTI\r\nSET a 1\r\nGET a\r\nEXEC\r\nGET a\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n\(abort)$-1\r\n"),
    ("MULTI\r\nEXEC\r\n", "+OK\r\n*0\r\n"),
    (
      "MULTI\r\nMULTI\r\nWATCH a\r\nGET\r\nNOPE\r\nSET a 1\r\nEXEC\r\nGET a\r\n",
      "+OK\r\n\(nested)\(watchInside)-ERR wrong number of arguments for 'get' command\r\n"
        + "-ERR unknown command 'NOPE', with args beginning with: \r\n+QUEUED\r\n\(spoiled)$-1\r\n"
    ),
    ("MULTI\r\nMULTI\r\nWATCH a\r\nEXEC\r\n", "+OK\r\n\(nested)\(watchInside)*0\r\n"),
    ("EXEC\r\nDISCARD\r\nUNWATCH\r\n", "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n+OK\r\n"),
    (
      "MULTI\r\nEXEC x\r\nEXEC\r\n",
      "+OK\r\n-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"
        + "-ERR EXEC without MULTI\r\n"
    ),
    (
      "MULTI\r\nDISCARD x\r\nDISCARD\r\n",
      "+OK\r\n-ERR wrong number of arguments for 'discard' command\r\n+OK\r\n"
    ),
    (
      "MULTI\r\nMULTI x\r\nEXEC\r\n",
      "+OK\r\n-ERR wrong number of arguments for 'multi' command\r\n\(spoiled)"
    ),
    ("MULTI\r\nSET a 1\r\nDISCARD\r\nGET a\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n$-1\r\n"),
    ("MULTI\r\nRESET\r\nEXEC\r\nGET a\r\n", "+OK\r\n+RESET\r\n-ERR EXEC without MULTI\r\n$-1\r\n"),
    (
      "MULTI\r\nSUBSCRIBE a\r\nSELECT 3\r\nDISCARD\r\nGET a\r\n",
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n$-1\r\n"
    ),
    (
      "MULTI\r\nCLIENT FOO\r\nEXEC\r\n",
      "+OK\r\n-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n\(spoiled)"
    ),
    ("MULTI\r\nSAVE\r\nEXEC\r\n", "+OK\r\n-ERR Command not allowed inside a transaction\r\n\(spoiled)"),
    (
      "MULTI\r\nNOPE \(String(repeating: "x", count: 200)) y\r\nDISCARD\r\n",
      "+OK\r\n-ERR unknown command 'NOPE', with args beginning with: '\(String(repeating: "x", count: 128))' \r\n+OK\r\n"
    ),
    (
      "MULTI\r\nHELLO 2\r\nAUTH a\r\nWAIT 1 0\r\nBLPOP a 0\r\nEVAL\r\nDISCARD\r\n",
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n-ERR wrong number of arguments for 'eval' command\r\n+OK\r\n"
    ),
    (
      "MULTI\r\nFLUSHALL\r\nMSET a 1 b 2\r\nEXEC\r\nGET kept\r\n",
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n\(abort)$1\r\n1\r\n"
    ),
    ("WATCH a\r\nGET a\r\nUNWATCH\r\n", "-\(Refusal.transaction.message)\r\n$-1\r\n+OK\r\n"),
  ]

  @Test(arguments: [1, 2]) func everyWordIsInItsPlace(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runMemory(settings, routing: .at(.live)) { bench in
      #expect(try bench.client().ask("SET", "kept", "1") == "+OK\r\n")
      for (request, reply) in RefusedTransactionTests.transcripts {
        try RefusedTransactionTests.expect(reply, to: request, bench)
      }
    }
  }

  /// Says it in one go, and then a byte at a time; the connection is in step afterwards.
  static func expect(_ reply: String, to request: String, _ bench: Bench) throws {
    for whole in [true, false] {
      let client = try bench.client()
      let said = request + "ECHO end\r\n"
      if whole { try client.send(said) } else { for byte in said.utf8 { try client.send([byte]) } }
      var heard = ""
      while !heard.hasSuffix("$3\r\nend\r\n") { heard += try client.reply() }
      #expect(heard == reply + "$3\r\nend\r\n", "\(request.debugDescription)")
    }
  }

  /// Who goes in the midst of a transaction has done nothing.
  @Test func whoHangsUpInATransactionHasDoneNothing() async throws {
    try await Bench.runMemory(routing: .at(.dualwrite)) { bench in
      let asking = try bench.client()
      for end in ["", "QUIT\r\n", "*1\r\n$x\r\n"] {
        let client = try bench.client()
        try client.send("MULTI\r\nSET a 1\r\n\(end)")
        #expect(try client.reply() == "+OK\r\n")
        #expect(try client.reply() == "+QUEUED\r\n")
        client.close()
        #expect(try asking.ask("GET", "a") == "$-1\r\n")
      }
      let quitting = try bench.client()
      try quitting.send("MULTI\r\nSET a 1\r\nQUIT\r\nSET a 2\r\n")
      #expect(try quitting.untilClosed() == "+OK\r\n+QUEUED\r\n+OK\r\n")
      #expect(try asking.ask("GET", "a") == "$-1\r\n")
    }
  }

  /// What go-redis 9 says and does: it greets, sends a transaction in one piece, stops reading at the first error and says its next
  /// command on the same connection. With a refused `MULTI` that one's reply was another key's.
  @Test func goRedisIsNeverGivenAnotherKeysValue() async throws {
    try await Bench.runMemory(routing: .at(.shadow)) { bench in
      let writer = try bench.client()
      for number in 0..<8 { _ = try writer.ask("SET", "user:\(number)", "value-of-user-\(number)") }
      let clients = try (0..<4).map { _ in try GoRedis(bench.client()) }
      for round in 0..<100 {
        for (number, client) in clients.enumerated() {
          let (first, second, wanted) = (round % 8, (round + 1) % 8, (round + number + 2) % 8)
          let error = try client.transaction("user:\(first)", "user:\(second)")
          #expect(error == RefusedTransactionTests.abort)
          #expect(
            try client.get("user:\(wanted)")
              == "$15\r\nvalue-of-user-\(wanted)\r\n")
        }
      }
      #expect(bench.figures().refusals.ranked.map(\.tally.count) == [400, 4])
    }
  }
}

/// One pooled connection of go-redis 9.22, byte for byte.
private struct GoRedis {
  let socket: TestSocket

  init(_ socket: TestSocket) throws {
    self.socket = socket
    try socket.send("*2\r\n$5\r\nhello\r\n$1\r\n3\r\n")
    let greeting = try socket.reply()
    guard greeting.hasPrefix("-") else { return }
    try socket.send(
      "*4\r\n$6\r\nclient\r\n$7\r\nsetinfo\r\n$8\r\nLIB-NAME\r\n$19\r\ngo-redis(,go1.25.4)\r\n"
        + "*4\r\n$6\r\nclient\r\n$7\r\nsetinfo\r\n$7\r\nLIB-VER\r\n$6\r\n9.22.0\r\n")
    _ = (try socket.reply(), try socket.reply())
  }

  /// `TxPipelined` of two `GET`s: the error it raises, or nil. It reads no further than the first error that it has not queued for.
  func transaction(_ first: String, _ second: String) throws -> String? {
    try socket.send(
      "*1\r\n$5\r\nmulti\r\n\(GoRedis.get(first))\(GoRedis.get(second))*1\r\n$4\r\nexec\r\n")
    let multi = try socket.reply()
    if multi.hasPrefix("-") { return multi }
    for _ in 0..<2 { _ = try socket.reply() }
    let exec = try socket.reply()
    return exec.hasPrefix("-") ? exec : nil
  }

  func get(_ key: String) throws -> String {
    try socket.send(GoRedis.get(key))
    return try socket.reply()
  }

  private static func get(_ key: String) -> String {
    "*2\r\n$3\r\nget\r\n$\(key.utf8.count)\r\n\(key)\r\n"
  }
}
