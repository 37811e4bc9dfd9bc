import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Stacks that are not what they are called: one server under two names, a walk over another server than the proxy's.
  @Suite struct WrongServerTests {
    @Test("one Redis under two names is not taken for two stacks, and keeps its keys")
    func oneServer() throws {
      let server = try RedisServer()
      let keys = (0..<50).map { "key:\($0)" }
      let client = try server.client()
      for key in keys { _ = try client.command("SET", key, "production") }
      let other = server.url.replacing("127.0.0.1", with: "localhost")
      let sluice = try SluiceProcess(legacy: server.url, new: other)
      try eventually("new is refused") {
        try sluice.status().text("stacks.new.reason")?.contains("same Redis database") == true
      }
      for stage in ["dualwrite", "shadow", "live", "off", "dualwrite", "rampdown", "complete", "off"] {
        // A new that is none holds every step up: whoever goes on all the same harms nobody.
        let force = stage == "off" ? [] : ["FORCE", "a mistake"]
        let words = stage == "live" ? ["STAGE", "live", "50"] : ["STAGE", stage]
        let said = try sluice.control(words + force).text ?? ""
        #expect(said.contains("new is DOWN: is the same Redis database") == (stage != "off"), "\(said)")
      }
      try sluice.control("ROLLBACK", "enough")
      #expect(try client.command("DBSIZE") == .integer(Int64(keys.count)))
      #expect(try sluice.client().command("GET", keys[0]).text == "production")
    }

    @Test("another database of the same server is another stack")
    func twoDatabases() throws {
      let server = try RedisServer()
      let sluice = try SluiceProcess(legacy: server.url, new: server.url + "/1", .init(stage: "dualwrite"))
      try eventually("both are up") {
        let status = try sluice.status()
        return status.text("stacks.legacy.health") == "up" && status.text("stacks.new.health") == "up"
      }
      _ = try sluice.client().command("SET", "k", "v")
      try eventually("the write is mirrored") {
        try server.client(database: 1).command("GET", "k").text == "v"
      }
    }

    @Test("warm and verify walk the proxy's own stacks or none")
    func walks() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let (legacy, new) = (stacks.legacy.url, stacks.new.url)
      let stranger = try RedisServer()
      _ = try stacks.sluice.client().command("SET", "k", "v")
      for (wrong, why) in [
        (["--legacy", stranger.url], "legacy"), (["--new", stranger.url], "new"),
        (["--legacy", legacy + "/1"], "legacy"), (["--legacy", new, "--new", legacy], "legacy"),
        (["--new", legacy], "new"),
      ] {
        for command in ["warm", "verify"] {
          let (exit, output, errors) = try stacks.sluice.run([command] + wrong)
          #expect(exit == .code(78), "\(command) \(wrong): \(output) \(errors)")
          #expect(errors.contains("--\(why) is not the proxy's \(why) stack"), "\(errors)")
          #expect(!output.contains("OK") && !output.contains("no difference"), "\(output)")
        }
      }
      for right in [[], ["--legacy", legacy, "--new", new.replacing("127.0.0.1", with: "localhost")]] {
        let verify = try stacks.sluice.run(["verify"] + right)
        #expect(verify.exit == .code(0), "\(verify)")
        let warm = try stacks.sluice.run(["warm"] + right)
        #expect(warm.exit == .code(0), "\(warm)")
      }
      // Without a proxy there is only one mistake to be seen.
      let twice = try Child.run(
        SluiceProcess.executable(),
        ["verify", "--legacy", legacy, "--new", legacy.replacing("127.0.0.1", with: "localhost")],
        environment: ["SLUICE_CONTROL": "127.0.0.1:1"], within: .seconds(60))
      #expect(twice.exit == .code(78), "\(twice)")
    }
  }
}
