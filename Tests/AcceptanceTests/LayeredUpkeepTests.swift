import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// `sluice warm` and `sluice verify` where new has layers: they walk over its server, and read through the layers.
  @Suite struct LayeredUpkeepTests {
    /// Legacy has 600 keys of all types and 50 long strings; new stands behind these layers, on a server that others use too.
    private func stacks(_ layers: String) throws -> UpkeepStacks {
      var options = SluiceProcess.Options()
      options.flags = FlagText.make(stage: "dualwrite", percent: 0, compare: 0)
      options.yaml = "stacks:\n  new: {\(layers)}\n"
      let stacks = try UpkeepStacks(options, planted: 600)
      let legacy = try stacks.legacy.client()
      for number in 0..<50 {
        let text = String(repeating: "\(number) ", count: 300)
        #expect(try legacy.command("SET", "long:\(number)", text, "EX", "5000") == .status("OK"))
      }
      return stacks
    }

    @Test(
      "with L1, compression and a prefix: warmed, equal; what is planted at the server is found and repaired")
    func prefixed() throws {
      let stacks = try stacks("l1: {entries: 50}, compression: {threshold: 64}, key_prefix: 'app:*[1]:'")
      let server = try stacks.new.client()
      #expect(try server.command("SET", "somebody:else", "1") == .status("OK"))
      #expect(try server.command("SET", "app:*1:else", "1") == .status("OK"))
      let warm = try stacks.sluice.run("warm", "--json")
      #expect(
        warm.exit == .code(0) && warm.output.contains("\"copied\": 650,"), "\(warm.output) \(warm.errors)")
      #expect(try stacks.newSize() == 652)
      #expect(try server.command("GETRANGE", "app:*[1]:long:7", "1", "3").text == "SLC")

      let equal = try stacks.sluice.run("verify", "--json")
      #expect(equal.exit == .code(0), "\(equal.output) \(equal.errors)")
      #expect(try VerifyDocument(equal.output).compared == 650)
      let some = try stacks.sluice.run("verify", "--match", "long:*", "--json")
      #expect(try VerifyDocument(some.output).compared == 50, "\(some.output) \(some.errors)")

      // Read once, so that L1 has what the server is about to lose.
      let client = try stacks.sluice.client()
      try stacks.sluice.control("STAGE", "rampdown")
      _ = try client.command("GET", "long:1")
      for command in [
        ["SET", "app:*[1]:long:1", "other", "KEEPTTL"], ["DEL", "app:*[1]:k2"], ["SADD", "app:*[1]:k4", "w"],
        ["SET", "app:*[1]:extra", "1"],
      ] {
        if case .error(let text) = try server.command(command.map { Array($0.utf8) }) {
          Issue.record("\(command): \(text)")
        }
      }
      try stacks.sluice.control("STAGE", "dualwrite")
      let found = try stacks.sluice.run("verify", "--json")
      #expect(found.exit == .code(1), "\(found.errors)")
      #expect(
        try VerifyDocument(found.output).kinds == ["value": 2, "missing_in_new": 1, "missing_in_legacy": 1])
      let repaired = try stacks.sluice.run("verify", "--repair")
      #expect(repaired.exit == .code(0), "\(repaired.output) \(repaired.errors)")
      #expect(try stacks.sluice.run("verify").exit == .code(0))
      #expect(try server.command("GETRANGE", "app:*[1]:long:1", "1", "3").text == "SLC")
      #expect(try stacks.newSize() == 652)
    }

    @Test(
      "a default time to live that legacy does not have is the one difference that remains, and verify names it"
    )
    func defaultTTL() throws {
      let stacks = try stacks("preset: web_app, compression: {threshold: 64}")
      let warm = try stacks.sluice.run("warm", "--json")
      #expect(
        warm.exit == .code(0) && warm.output.contains("\"copied\": 650,"), "\(warm.output) \(warm.errors)")
      let found = try stacks.sluice.run("verify", "--json")
      #expect(found.exit == .code(1), "\(found.errors)")
      // Of the six kinds of planted keys one is a string without an expiry.
      #expect(try VerifyDocument(found.output).kinds == ["ttl": 100], "\(found.output)")
    }
  }
}
