import SluiceCommands
import SluiceProxy
import SluiceRouting
import Testing

/// Behind a refused `SELECT` nothing is carried out in the database that the client did not mean.
@Suite(.serialized) struct RefusedSelectTests {
  private static let select = "-\(Refusal.select.message)\r\n"
  private static let behind = "-\(Refusal.behindSelect.message)\r\n"
  private static let abort =
    "-EXECABORT \(Refusal.behindSelect.message.dropFirst(4)); nothing of it was executed\r\n"

  private static let transcripts: [(request: String, reply: String)] = [
    ("SELECT 3\r\nSET k of-3\r\nGET k\r\nFLUSHDB\r\nDBSIZE\r\n", select + behind + behind + behind + behind),
    (
      "SELECT 1\r\nPING\r\nINFO\r\nCLIENT ID\r\nNOPE a\r\nGET\r\n",
      select + behind + behind + behind + behind + behind
    ),
    ("SELECT 3\r\nSELECT 0\r\nGET k\r\n", "\(select)+OK\r\n$4\r\nof-0\r\n"),
    (
      "SELECT 3\r\nSELECT 4\r\nSELECT x\r\nGET k\r\n",
      "\(select)\(select)-ERR value is not an integer or out of range\r\n\(behind)"
    ),
    ("SELECT x\r\nGET k\r\n", "-ERR value is not an integer or out of range\r\n$4\r\nof-0\r\n"),
    ("SELECT -1\r\nGET k\r\n", select + behind),
    ("SELECT 3\r\nRESET\r\nGET k\r\n", "\(select)+RESET\r\n$4\r\nof-0\r\n"),
    (
      "SELECT 3\r\nMULTI\r\nFLUSHDB\r\nEXEC\r\nGET k\r\n", "\(select)+OK\r\n+QUEUED\r\n\(abort)\(behind)"
    ),
    ("SELECT 3\r\nAUTH default x\r\nGET k\r\n", "\(select)+OK\r\n\(behind)"),
    // The replies stay in step also where the client wants none.
    ("SELECT 3\r\nCLIENT REPLY SKIP\r\nSET k of-3\r\nGET k\r\n", "\(select)\(behind)"),
  ]

  @Test(arguments: [1, 2]) func nothingHappensInDatabase0(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    try await Bench.runMemory(settings, routing: .at(.live)) { bench in
      let asking = try bench.client()
      #expect(try asking.ask("SET", "k", "of-0") == "+OK\r\n")
      for (request, reply) in RefusedSelectTests.transcripts {
        // No ECHO behind it: that is refused too.
        let client = try bench.client()
        try client.send(request + "QUIT\r\n")
        #expect(try client.untilClosed() == reply + "+OK\r\n", "\(request.debugDescription)")
        #expect(try asking.ask("GET", "k") == "$4\r\nof-0\r\n", "\(request.debugDescription)")
      }
      let hello = try bench.client()
      #expect(try hello.ask("SELECT", "3") == RefusedSelectTests.select)
      #expect(try hello.ask("HELLO", "2").hasPrefix("*14\r\n"))
      #expect(try hello.ask("GET", "k") == RefusedSelectTests.behind)
    }
  }
}
