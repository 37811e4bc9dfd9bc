import Foundation
import SluiceProxy
import SluiceRESP
import SluiceRouting
import Testing

/// Clients that do what no client should: the others must not notice, and the cost must stay bounded.
@Suite(.serialized) struct HostileClientTests {
  private static func pings(_ bench: Bench) throws { #expect(try bench.client().ask("PING") == "+PONG\r\n") }

  @Test(arguments: ["*", "*3\r\n$3\r\nSET\r\n", "SET a", "*2\r\n$3\r\nGET\r\n$1000\r\nabc"])
  func aCommandThatNeverEndsIsCutOff(_ beginning: String) async throws {
    var settings = ProxySettings()
    settings.unfinishedCommand = 100_000_000
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let client = try bench.client()
      #expect(try client.ask("PING") == "+PONG\r\n")
      try client.send(beginning)
      #expect(try client.untilClosed() == "")
      #expect(eventually { bench.health().first?.clientsCutOff == 1 })
      try HostileClientTests.pings(bench)
    }
  }

  /// One command after the other is finished, though every packet ends in the middle of one.
  @Test func whoFinishesCommandsIsNotCutOff() async throws {
    var settings = ProxySettings()
    settings.unfinishedCommand = 1_000_000_000
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let client = try bench.client()
      let end = Date(timeIntervalSinceNow: 3)
      try client.send("PI")
      while Date() < end {
        try client.send("NG\r\nPI")
        #expect(try client.reply() == "+PONG\r\n")
        poll(nil, 0, 10)
      }
      #expect(bench.health().first?.clientsCutOff == 0)
    }
  }

  @Test func whoReadsNothingIsCutOffAtTheBound() async throws {
    var settings = ProxySettings()
    settings.clientOutputBytes = 4 << 20
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let writer = try bench.client()
      #expect(try writer.ask("SET", "big", String(repeating: "x", count: 1 << 20)) == "+OK\r\n")
      let client = try bench.client(receiveBuffer: 1 << 14)
      let before = residentBytes()
      for _ in 0..<200 { try client.send("GET big\r\n") }
      #expect(eventually { bench.health().first?.clientsCutOff == 1 })
      // 200 MiB were asked for.
      #expect(residentBytes() - before < 100 << 20)
      #expect(try writer.ask("PING") == "+PONG\r\n")
    }
  }

  @Test func whoStallsIsCutOff() async throws {
    var settings = ProxySettings()
    settings.clientStall = 100_000_000
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let writer = try bench.client()
      #expect(try writer.ask("SET", "big", String(repeating: "x", count: 1 << 20)) == "+OK\r\n")
      let client = try bench.client(receiveBuffer: 1 << 14)
      for _ in 0..<12 { try client.send("GET big\r\n") }
      #expect(eventually { bench.health().first?.clientsCutOff == 1 })
      try HostileClientTests.pings(bench)
    }
  }

  @Test func aThousandCommandsWithoutReading() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let client = try bench.client()
      let count = 5000
      let commands = (0..<count).map { "SET k\($0 % 50) \($0)\r\nGET k\($0 % 50)\r\nECHO \($0)\r\n" }
      // Sent by another thread: the proxy reads only so far ahead as `pipeline` says.
      let thread = Thread { try? client.send(commands.joined()) }
      thread.start()
      for number in 0..<count {
        let value = "$\("\(number)".count)\r\n\(number)\r\n"
        #expect(try client.reply() == "+OK\r\n")
        #expect(try client.reply() == value)
        #expect(try client.reply() == value)
      }
    }
  }

  @Test func whatWasSentBeforeTheEndIsAnswered() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let client = try bench.client()
      try client.send("SET a 1\r\nGET a\r\nFLUSHALL\r\nGET a\r\nPING\r\n")
      client.finishSending()
      #expect(try client.untilClosed() == "+OK\r\n$1\r\n1\r\n+OK\r\n$-1\r\n+PONG\r\n")
      let many = try bench.client()
      let count = 10_000
      try many.send((0..<count).map { "GET none\($0)\r\n" }.joined())
      many.finishSending()
      #expect(try many.untilClosed().utf8.count == count * 5)
    }
  }

  /// A queue that stopped one client must not keep another waiting for ever.
  @Test func whoWaitsForTwoReasonsGoesOn() async throws {
    var settings = ProxySettings()
    settings.pipeline = 8
    let routing = RoutingSnapshot.at(.live, 50)
    try await Bench.runScripted(settings, routing: routing) { bench, stacks in
      let young = routing.keys(1, on: .new)[0]
      let old = routing.keys(1, on: .legacy)[0]
      let patient = try bench.client()
      try patient.send(String(repeating: "GET \(young)\r\n", count: 20))
      for _ in 0..<8 { #expect(try stacks.new.command() == ["GET", young]) }
      bench.settle()
      #expect(try stacks.new.commandsNow() == [], "no more than `pipeline` are in flight")
      let heavy = try bench.client()
      let sender = Thread {
        try? heavy.send(
          InlineRequest.frame(of: [
            Array("SET".utf8), Array(old.utf8), Array(repeating: 0x78, count: 70 << 20),
          ]))
      }
      sender.start()
      let set = try stacks.legacy.command()
      #expect(set.count == 3)
      // All replies at once, while the lane is congested by the other client.
      try stacks.new.send(String(repeating: "$-1\r\n", count: 8))
      for _ in 0..<8 { #expect(try patient.reply() == "$-1\r\n") }
      bench.settle()
      try stacks.legacy.send("+OK\r\n")
      #expect(try heavy.reply() == "+OK\r\n")
      var answered = 8
      while answered < 20 {
        let command = try stacks.new.command()
        try stacks.new.send(command[0] == "GET" ? "$-1\r\n" : "+OK\r\n")
        guard command[0] == "GET" else { continue }
        #expect(try patient.reply() == "$-1\r\n")
        answered += 1
      }
    }
  }

  @Test func garbageIsAnsweredAndClosed() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let garbage: [(bytes: String, answer: String)] = [
        ("*1\r\n$4\r\nPING\r\n*1\r\n!\r\n", "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n"),
        ("*99999999999999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*2000000000\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*1\r\n$99999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("PING \"\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
        (String(repeating: "x", count: 100_000), "-ERR Protocol error: too big inline request\r\n"),
      ]
      for (bytes, answer) in garbage {
        let client = try bench.client()
        try client.trySend(Array(bytes.utf8))
        let heard = try client.untilClosed()
        // What was sent after the error makes the kernel reset the connection, and the answer may be lost with it.
        #expect(
          heard == answer || (bytes.count > 16_384 && heard.isEmpty), "\(bytes.prefix(30).debugDescription)")
      }
      // Replies that are due come before the error.
      let client = try bench.client()
      try client.send("SET k0 1\r\nGET k0\r\nGET k1\r\n*1\r\nX")
      #expect(
        try client.untilClosed() == "+OK\r\n$1\r\n1\r\n$-1\r\n-ERR Protocol error: expected '$', got 'X'\r\n")
    }
  }

  @Test func comingAndGoingInTheMiddleOfThings() async throws {
    try await Bench.runMemory(routing: .at(.live)) { bench in
      let steady = try bench.client()
      let pieces = [
        "*3\r\n$3\r\nSET\r\n$1\r\na", "GET k1\r\nGET k2\r\n", "MGET k1 k2 k3 k4\r\n", "FLUSHALL\r\nGET a\r\n",
        "", "\r\n",
        "SCAN 0\r\nKEYS *\r\n",
      ]
      for round in 0..<300 {
        let client = try bench.client()
        try client.trySend(Array(pieces[round % pieces.count].utf8))
        if round % 2 == 0 { client.reset() } else { client.close() }
        #expect(try steady.ask("ECHO", "\(round)") == "$\("\(round)".count)\r\n\(round)\r\n")
      }
      #expect(eventually { bench.health().first?.clients == 1 })
    }
  }

  @Test func repliesToOthersStayRightWhenOneLeaves() async throws {
    let routing = RoutingSnapshot.at(.off)
    try await Bench.runScripted(routing: routing) { bench, stacks in
      let stays = try bench.client()
      let leaves = try bench.client()
      for number in 0..<10 {
        try (number % 2 == 0 ? leaves : stays).send(command: "GET", "k\(number)")
        #expect(try stacks.legacy.command() == ["GET", "k\(number)"])
      }
      leaves.reset()
      #expect(eventually { bench.health().first?.clients == 1 })
      for number in 0..<10 { try stacks.legacy.send("$2\r\nv\(number)\r\n") }
      for number in [1, 3, 5, 7, 9] { #expect(try stays.reply() == "$2\r\nv\(number)\r\n") }
    }
  }

  @Test func oneClientTooManyIsTurnedAway() async throws {
    var settings = ProxySettings()
    settings.maximumClients = 3
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      var clients = try (0..<3).map { _ in try bench.client() }
      for client in clients { #expect(try client.ask("PING") == "+PONG\r\n") }
      for _ in 0..<3 { #expect(try bench.client().untilClosed() == "-ERR max number of clients reached\r\n") }
      clients.removeLast().close()
      #expect(
        try eventually {
          let client = try bench.client()
          return (try? client.ask("PING")) == "+PONG\r\n"
        })
    }
  }

  @Test func whoSaysNothingIsClosedIfToldSo() async throws {
    var settings = ProxySettings()
    settings.clientIdle = 100_000_000
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let client = try bench.client()
      #expect(try client.ask("PING") == "+PONG\r\n")
      #expect(try client.untilClosed() == "")
    }
  }

  @Test func inlineCommandsOfManyWordsAreAnswered() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    settings.limits = FrameLimits(arguments: 16)
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      for round in 0..<8 {
        let client = try bench.client()
        let words = (0..<30).map { "{\(round)}\($0)" }.joined(separator: " ")
        try client.send("DEL \(words)\r\n")
        // Too many for the lane that it crosses to: told, not dropped.
        #expect(try client.reply() == "-ERR Protocol error: invalid multibulk length\r\n")
      }
    }
  }
}

/// Memory of this process that is really there, in bytes.
private func residentBytes() -> Int {
  let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}
