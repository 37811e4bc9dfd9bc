import Foundation
import SluiceProxy
import SluiceRouting
import Testing

/// Another server behind the same address: what the old one says leads to a question who is there now, and no more than that as long as
/// it is the same.
@Suite(.serialized) struct FailoverTests {
  private static let readOnly = "-READONLY You can't write against a read only replica.\r\n"

  /// The connection that commands come by now; what only asked who is there has ended.
  private static func live(_ stack: FakeStack, of connections: inout [TestSocket]) throws -> TestSocket {
    var found: TestSocket?
    let isThere = eventually {
      connections += stack.connectionsNow()
      found = connections.first { $0.hasInput && (try? $0.commandsNow())?.isEmpty == false }
      return found != nil
    }
    return try #require(isThere ? found : nil)
  }

  @Test(arguments: ["-READONLY no\r\n", "-LOADING still\r\n", "-MASTERDOWN Link with MASTER is down\r\n"])
  func anotherServerBehindTheAddressIsFound(_ error: String) async throws {
    var settings = ProxySettings()
    settings.backoffInitial = 10_000_000
    settings.backoffMaximum = 100_000_000
    try await Bench.runScripted(settings, routing: .at(.off)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "a", "1")
      #expect(try stacks.legacy.command() == ["SET", "a", "1"])
      stacks.legacyStack.identity.run = "2"
      try stacks.legacy.send(error)
      // It is the client's all the same.
      #expect(try client.reply() == error)
      #expect(try stacks.legacy.untilClosed() == "")
      #expect(eventually { bench.health().first?.legacy.name == "up" })
      #expect(bench.healthReasons.contains { $0.hasPrefix("has another server behind its address now") })
      var connections: [TestSocket] = []
      try client.send(command: "SET", "a", "2")
      let now = try FailoverTests.live(stacks.legacyStack, of: &connections)
      try now.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
    }
  }

  /// A replica that stays one, or a load that takes long: a question now and then, and the link is left alone.
  @Test func aServerThatStaysReadOnlyIsAskedLessAndLess() async throws {
    var settings = ProxySettings()
    settings.backoffInitial = 100_000_000
    settings.backoffMaximum = 10_000_000_000
    try await Bench.runScripted(settings, routing: .at(.off)) { bench, stacks in
      let client = try bench.client()
      let end = Date(timeIntervalSinceNow: 1)
      var refused = 0
      while Date() < end {
        try client.send(command: "SET", "a", "1")
        _ = try stacks.legacy.command()
        try stacks.legacy.send(FailoverTests.readOnly)
        #expect(try client.reply() == FailoverTests.readOnly)
        refused += 1
      }
      // At 0, 100, 300 and 700 ms.
      #expect(refused > 5)
      #expect(
        (2...6).contains(stacks.legacyStack.connections), "\(stacks.legacyStack.connections) connections")
      #expect(bench.healthReasons.isEmpty)
    }
  }

  /// What is owed is answered before the link is left.
  @Test func whatIsInFlightIsStillAnswered() async throws {
    var settings = ProxySettings()
    settings.backoffInitial = 10_000_000
    try await Bench.runScripted(settings, routing: .at(.off)) { bench, stacks in
      let (writer, reader) = (try bench.client(), try bench.client())
      try writer.send(command: "SET", "a", "1")
      _ = try stacks.legacy.command()
      try reader.send(command: "GET", "b")
      _ = try stacks.legacy.command()
      stacks.legacyStack.identity.run = "2"
      try stacks.legacy.send(FailoverTests.readOnly)
      #expect(try writer.reply() == FailoverTests.readOnly)
      #expect(eventually { bench.health().first?.legacy.name == "down" })
      #expect(try writer.ask("GET", "c").contains("has another server behind its address now"))
      try stacks.legacy.send("$1\r\nb\r\n")
      #expect(try reader.reply() == "$1\r\nb\r\n")
      #expect(eventually { bench.health().first?.legacy.name == "up" })
    }
  }

  @Test func aMirrorsRefusedWriteIsASuspectAndLeadsThereToo() async throws {
    var settings = ProxySettings()
    settings.backoffInitial = 10_000_000
    try await Bench.runScripted(settings, routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "a", "1")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
      stacks.newStack.identity.run = "2"
      try stacks.new.send(FailoverTests.readOnly)
      #expect(eventually { bench.healthReasons.contains { $0.hasPrefix("has another server behind") } })
      #expect(bench.figures().compare.mirrorErrors == 1)
    }
  }
}
