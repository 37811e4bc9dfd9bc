import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// A new that refuses all is found by the same few commands, however long all went well before and however few there are.
  @Suite struct BrokenNewTests {
    /// Writes, one each `pause` microseconds, until the guardrail has rolled back; returns how many clients saw fail.
    private func failures(_ process: SluiceProcess, every pause: UInt32, atMost limit: Int) throws -> Int {
      let client = try process.client()
      var failed = 0
      for index in 0..<limit {
        if case .error(let text) = try client.command("SET", "key:\(index % 1000)", "v") {
          #expect(text.hasPrefix("OOM "), "\(text)")
          failed += 1
        } else if failed > 0 {
          return failed
        }
        usleep(pause)
      }
      return failed
    }

    @Test("After hundreds of thousands of good commands")
    func afterSuccess() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let process = stacks.sluice
      let load = try Child.run(
        "redis-benchmark",
        ["-p", "\(process.port)", "-t", "set", "-n", "300000", "-r", "1000", "-P", "100", "-c", "10", "-q"],
        within: .seconds(120))
      #expect(load.exit == .code(0), "\(load)")
      try eventually("they are in the account") {
        try process.status().number("stacks.new.operations") ?? 0 >= 300_000
      }
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      // A limit of the share of all commands would wait for three thousand of them.
      let failed = try failures(process, every: 5000, atMost: 1000)
      #expect(try process.status().flag("rolled_back") == true)
      #expect((1..<300).contains(failed), "\(failed)")
      #expect(try process.status().text("rollback.reason")?.contains("it said: OOM") == true)
      #expect(try process.client().command("SET", "key:1", "v") == .status("OK"))
    }

    @Test("At five writes a second")
    func fewCommands() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let process = stacks.sluice
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      let failed = try failures(process, every: 200_000, atMost: 40)
      #expect((13...18).contains(failed), "\(failed)")
      #expect(try process.status().flag("rolled_back") == true)
    }
  }
}
