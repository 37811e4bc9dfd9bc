import Foundation
import SluiceProxy
import SluiceRESP
import SluiceRouting
import Testing

/// A busy stack is not a dead one: a deadline counts silence on the link, not the time to the last byte.
@Suite(.serialized) struct BusyLinkTests {
  /// Long enough that a busy machine does not keep a test's thread from moving in time.
  private static let patience: Int64 = 1_000_000_000

  /// Calls `step` until the time is over, with a pause that is far shorter than the deadline.
  private static func keepMoving(for seconds: Double, _ step: () throws -> Void) rethrows {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      try step()
      poll(nil, 0, 20)
    }
  }

  @Test func aReplyThatFlowsIsNotCut() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: BusyLinkTests.patience) { bench, stacks in
      let client = try bench.client()
      let other = try bench.client()
      try client.send(command: "GET", "big")
      #expect(try stacks.legacy.command() == ["GET", "big"])
      try other.send(command: "GET", "small")
      #expect(try stacks.legacy.command() == ["GET", "small"])
      let value = String(repeating: "x", count: 200_000)
      let reply = Array("$\(value.utf8.count)\r\n\(value)\r\n".utf8)
      var sent = 0
      // Twice as long as the deadline.
      try BusyLinkTests.keepMoving(for: 2.2) {
        let next = min(reply.count - 1, sent + 1000)
        try stacks.legacy.send(Array(reply[sent..<next]))
        sent = next
      }
      try stacks.legacy.send(Array(reply[sent...]))
      try stacks.legacy.send("$1\r\n1\r\n")
      #expect(try client.reply().utf8.count == reply.count)
      #expect(try other.reply() == "$1\r\n1\r\n")
      #expect(bench.healthReasons.isEmpty)
    }
  }

  @Test func aReplyThatStopsInTheMiddleIsCut() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: BusyLinkTests.patience) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "big")
      #expect(try stacks.legacy.command() == ["GET", "big"])
      try stacks.legacy.send("$100\r\nabc")
      #expect(try client.reply().contains("owed a reply for "))
    }
  }

  @Test func aRequestThatIsStillTakenIsNotCut() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: BusyLinkTests.patience) { bench, stacks in
      stacks.legacy.receiveLittle()
      let client = try bench.client()
      let frame = InlineRequest.frame(of: [
        Array("SET".utf8), Array("big".utf8), Array(repeating: 0x78, count: 16 << 20),
      ])
      Thread { try? client.send(frame) }.start()
      var received = 0
      // What the kernels hold between the two is far less than the request.
      try BusyLinkTests.keepMoving(for: 2.2) { received += try stacks.legacy.readSome(64 << 10) }
      #expect(received < frame.count)
      #expect(bench.healthReasons.isEmpty)
      while received < frame.count { received += try stacks.legacy.readSome(1 << 20) }
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
    }
  }

  @Test func aRequestThatIsTakenNoMoreIsCut() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: BusyLinkTests.patience) { bench, stacks in
      stacks.legacy.receiveLittle()
      let client = try bench.client()
      let frame = InlineRequest.frame(of: [
        Array("SET".utf8), Array("big".utf8), Array(repeating: 0x78, count: 16 << 20),
      ])
      Thread { try? client.send(frame) }.start()
      _ = try stacks.legacy.readSome(1000)
      #expect(try client.reply().contains("owed a reply for "))
    }
  }

  /// The kernel of a stack that stands still goes on taking small commands: they are no life.
  @Test func smallCommandsBehindAHangingOneDoNotHideIt() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: BusyLinkTests.patience) { bench, stacks in
      let client = try bench.client()
      let began = Date()
      #expect(
        try eventually {
          try client.send(command: "GET", "a")
          return !bench.healthReasons.isEmpty
        })
      #expect(bench.healthReasons.first?.hasPrefix("owed a reply for ") == true)
      #expect(try client.reply().contains("owed a reply for "))
      #expect(Date().timeIntervalSince(began) < 15)
    }
  }

  /// A command for all lanes waits for what is in flight as long as it flows.
  @Test func whoWantsAllLanesCutsNobodyWhoseRepliesFlow() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    settings.fenceDeadline = 200_000_000
    try await Bench.runScripted(settings, routing: .at(.off)) { bench, stacks in
      let client = try bench.client()
      let keys = RoutingSnapshot.keys(64) { _ in true }
      // On whichever lane they are, one of them holds.
      try client.send(command: "GET", keys[0])
      #expect(eventually { stacks.legacyLanes.contains { $0.hasInput } })
      let asked = try #require(stacks.legacyLanes.first { $0.hasInput })
      let idle = try #require(stacks.legacyLanes.first { $0 !== asked })
      #expect(try asked.command() == ["GET", keys[0]])
      let other = try bench.client()
      try other.send(command: ["SUNIONSTORE", "to"] + keys)
      try asked.send("$600\r\n")
      var sent = 0
      try BusyLinkTests.keepMoving(for: 1) {
        try asked.send("x")
        sent += 1
      }
      try asked.send(String(repeating: "x", count: 600 - sent) + "\r\n")
      #expect(try client.reply().utf8.count == 608)
      #expect(eventually { asked.hasInput || idle.hasInput })
      let runs = asked.hasInput ? asked : idle
      #expect(try runs.command().first == "SUNIONSTORE")
      try runs.send(":0\r\n")
      #expect(try other.reply() == ":0\r\n")
      #expect(bench.healthReasons.isEmpty)
    }
  }

  /// A link that was dropped without a word is found before a client's command pays for it.
  @Test func anIdleLinkIsAsked() async throws {
    var settings = ProxySettings()
    settings.idleQuestion = 50_000_000
    try await Bench.runScripted(settings, routing: .at(.dualwrite), timeout: BusyLinkTests.patience) {
      bench, stacks in
      #expect(try stacks.legacy.command() == ["PING"])
      try stacks.legacy.send("+PONG\r\n")
      #expect(try stacks.new.command() == ["PING"])
      try stacks.new.send("+PONG\r\n")
      // Answered, it is asked again; unanswered, it is cut, and connected anew.
      #expect(try stacks.legacy.command() == ["PING"])
      let again = try stacks.legacyStack.connection()
      #expect(bench.healthReasons.contains { $0.hasPrefix("owed a reply for ") })
      #expect(eventually { bench.health().first?.legacy.name == "up" })
      let client = try bench.client()
      try client.send(command: "GET", "a")
      while true {
        let command = try again.command()
        try again.send(command == ["PING"] ? "+PONG\r\n" : "$1\r\n1\r\n")
        if command != ["PING"] { break }
      }
      #expect(try client.reply() == "$1\r\n1\r\n")
      // Nobody paid.
      #expect(bench.figures().errors.total(.legacy) == 0)
    }
  }
}
