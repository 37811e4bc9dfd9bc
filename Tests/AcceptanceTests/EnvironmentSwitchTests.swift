import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  @Suite struct EnvironmentSwitchTests {
    @Test("USE_LEGACY_CACHE starts rolled back whatever the flags say, and no rearm lifts it")
    func legacyWins() throws {
      var options = SluiceProcess.Options(stage: "complete")
      options.launcher = ["env", "USE_LEGACY_CACHE=true", "USE_NEW_CACHE_FACTORY=true"]
      let stacks = try TwoStacks(options)
      let status = try stacks.sluice.status()
      #expect(status.flag("rolled_back") == true)
      #expect(status.text("rollback.reason") == "USE_LEGACY_CACHE is set in the environment")
      #expect(stacks.sluice.child.errors.contains("starting rolled back: USE_LEGACY_CACHE"))
      #expect(try stacks.sluice.client().command("SET", "k", "v") == .status("OK"))
      #expect(try stacks.legacy.client().command("GET", "k").text == "v")
      let failure = #expect(throws: TestFailure.self) { try stacks.sluice.control("REARM") }
      #expect(failure?.description.contains("unset it and restart") == true)
      #expect(try stacks.sluice.which(["k"]) == ["legacy"])
    }

    @Test("Beside a flag file USE_NEW_CACHE_FACTORY changes nothing")
    func fileDecides() throws {
      var options = SluiceProcess.Options(stage: "off")
      options.launcher = ["env", "USE_NEW_CACHE_FACTORY=true"]
      let stacks = try TwoStacks(options)
      #expect(try stacks.sluice.status().text("effective_stage") == "off")
    }
  }
}
