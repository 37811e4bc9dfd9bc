import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A rollback while new hangs, under load: it waits for nothing, and nothing but what was in flight at new is lost.
  @Suite struct RollbackTests {
    @Test(arguments: ["off", "reads_and_writes"], [1, 2])
    func aStoppedNewHoldsNothingUp(fallback: String, threads: Int) throws {
      var options = SluiceProcess.Options()
      options.flags = FlagText.make(stage: "live", percent: 100, compare: 0)
      options.threads = threads
      // What waited for new would do so for longer than anybody here waits for anything.
      options.yaml = "fallback: \(fallback)\ntimeouts:\n  command: 120s\n"
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      for (server, word) in [(stacks.legacy, "legacy"), (stacks.new, "new")] {
        // Behind the proxy's back, so that the answer names the stack.
        _ = try server.client().command("SET", RollbackLoad.marker, word)
      }
      let load = try RollbackLoad(clientsOfEachKind: 6, sluice)
      defer { load.stop() }
      try eventually("every client is served by new") { load.least(since: 0) >= 20 }

      stacks.new.pause()
      var seen: Int?
      try eventually("every client waits for new") {
        // Twice the same: no answer that new gave before it stopped is still on its way.
        let finished = load.count
        defer { seen = finished }
        return try finished == seen && sluice.status().number("stacks.new.in_flight") == Double(load.clients)
      }
      let ordered = MonotonicClock.now()
      try sluice.control("ROLLBACK", "new hangs")
      let acknowledged = MonotonicClock.now()
      #expect(acknowledged - ordered < 10_000_000_000, "an order that waits for new's answers takes 120 s")
      // New still hangs, and everybody goes on.
      try eventually("every client is served by legacy") { load.least(since: acknowledged) >= 100 }

      let (calls, values) = try load.finish()
      for call in calls { #expect(call.trouble == nil, "\(call)") }
      let failed = calls.filter { $0.error != nil }
      for call in failed {
        let text = call.error ?? ""
        #expect(call.began < ordered && call.ended > ordered, "it was not in flight: \(call)")
        #expect(text.hasPrefix("STACKDOWN ") && text.contains("'new'"), "\(call)")
        #expect(text.hasSuffix("may or may not have happened") == call.isWrite, "\(call)")
      }
      #expect(Set(failed.map(\.client)).count == failed.count, "a client had one command in flight")
      // Legacy may be asked again for what can be done twice.
      #expect(failed.count == (fallback == "off" ? load.clients : load.clients / 3), "\(failed)")
      #expect(fallback == "off" || failed.allSatisfy { $0.kind == .counter })

      let markers = calls.filter { $0.kind == .marker && $0.error == nil }
      let before = markers.filter { $0.ended < ordered }
      let after = markers.filter { $0.began > acknowledged }
      #expect(!before.isEmpty && before.allSatisfy { $0.value == "new" })
      #expect(!after.isEmpty && after.allSatisfy { $0.value == "legacy" })

      stacks.new.resume()
      try eventually(within: .seconds(60), "new is back and lacks nothing") {
        let status = try sluice.status()
        return status.text("stacks.new.health") == "up" && status.number("stacks.new.suspects") == 0
      }
      try sluice.control("REARM")
      try sluice.control("STAGE", "live", "FORCE", "it is back")
      // A stack that a rollback has cut off has not failed: nobody stands in for it.
      #expect(try sluice.status().text("effective_stage") == "live")
      let client = try sluice.client()
      #expect(try client.command("GET", RollbackLoad.marker) == .string(Array("new".utf8)))
      for (key, value) in values { #expect(try client.command("GET", key).text == value, "\(key)") }
      let log = sluice.child.errors
      #expect(!log.contains("stands in for new"), "\(log)")
    }

    @Test("a re-arm is not refused for the latch file that the rollback itself has written")
    func theOwnLatchFileIsNoRollback() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      for round in 0..<60 {
        try stacks.sluice.control("ROLLBACK", "round \(round)")
        // The watcher may notice the file at any moment; some of them are between the re-arm's order and its end.
        for _ in 0..<round % 20 { _ = try stacks.sluice.which(["key"]) }
        try stacks.sluice.control("REARM", "RESUME", "again")
        #expect(try stacks.sluice.status().text("effective_stage") == "live")
      }
    }
  }
}
