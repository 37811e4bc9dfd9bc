import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// New's memory is seen coming: by a warm-up before it is full, and by the gates before a step leads there.
  @Suite struct RoomTests {
    @Test(
      "warm stops before new refuses writes, or evicts what it was brought",
      arguments: ["noeviction", "allkeys-lru"])
    func warmStops(policy: String) throws {
      let stacks = try UpkeepStacks(stage: "dualwrite")
      let legacy = try stacks.legacy.client()
      for number in 0..<4000 {
        try legacy.append("SET", "k\(number)", String(repeating: "x", count: 5000))
      }
      for _ in 0..<4000 { _ = try legacy.reply() }
      let new = try stacks.new.client()
      _ = try new.command("CONFIG", "SET", "maxmemory-policy", policy)
      _ = try new.command("CONFIG", "SET", "maxmemory", "10mb")
      // Slow enough for a look between two portions.
      let warm = try stacks.sluice.run("warm", "--rate", "2000")
      #expect(warm.exit == .code(75), "\(warm.errors)")
      #expect(
        warm.errors.contains("new has no room for more: it uses")
          && warm.errors.contains("maxmemory of 10 MiB"),
        "\(warm.errors)")
      let copied = try stacks.newSize()
      #expect(copied > 500 && copied < 2000, "\(copied)")
      let stats = try new.command("INFO", "stats").text ?? ""
      #expect(stats.contains("evicted_keys:0"), "nothing was thrown away")

      // With more memory it goes on where it was.
      _ = try new.command("CONFIG", "SET", "maxmemory", "0")
      let again = try stacks.sluice.run("warm", "--json")
      #expect(
        again.exit == .code(0)
          && again.output.contains("\"copied\": \(4000 - copied), \"present\": \(copied),"),
        "\(again.output) \(again.errors)")
    }

    @Test("a step that leads above new's maxmemory is refused, and status says why")
    func gate() throws {
      let stacks = try UpkeepStacks(stage: "shadow")
      let legacy = try stacks.legacy.client()
      for number in 0..<2000 { try legacy.append("SET", "k\(number)", String(repeating: "x", count: 5000)) }
      for _ in 0..<2000 { _ = try legacy.reply() }
      let new = try stacks.new.client()
      let used = try stacks.sluice.status().number("stacks.new.used_memory") ?? 0
      #expect(used > 100_000)
      _ = try new.command("CONFIG", "SET", "maxmemory", "8mb")
      let refused = try stacks.sluice.run("stage", "live", "100")
      #expect(refused.exit == .code(65), "\(refused.errors)")
      #expect(
        refused.errors.contains("memory") && refused.errors.contains("at most 8 MiB (maxmemory)"),
        "\(refused.errors)")
      let fits = try stacks.sluice.run("stage", "live", "10")
      #expect(fits.exit == .code(0), "\(fits.errors)")
      let status = try stacks.sluice.control("STATUS").text ?? ""
      #expect(status.contains("(maxmemory)"), "the gate of the next step")
      #expect(try stacks.sluice.status().number("stacks.new.evicted_keys") == 0)
    }

    @Test("verify has a rate")
    func verifyRate() throws {
      let stacks = try UpkeepStacks(stage: "dualwrite")
      for server in [stacks.legacy, stacks.new] {
        let client = try server.client()
        for number in 0..<600 { try client.append("SET", "k\(number)", "v") }
        for _ in 0..<600 { _ = try client.reply() }
      }
      let began = ContinuousClock.now
      let verify = try stacks.sluice.run("verify", "--rate", "1000", "--json")
      #expect(verify.exit == .code(0) && verify.output.contains("\"compared\" : 600"), "\(verify.output)")
      #expect(ContinuousClock.now - began > .milliseconds(400))
    }
  }
}
