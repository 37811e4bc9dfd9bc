import SluiceDefaultFlags
import Testing

@testable import SluiceFlags
@testable import SluiceRouting

@Suite struct FlagDefinitionTests {
  @Test func theBuiltInFileStartsOnLegacy() throws {
    let definition = try FlagDefinition.builtIn()
    #expect(definition.stage == .off && definition.cohort.percent == 0)
    #expect(definition.sample.share.isEverything)
    #expect(definition.guardrails == Guardrails() && definition.plan == nil)
    #expect(definition.version.count == 16)
  }

  @Test func readsStageShareAndSample() throws {
    let definition = try FlagText().definition()
    #expect(definition.stage == .live && definition.cohort.percent == 25)
    #expect(definition.sample.share == Share(weight: 10, rest: 90))
    #expect(definition.sample.hash == BucketHash(prefix: Array("shadow-sample".utf8)))
    let snapshot = definition.makeSnapshot(version: 7, isRolledBack: true)
    #expect(snapshot.version == 7 && snapshot.stage == .live && snapshot.effectiveStage == .dualwrite)
  }

  @Test func weightsAndBucketingAreFlagds() throws {
    let byDefault = try #require(try FlagText(percent: 25).definition().cohort.plainBucketing)
    func bucketing(_ fractional: String) throws -> Bucketing? {
      try FlagText(targeting: #"{"fractional": [\#(fractional)]}"#).definition().cohort.plainBucketing
    }
    #expect(
      try bucketing(
        #"{"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}, ["new", 25], ["legacy", 75]"#)
        == byDefault)
    #expect(try bucketing(#"["new", 1], ["legacy", 3]"#) == byDefault)
    #expect(try bucketing(#"["new"], ["legacy", 3]"#) == byDefault)
    #expect(
      try bucketing(#"{"var": ["targetingKey"]}, ["new"], ["legacy"]"#)
        == Bucketing(hash: BucketHash(prefix: []), share: Share(weight: 1, rest: 1) ?? .nothing))
    #expect(
      try bucketing(#"{"cat": ["s", "1", {"var": "targetingKey"}]}, ["new"], ["legacy"]"#)?.hash
        == BucketHash(prefix: Array("s1".utf8)))
  }

  @Test func rules() throws {
    let cohort = try FlagText(
      targeting: #"""
        {"if": [
          {"starts_with": [{"var": "targetingKey"}, "session:"]}, "new",
          {"in": [{"var": "targetingKey"}, ["a", "gr\u00fc\u00df"]]}, "new",
          {"in": ["::", {"var": "targetingKey"}]}, null,
          {"==": ["pinned", {"var": "targetingKey"}]}, "legacy",
          {"fractional": [["new", 100], ["legacy", 0]]}]}
        """#
    ).definition().cohort
    #expect(cohort.percent == nil)
    for key in ["session:1", "a", "x{grüß}", "anything"] { #expect(cohort.contains(key), "\(key)") }
    for key in ["x::y", "pinned", "{pinned}:2", ""] { #expect(!cohort.contains(key), "\(key)") }
  }

  @Test func anIfWithoutElseIsTheDefaultVariant() throws {
    var text = FlagText()
    text.stack = #""defaultVariant": "new", "targeting": {"if": [false, "legacy"]}"#
    #expect(try text.definition().cohort.contains("key"))
  }

  @Test func disabledComesBeforeTargeting() throws {
    let text = FlagText(targeting: #"{"sem_ver": []}"#).text.replacing(
      #""state": "ENABLED""#, with: #""state": "DISABLED""#)
    let definition = try FlagDefinition(bytes: Array(text.utf8))
    #expect(definition.stage == .off && definition.cohort.percent == 0 && definition.sample.share.isNothing)
    let key = Array("user:1".utf8)
    #expect(definition.cohort.explain(key.span).reason == .disabled)
  }

  @Test func withoutTargetingTheDefaultVariantCounts() throws {
    var text = FlagText()
    text.stack = #""defaultVariant": "new", "targeting": {}"#
    text.sample = #""defaultVariant": "compare""#
    let definition = try text.definition()
    #expect(definition.cohort.percent == 100 && definition.sample.share.isEverything)
    let key = Array("user:1".utf8)
    #expect(definition.cohort.explain(key.span).reason == .defaultVariant)
  }

  @Test func otherFlagsAreNoneOfOurBusiness() throws {
    var text = FlagText()
    text.more = #", "checkout": {"nonsense": [1, {"sem_ver": 2}]}"#
    #expect(try text.definition().cohort.percent == 25)
  }

  @Test func settingsAreTyped() throws {
    var text = FlagText()
    text.more = #"""
      , "cache-guardrails": {"state": "ENABLED", "defaultVariant": "strict", "variants": {
          "strict": {"divergenceRate": 0, "minimumSample": 5}, "lax": {}}},
        "cache-plan": {"state": "ENABLED", "defaultVariant": "d", "variants": {
          "d": {"steps": [0.5, 10, 100], "minimumSeconds": 0, "minimumCompared": 7}}}
      """#
    let definition = try text.definition()
    #expect(definition.guardrails.diverged == .init(limit: 0, .rollback))
    #expect(definition.guardrails.failed == Guardrails().failed)
    #expect(definition.plan?.steps.map(\.description) == ["0.5", "10", "100"])
    #expect(definition.plan?.minimumSeconds == 0 && definition.plan?.minimumCompared == 7)
  }

  @Test func guardrailsHaveRatesAndReactions() throws {
    var text = FlagText()
    text.more = #"""
      , "cache-guardrails": {"state": "ENABLED", "defaultVariant": "d", "variants": {"d": {
          "slow": {"healthy": 0.02, "broken": 0.2, "reaction": "rollback"}, "missed": {"reaction": "notify"},
          "failed": {"healthy": 0.1}, "divergenceRate": 0.5}}}
      """#
    let guardrails = try text.definition().guardrails
    #expect(guardrails.slow.healthy == 0.02 && guardrails.slow.broken == 0.2)
    #expect(guardrails.slow.reaction == .rollback)
    #expect(guardrails.missed == .init(limit: 0.01, .notify))
    #expect(guardrails.failed == .init(limit: 0.1, .rollback))
    #expect(guardrails.diverged == .init(limit: 0.5, .rollback))
  }

  @Test func aPlanThatIsDisabledIsNone() throws {
    var text = FlagText()
    text.more = #"""
      , "cache-plan": {"state": "DISABLED", "defaultVariant": "d", "variants": {"d": {"minimumSeconds": 5}}}
      """#
    #expect(try text.definition().plan == nil)
  }

  @Test func percentages() {
    for (text, hundredths) in [("0", 0), ("25", 2500), ("12.5", 1250), ("12.05", 1205), ("100.00", 10_000)] {
      #expect(Percentage(text)?.hundredths == hundredths)
    }
    for text in [
      "", ".", "5.", ".5", "-1", "+5", "100.01", "101", "1.234", "1e1", "1.2.3", "٥", "9999999999",
    ] {
      #expect(Percentage(text) == nil, "\(text)")
    }
    #expect(Percentage(hundredths: 1205)?.description == "12.05")
    #expect(Percentage(hundredths: 2525)?.weights ?? (0, 0) == (2525, 7475))
    #expect(Percentage(percent: 25)?.weights ?? (0, 0) == (25, 75))
  }
}
