import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A cutover that goes up by itself, under load, and explains each of its decisions.
  @Suite struct PlanTests {
    /// Clients that write and read keys of their own until they are told to stop.
    private final class Load: Sendable {
      private let isStopped = Atomic(false)
      private let threads = DispatchGroup()
      let errors = Mutex<[String]>([])

      init(_ sluice: SluiceProcess) throws {
        for number in 0..<2 {
          nonisolated(unsafe) let client = try sluice.client()
          threads.enter()
          Thread { [self] in
            var round = 0
            while !isStopped.load(ordering: .relaxed) {
              round += 1
              do {
                for index in 0..<50 {
                  try client.append(["SET", "c\(number):\(index)", "v\(round)"].map { Array($0.utf8) })
                }
                for index in 0..<50 {
                  try client.append(["GET", "c\(number):\(index)"].map { Array($0.utf8) })
                }
                for _ in 0..<100 {
                  if case .error(let text) = try client.reply() { errors.withLock { $0.append(text) } }
                }
              } catch {
                errors.withLock { $0.append("\(error)") }
                break
              }
              Thread.sleep(forTimeInterval: 0.02)
            }
            threads.leave()
          }.start()
        }
      }

      func stop() -> [String] {
        isStopped.store(true, ordering: .relaxed)
        threads.wait()
        return errors.withLock { $0 }
      }
    }

    private func options(_ advance: String, seconds: Int = 2) -> SluiceProcess.Options {
      var options = SluiceProcess.Options(stage: "shadow")
      options.yaml = "service: shop\ninstance: one\n"
      options.flags = options.flags.replacing(
        #"[["compare", 100], ["skip", 0]] }"# + "\n    }",
        with: #"""
          [["compare", 100], ["skip", 0]] } },
              "cache-guardrails": { "state": "ENABLED", "defaultVariant": "d", "variants": {
                "d": { "divergenceRate": 0.01, "missedRate": 0.1, "newErrorRate": 0.05, "slowRate": 1 } } },
              "cache-plan": { "state": "ENABLED", "defaultVariant": "d", "variants": {
                "d": { "steps": [25, 50, 100], "minimumSeconds": \#(seconds), "minimumCompared": 500, "verify": false,
                       "advance": "\#(advance)" } } }
          """#)
      return options
    }

    private func cli(_ process: SluiceProcess, _ words: String...) throws -> (code: Child.Exit, said: String)
    {
      let ran = try Child.run(
        try SluiceProcess.executable(), words,
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      return (ran.exit, ran.output + ran.errors)
    }

    private func decisions(_ process: SluiceProcess) throws -> [[String: String]] {
      try Ledgerbook(process.ledgerPath).rows(.plan).reversed()
    }

    @Test("advance: auto goes from shadow to rampdown under load, and every decision is explained")
    func auto() throws {
      let stacks = try TwoStacks(options("auto"))
      let process = stacks.sluice
      let load = try Load(process)
      try eventually(within: .seconds(60), "rampdown is reached") {
        try process.status().text("stage") == "rampdown"
      }
      #expect(load.stop() == [])
      // To complete goes nobody but a person.
      let plan = try process.status()
      #expect(plan.text("plan.state") == "yours" && plan.text("plan.place") == "rampdown")
      #expect(plan.text("service") == "shop" && plan.text("instance") == "one")
      #expect(try cli(process, "plan").said.contains("by order alone: sluice stage complete"))
      #expect(try process.terminate() == .code(0))
      let decisions = try decisions(process)
      let steps = decisions.filter { $0["what"] == "advanced" }
      #expect(
        steps.map { $0["step"] } == [
          "stage shadow", "stage live, 25 %", "stage live, 50 %", "stage live, 100 %",
        ])
      for step in steps {
        let why = step["why"] ?? ""
        #expect(step["who"] == "plan" && why.contains("time ") && why.contains("needed 500 reads"), "\(step)")
      }
      let story = try Ledgerbook(process.ledgerPath).rows(.story).filter { $0["who"] == "plan" }
      #expect(story.count == 4 && story.allSatisfy { $0["reason"]?.contains("conditions of stage") == true })
      let runs = try Ledgerbook(process.ledgerPath).rows(.runs)
      #expect(runs.last?["instance"] == "one")
    }

    @Test(
      "What is wrong with new at 50 % takes all back by itself, for the right reason, and nothing goes up again"
    )
    func fault() throws {
      // Time enough to plant it before the plan goes on.
      let stacks = try TwoStacks(options("auto", seconds: 5))
      let process = stacks.sluice
      let load = try Load(process)
      try eventually(within: .seconds(60), "50 % is reached") { try process.status().number("percent") == 50 }
      // Keys that nobody writes through the proxy any more are wrong on new.
      let (writer, behind) = (try process.client(), try stacks.new.client())
      for index in 0..<300 { _ = try writer.command("SET", "still:\(index)", "right") }
      for index in 0..<300 { _ = try behind.command("SET", "still:\(index)", "wrong") }
      for index in 0..<300 { _ = try writer.command("GET", "still:\(index)") }
      try eventually("it is rolled back") { try process.status().flag("rolled_back") == true }
      let waited = try cli(process, "plan", "--wait", "--timeout", "3s")
      #expect(waited.code == .code(65) && waited.said.contains("rolled back"), "\(waited)")
      // An automatic step never lifts a latch: more than the time of a step goes by.
      try process.control("STAGE", "live", "50", "FORCE", "the flags may say what they like")
      Thread.sleep(forTimeInterval: 3)
      let status = try process.status()
      #expect(status.text("effective_stage") == "dualwrite" && status.number("percent") == 50)
      #expect(status.text("plan.state") == "rolled_back")
      #expect(status.text("rollback.who") == "guardrail")
      #expect(load.stop() == [])
      #expect(try process.terminate() == .code(0))
      let last = try #require(try decisions(process).last { $0["what"] == "rolled back" })
      #expect(last["step"] == "stage live, 50 %" && last["why"]?.contains("differ about") == true, "\(last)")
      #expect(try decisions(process).filter { $0["what"] == "advanced" }.count == 2)
    }

    @Test("advance: ask waits for a yes, a pause holds it, and --wait tells a pipeline")
    func ask() throws {
      let stacks = try TwoStacks(options("ask"))
      let process = stacks.sluice
      let early = try cli(process, "plan", "approve")
      #expect(early.code == .code(65) && early.said.contains("does not ask yet"), "\(early)")
      let load = try Load(process)
      try eventually(within: .seconds(30), "it asks") {
        try process.status().text("plan.state") == "asking"
      }
      let late = try cli(process, "plan", "--wait", "--timeout", "1s")
      #expect(late.code == .code(75) && late.said.contains("sluice plan approve"), "\(late)")
      #expect(try process.status().text("stage") == "shadow")
      #expect(try cli(process, "plan", "pause", "it is Friday").code == .code(0))
      let paused = try cli(process, "plan", "--wait")
      #expect(paused.code == .code(65) && paused.said.contains("it is Friday"), "\(paused)")
      #expect(try cli(process, "stage", "live", "25").code == .code(65))
      #expect(try cli(process, "plan", "resume").code == .code(0))
      try eventually("it asks again") { try process.status().text("plan.state") == "asking" }
      let folder = try ScratchFolder()
      let waiting = try Child(
        try SluiceProcess.executable(), ["plan", "--wait", "--timeout", "30s"],
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"], in: folder, name: "wait")
      try eventually("it waits") { waiting.lastWords.contains("waits for a yes") }
      #expect(try cli(process, "plan", "approve").code == .code(0))
      #expect(try waiting.wait(within: .seconds(20)) == .code(0))
      #expect(try process.status().number("percent") == 25)
      #expect(load.stop() == [])
      #expect(try process.terminate() == .code(0))
      let what = try decisions(process).compactMap { $0["what"] }
      #expect(what.contains("asked") && what.contains("approved") && what.contains("advanced"), "\(what)")
    }
  }
}
