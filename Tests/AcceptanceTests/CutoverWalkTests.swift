import Foundation
import SluiceLedger
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The whole migration, while fifty pipelined clients check every value they read.
  @Suite struct CutoverWalkTests {
    /// One step: what the operator says, what the ledger must say of it, and who answers then.
    private struct Step {
      var words: [String]
      var action: String
      var to: String
    }

    private static let steps = [
      Step(words: ["STAGE", "dualwrite"], action: "stage", to: "dualwrite 0 %"),
      Step(words: ["STAGE", "shadow"], action: "stage", to: "shadow 0 %"),
      Step(words: ["STAGE", "live", "25"], action: "stage", to: "live 25 %"),
      Step(words: ["RAMP", "50"], action: "ramp", to: "live 50 %"),
      Step(words: ["RAMP", "100"], action: "ramp", to: "live 100 %"),
      Step(words: ["ROLLBACK", "the walk"], action: "rollback", to: "rolled back"),
      Step(words: ["REARM", "RESUME", "it was a walk"], action: "rearm", to: "live 100 %"),
      Step(words: ["RAMP", "50"], action: "ramp", to: "live 50 %"),
    ]

    /// Seconds for the whole walk; `SLUICE_SOAK_SECONDS=60` makes it the full minute.
    private static let seconds =
      ProcessInfo.processInfo.environment["SLUICE_SOAK_SECONDS"].flatMap(Int.init) ?? 12

    @Test(
      "no client sees an error, a wrong value or a second's wait, and the ledger tells the story",
      arguments: [1, 2])
    func walk(threads: Int) throws {
      let stacks = try TwoStacks(stage: "off", threads: threads)
      let sluice = stacks.sluice
      var plan = LoadPlan(
        endpoint: sluice.endpoint, profile: .uniform(readShare: 0.8), connections: 50, threads: 1,
        pipeline: 16, limit: .time(.seconds(600)), keys: 5000, rate: 20_000, verify: true)
      plan.drainTimeout = .seconds(10)

      #expect(LoadRun.run(plan.filling).isClean)
      let load = LoadRun.start(plan)
      for step in Self.steps {
        try stay(load)
        try sluice.control(step.words)
        if step.to == "dualwrite 0 %" {
          // Every key is on both stacks before the new one answers for any, so that no miss has an excuse.
          let filled = LoadRun.run(plan.filling)
          #expect(filled.isClean, "\(filled.errorSamples)")
        }
      }
      try stay(load)
      load.stop()
      let result = load.finish()

      #expect(result.commands > 10_000)
      #expect(result.errors == 0, "\(result.errorSamples)")
      #expect(result.wrong == 0, "\(result.errorSamples)")
      #expect(result.unanswered == 0, "\(result.errorSamples)")
      #expect(result.lostConnections == 0, "\(result.errorSamples)")
      #expect(result.longestWait < 1_000_000_000, "longest wait \(result.longestWait / 1_000_000) ms")
      let status = try sluice.status()
      // A rollback waits for nobody for long: where the machine stands still, what was in flight is in doubt, and forgotten.
      let forgotten = ["legacy", "new"].contains { status.number("stacks.\($0).suspects_deleted") ?? 0 > 0 }
      #expect(result.misses == 0 || forgotten, "\(result.misses) misses: \(status)")
      #expect(status.number("compare.matched") ?? 0 > 0, "\(status)")
      #expect(status.number("compare.diverged") == 0, "\(status)")
      // A mirror that gets no processor for long enough falls behind. What is dropped then is counted, and copied.
      let made = ["legacy", "new"].reduce(0) { $0 + (status.number("stacks.\($1).suspects_made") ?? 0) }
      #expect(status.number("mirror.dropped_writes") == 0 || made > 0, "\(status)")

      #expect(try sluice.terminate() == .code(0), "\(sluice.child.lastWords)")
      try expectStory(sluice.ledgerPath)
      try expectSameValues(plan, stacks, areSomeForgotten: forgotten)
    }

    /// Lets the load run for the share of one step: a poll of its counter, with a deadline.
    private func stay(_ load: LoadRun) throws {
      let before = load.commandsSoFar
      let started = MonotonicClock.now()
      let share = UInt64(Self.seconds) * 1_000_000_000 / UInt64(Self.steps.count + 1)
      try eventually(within: .seconds(Self.seconds + 10), "the load goes on") {
        MonotonicClock.now() - started >= share && load.commandsSoFar > before
      }
    }

    private func expectStory(_ path: String) throws {
      let ledger = try Ledgerbook(path)
      let flips = try ledger.rows(.story)
      #expect(flips.map { $0["action"] ?? "" } == ["start"] + Self.steps.map(\.action))
      #expect(flips.map { $0["to"] ?? "" } == ["off 0 %"] + Self.steps.map(\.to))
      // Each flip begins where the one before it ended.
      #expect(flips.dropFirst().map { $0["from"] ?? "" } == flips.dropLast().map { $0["to"] ?? "" })
      #expect(flips.map { $0["at"] ?? "" } == flips.map { $0["at"] ?? "" }.sorted())
      #expect(flips.first { $0["action"] == "rollback" }?["reason"] == "the walk")
      for flip in flips where !["off 0 %", "dualwrite 0 %", "rolled back"].contains(flip["to"]) {
        #expect(Int(flip["matched"] ?? "") ?? 0 > 0, "\(flip)")
        #expect(flip["diverged"] == "0", "\(flip)")
      }
      #expect(try ledger.rows(.runs).map { $0["end"] ?? "" } == ["clean"])
    }

    /// Nothing that was set was lost on the way: every key is on both stacks, with the same value.
    private func expectSameValues(_ plan: LoadPlan, _ stacks: TwoStacks, areSomeForgotten: Bool) throws {
      let legacy = try stacks.legacy.client()
      let new = try stacks.new.client()
      var different = 0
      var missing = 0
      for index in 0..<plan.keys {
        let get = [Array("GET".utf8), plan.keySpace.key(index)]
        let old = try legacy.command(get)
        if old == .null { missing += 1 }
        if try new.command(get) != old { different += 1 }
      }
      #expect(missing == 0 || areSomeForgotten)
      #expect(different == 0)
    }
  }
}
