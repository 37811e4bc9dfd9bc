import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// `sluice warm` fills new from legacy while clients write, and afterwards both are equal.
  @Suite struct WarmTests {
    @Test(
      "under writes, updates and deletions both servers are equal afterwards, by their own digest",
      arguments: [("dualwrite", 0, 1), ("live", 50, 2), ("rampdown", 0, 1)])
    func underLoad(stage: String, percent: Int, threads: Int) throws {
      let stacks = try UpkeepStacks(stage: stage, percent: percent, threads: threads, planted: 3000)
      let writers = (0..<3).map { BackgroundWriter(stacks.sluice, seed: UInt64($0), keys: 3000) }
      let warm = try stacks.sluice.run("warm", "--rate", "3000")
      let written = try writers.map { try $0.stop() }.reduce(0, +)
      #expect(warm.exit == .code(0), "\(warm.errors) \(warm.output)")
      #expect(written > 500, "or this proves nothing")
      #expect(warm.output.contains("looked at all"), "\(warm.output)")
      try stacks.expectEqualDigests()
      #expect(try stacks.newSize() > 1000)

      // A second run has nothing to do.
      let again = try stacks.sluice.run("warm", "--json")
      #expect(again.exit == .code(0) && again.output.contains("\"copied\": 0,"), "\(again.output)")
      let verify = try stacks.sluice.run("verify")
      #expect(verify.exit == .code(0), "\(verify.output) \(verify.errors)")
    }

    @Test("ctrl-C says where it stands, and the next run goes on")
    func stopAndGoOn() throws {
      let stacks = try UpkeepStacks(stage: "dualwrite", planted: 4000)
      let folder = try ScratchFolder()
      let warm = try stacks.sluice.start("warm", "--rate", "1000", in: folder)
      try eventually(within: .seconds(20), "something is copied") { try stacks.newSize() > 100 }
      warm.send(SIGINT)
      #expect(try warm.wait(within: .seconds(20)) == .code(130))
      #expect(warm.output.contains("stopped at about"), "\(warm.output)")
      let left = try stacks.newSize()
      #expect(left < 4000)
      let again = try stacks.sluice.run("warm")
      #expect(again.exit == .code(0), "\(again.errors)")
      #expect(try stacks.newSize() == stacks.legacySize())
      try stacks.expectEqualDigests()
    }

    /// A command for all lanes ends every copy that is under way, so that a steady stream of them keeps some keys from new.
    @Test("what commands for all lanes keep from new is not called written")
    func commandsForAllLanes() throws {
      let stacks = try UpkeepStacks(stage: "dualwrite", threads: 2, planted: 300)
      let endpoint = stacks.sluice.endpoint
      let isOver = Mutex(false)
      let failure = Mutex<(any Error)?>(nil)
      let thread = Thread {
        do {
          let client = try RedisClient(endpoint)
          while !isOver.withLock({ $0 }) {
            for number in 0..<8 { try client.append("SUNION", "none", "none\(number)") }
            for _ in 0..<8 { _ = try client.reply() }
          }
        } catch { failure.withLock { $0 = error } }
        isOver.withLock { $0 = true }
      }
      thread.start()
      let warm = try stacks.sluice.run("warm", "--json")
      let wasInterfered = !isOver.withLock { $0 }
      isOver.withLock { $0 = true }
      #expect(wasInterfered, "\(String(describing: failure.withLock { $0 }))")
      let missing = try stacks.legacySize() - stacks.newSize()
      #expect(warm.output.contains("\"refused\": \(missing)}"), "\(missing) are missing: \(warm.output)")
      #expect(warm.exit == .code(missing > 0 ? 75 : 0), "\(warm.errors)")
    }

    @Test("times to live come along, and only keys that match")
    func timesAndMatch() throws {
      let stacks = try UpkeepStacks(stage: "shadow")
      let legacy = try stacks.legacy.client()
      let expiry = Int(Date().timeIntervalSince1970 * 1000) + 600_000
      for number in 0..<50 {
        _ = try legacy.command("SET", "user:\(number)", "v", "PXAT", "\(expiry + number)")
        _ = try legacy.command("SET", "other:\(number)", "v")
      }
      let warm = try stacks.sluice.run("warm", "--match", "user:*", "--json")
      #expect(
        warm.exit == .code(0) && warm.output.contains("\"copied\": 50,"), "\(warm.output) \(warm.errors)")
      let new = try stacks.new.client()
      #expect(try new.command("DBSIZE") == .integer(50))
      #expect(try new.command("PEXPIRETIME", "user:7") == .integer(Int64(expiry + 7)))
    }

    @Test("a stage that mirrors nothing, and a stack that cannot be walked, are said to be in the way")
    func refusals() throws {
      let stacks = try UpkeepStacks(stage: "off")
      let warm = try stacks.sluice.run("warm")
      #expect(warm.exit == .code(65) && warm.errors.contains("sluice stage dualwrite"), "\(warm.errors)")
      var options = SluiceProcess.Options(stage: "dualwrite")
      options.threads = 1
      let memory = try SluiceProcess(legacy: stacks.legacy.url, new: "memory:", options)
      let refused = try memory.run("warm")
      #expect(refused.exit == .code(78) && refused.errors.contains("embedded engine"), "\(refused.errors)")
    }

    @Test("stacks with passwords are named by the configuration")
    func passwords() throws {
      let legacy = try RedisServer(password: "sesame")
      let new = try RedisServer()
      let sluice = try SluiceProcess(
        legacy: legacy.url, new: new.url, SluiceProcess.Options(stage: "dualwrite"))
      _ = try legacy.client().command("SET", "k", "v")
      let without = try sluice.run("warm")
      #expect(without.exit == .code(78) && without.errors.contains("--config"), "\(without.errors)")
      #expect(!without.errors.contains("sesame"))
      let warm = try sluice.run("warm", "--legacy", legacy.url)
      #expect(warm.exit == .code(0), "\(warm.errors)")
      #expect(try new.client().command("GET", "k") == .string(Array("v".utf8)))
    }

    @Test("with warm_on_miss a cold stack answers as if it were warm")
    func warmOnMiss() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "warm_on_miss: true\n"
      options.flags = FlagText.make(stage: "live", percent: 50, compare: 0)
      let stacks = try UpkeepStacks(options, planted: 3000)
      let client = try stacks.sluice.client()
      let keys = stride(from: 0, to: 3000, by: 6).map { "k\($0)" }
      for key in keys { try client.append("GET", key) }
      for key in keys { #expect(try client.reply() == .string(Array(key.dropFirst().utf8))) }
      let cohort = try stacks.sluice.which(keys).filter { $0 == "new" }.count
      #expect(cohort > 150)
      #expect(try stacks.newSize() == cohort, "the keys of the cohort, and no others")
      #expect(try client.command("DEL", "k0", "k6", "k12", "k18") == .integer(4))
      for key in keys.prefix(4) {
        #expect(try client.command("GET", key) == .null, "what is deleted stays so")
      }
    }
  }
}
