import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A stack that is down, hangs, or is reached in another way.
  @Suite struct StackOutageTests {
    private static let keys = (0..<100).map { "key:\($0)" }

    private func firstKey(of stack: String, _ sluice: SluiceProcess) throws -> String {
      try #require(zip(Self.keys, try sluice.which(Self.keys)).first { $0.1 == stack }?.0)
    }

    @Test(
      "the other cohort goes on, the error names the stack, and it comes back by itself",
      arguments: ["legacy", "new"])
    func down(_ victim: String) throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "fallback: off\n"
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let other = victim == "new" ? "legacy" : "new"
      let server = victim == "new" ? stacks.new : stacks.legacy
      let lost = try firstKey(of: victim, sluice)
      let kept = try firstKey(of: other, sluice)
      let client = try sluice.client()
      #expect(try client.command("SET", lost, "1") == .status("OK"))
      #expect(try client.command("SET", kept, "2") == .status("OK"))
      #expect(try sluice.status().text("stacks.\(victim).health") == "up")

      server.kill()
      try eventually("STATUS says that \(victim) is down") {
        try sluice.status().text("stacks.\(victim).health") == "down"
      }
      let status = try sluice.status()
      #expect(status.text("stacks.\(victim).reason") != nil)
      #expect(status.text("stacks.\(other).health") == "up")
      let started = MonotonicClock.now()
      let reply = try client.command("GET", lost)
      #expect(MonotonicClock.now() - started < 200_000_000, "the error took its time")
      guard case .error(let text) = reply else {
        Issue.record("\(reply) from a stack that is down")
        return
      }
      #expect(text.hasPrefix("STACKDOWN ") && text.contains("'\(victim)'"), "\(text)")
      #expect(try client.command("GET", kept) == .string(Array("2".utf8)))
      #expect(try client.command("SET", kept, "3") == .status("OK"))
      #expect(try client.command("PING") == .status("PONG"))

      try server.start()
      try eventually(within: .seconds(10), "\(victim) comes back") {
        try client.command("SET", lost, "4") == .status("OK")
      }
      #expect(try client.command("GET", lost) == .string(Array("4".utf8)))
      #expect(try sluice.status().text("stacks.\(victim).health") == "up")
      let log = sluice.child.errors.split(separator: "\n")
      #expect(log.filter { $0.contains("stack \(victim)") && $0.contains("is down") }.count == 1, "\(log)")
    }

    @Test("a stack that hangs is cut off after the deadline, and the client gets an error that names it")
    func hangs() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "fallback: off\ntimeouts:\n  command: 300ms\n"
      let stacks = try TwoStacks(options)
      let lost = try firstKey(of: "new", stacks.sluice)
      let kept = try firstKey(of: "legacy", stacks.sluice)
      let client = try stacks.sluice.client()
      #expect(try client.command("SET", kept, "2") == .status("OK"))
      stacks.new.pause()
      let started = MonotonicClock.now()
      guard case .error(let text) = try client.command("GET", lost) else {
        Issue.record("a stack that hangs has answered")
        return
      }
      #expect(text.contains("'new'"), "\(text)")
      #expect(MonotonicClock.now() - started < 1_500_000_000)
      #expect(try client.command("GET", kept) == .string(Array("2".utf8)))
      stacks.new.resume()
      try eventually(within: .seconds(10), "new comes back") {
        try client.command("SET", lost, "4") == .status("OK")
      }
    }

    @Test("a mirror that hangs holds no client up, and a rollback does not wait for it")
    func mirrorHangs() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      // Whoever waited for the mirror would wait so long, on the busiest machine.
      options.yaml = "timeouts:\n  command: 60s\n"
      let stacks = try TwoStacks(options)
      let kept = try firstKey(of: "legacy", stacks.sluice)
      let client = try stacks.sluice.client()
      stacks.new.pause()
      let started = MonotonicClock.now()
      for index in 0..<500 { #expect(try client.command("SET", kept, "\(index)") == .status("OK")) }
      #expect(try stacks.sluice.status().number("stacks.new.mirror_queue") == 500, "the mirror still hangs")
      try stacks.sluice.control("ROLLBACK", "new hangs")
      #expect(MonotonicClock.now() - started < 30_000_000_000)
      #expect(try client.command("GET", kept) == .string(Array("499".utf8)))
      let gone = try firstKey(of: "legacy", stacks.sluice)
      #expect(try client.command("SET", gone, "x") == .status("OK"))
    }

    @Test("with both stacks down it starts, says so, and works when they come")
    func startsWithoutStacks() throws {
      let legacy = try RedisServer()
      let new = try RedisServer()
      legacy.kill()
      new.kill()
      let sluice = try SluiceProcess(legacy: legacy.url, new: new.url)
      let client = try sluice.client()
      try eventually("STATUS says that legacy is down") {
        try sluice.status().text("stacks.legacy.health") == "down"
      }
      guard case .error(let text) = try client.command("GET", "a") else {
        Issue.record("an answer without a stack")
        return
      }
      #expect(text.contains("'legacy'"), "\(text)")
      try legacy.start()
      try eventually(within: .seconds(10), "legacy is found") {
        try client.command("SET", "a", "1") == .status("OK")
      }
    }

    @Test("stacks with a password, by Unix socket and in another database")
    func addresses() throws {
      let legacy = try RedisServer(.unixSocket, password: "secret-of-legacy")
      let new = try RedisServer(password: "s3cret")
      let sluice = try SluiceProcess(
        legacy: legacy.url, new: "\(new.url)/3", SluiceProcess.Options(stage: "live", percent: 50))
      let client = try sluice.client()
      for key in Self.keys { #expect(try client.command("SET", key, "v") == .status("OK")) }
      #expect(try client.command("DBSIZE") == .integer(Int64(Self.keys.count)))
      try eventually("both stacks hold every key") {
        let count = Reply.integer(Int64(Self.keys.count))
        return try legacy.client().command("DBSIZE") == count
          && new.client(database: 3).command("DBSIZE") == count
      }
      #expect(try new.client().command("DBSIZE") == .integer(0))
      let shown = sluice.child.output + sluice.child.errors + "\(try sluice.status())"
      #expect(!shown.contains("s3cret") && !shown.contains("secret-of-legacy"))
    }

    @Test("a wrong password makes the stack down, with the reason")
    func wrongPassword() throws {
      let legacy = try RedisServer()
      let new = try RedisServer(password: "right")
      let sluice = try SluiceProcess(
        legacy: legacy.url, new: new.url.replacing("right", with: "wrong"),
        SluiceProcess.Options(stage: "live", percent: 50))
      try eventually("new is down") { try sluice.status().text("stacks.new.health") == "down" }
      let reason = try sluice.status().text("stacks.new.reason") ?? ""
      #expect(reason.lowercased().contains("pass"), "\(reason)")
      let kept = try firstKey(of: "legacy", sluice)
      #expect(try sluice.client().command("SET", kept, "1") == .status("OK"))
    }
  }
}
