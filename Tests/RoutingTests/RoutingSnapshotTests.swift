import Testing

@testable import SluiceRouting

@Suite struct RoutingSnapshotTests {
  static let hash = BucketHash(prefix: Array("cache-stack".utf8))

  private func share(_ percent: UInt64) throws -> Bucketing {
    Bucketing(hash: Self.hash, share: try #require(Share(weight: percent, rest: 100 - percent)))
  }

  private func snapshot(
    _ stage: Stage, percent: UInt64 = 50, rolledBack: Bool = false, sample: UInt64 = 100
  ) throws -> RoutingSnapshot {
    RoutingSnapshot(
      version: 1, stage: stage, isRolledBack: rolledBack, cohort: Cohort(try share(percent)),
      sample: Bucketing(
        hash: BucketHash(prefix: Array("shadow-sample".utf8)),
        share: try #require(Share(weight: sample, rest: 100 - sample))))
  }

  /// `user:1` lies at 41.2 %, `user:1000` at 72.6 %.
  static let joiner = Array("user:1".utf8)
  static let stayer = Array("user:1000".utf8)

  @Test(arguments: [
    (Stage.off, StackID.legacy, StackID.legacy, false, false),
    (.dualwrite, .legacy, .legacy, true, false),
    (.shadow, .legacy, .legacy, true, true),
    (.live, .new, .legacy, true, true),
    (.rampdown, .new, .new, true, false),
    (.complete, .new, .new, false, false),
  ])
  func theStagesOfTheDesign(
    stage: Stage, joiner: StackID, stayer: StackID, mirrors: Bool, compares: Bool
  ) throws {
    let snapshot = try snapshot(stage)
    #expect(snapshot.primary(of: Self.joiner) == joiner)
    #expect(snapshot.primary(of: Self.stayer) == stayer)
    #expect(snapshot.mirrorsWrites == mirrors)
    #expect(snapshot.compares(Self.joiner) == compares)
    #expect(snapshot.effectiveStage == stage)
  }

  @Test(arguments: Stage.allCases)
  func theLatchWinsInEveryStage(stage: Stage) throws {
    let latched = try snapshot(stage, percent: 100).withLatch(true, version: 2)
    #expect(latched.version == 2 && latched.stage == stage && latched.isRolledBack)
    #expect(latched.effectiveStage == (stage == .off ? .off : .dualwrite))
    #expect(latched.mirrorsWrites == (stage != .off))
    #expect(!latched.compares(Self.joiner))
    for key in [Self.joiner, Self.stayer, []] { #expect(latched.primary(of: key) == .legacy) }
    #expect(latched.explain(Self.joiner).reason == .rolledBack)
    let lifted = latched.withLatch(false, version: 3)
    #expect(try lifted.movesNothing(comparedTo: snapshot(stage, percent: 100)))
  }

  @Test func theEmptyKeyStaysOnLegacyWhileTheCohortDecides() throws {
    let empty: [UInt8] = []
    #expect(try snapshot(.live, percent: 100).primary(of: empty) == .legacy)
    #expect(try snapshot(.live, percent: 100).explain(empty).reason == .emptyKey)
    #expect(try snapshot(.rampdown, percent: 100).primary(of: empty) == .new)
  }

  @Test func samplingHasItsOwnHash() throws {
    let some = try snapshot(.shadow, sample: 30)
    var compared = 0
    var comparedInCohort = 0
    var cohort = 0
    for index in 0..<10_000 {
      let key = Array("key:\(index)".utf8)
      let isCompared = some.compares(key)
      let isMember = some.cohort.contains(key)
      compared += isCompared ? 1 : 0
      cohort += isMember ? 1 : 0
      comparedInCohort += isCompared && isMember ? 1 : 0
    }
    #expect(abs(compared - 3000) < 230)
    #expect(abs(Double(comparedInCohort) / Double(cohort) - 0.3) < 0.04)
    #expect(try snapshot(.shadow, sample: 0).compares(Self.joiner) == false)
  }

  @Test func theInitialSnapshotIsLegacy() {
    let initial = RoutingSnapshot.initial
    #expect(initial.version == 0 && initial.stage == .off && !initial.mirrorsWrites)
    #expect(initial.primary(of: Self.joiner) == .legacy)
  }

  @Test func tellsWhatMoves() throws {
    let half = try snapshot(.live, percent: 50)
    let quarter = try snapshot(.live, percent: 25)
    #expect(half.changesPrimary(of: Self.joiner, comparedTo: quarter))
    #expect(!half.changesPrimary(of: Self.stayer, comparedTo: quarter))
    #expect(!half.movesNothing(comparedTo: quarter))
    #expect(try half.movesNothing(comparedTo: snapshot(.live, percent: 50, sample: 1)))
    #expect(try snapshot(.off).movesNothing(comparedTo: snapshot(.shadow, percent: 99)))
    #expect(try !snapshot(.rampdown).movesNothing(comparedTo: snapshot(.shadow)))
  }

  @Test func explains() throws {
    let explanation = try snapshot(.shadow).explain(Self.joiner)
    #expect(explanation.bucket == 1_768_851_525)
    #expect(explanation.variant == .new && explanation.primary == .legacy)
    #expect(explanation.reason == .stage(.shadow))
    #expect(try snapshot(.live).explain(Self.joiner).reason == .fractional)
  }

  @Test func rulesAreWalkedInOrder() throws {
    let hash = Self.hash
    let rules = TargetingRule.choose(
      [
        .init(condition: .hasPrefix(Array("session:".utf8)), rule: .variant(.legacy)),
        .init(condition: .isOneOf([Array("a".utf8), Array("b".utf8)]), rule: .variant(.new)),
        .init(condition: .contains(Array("::".utf8)), rule: .defaultVariant),
        .init(condition: .equals(Array("half".utf8)), rule: .fractional(try share(100))),
        .init(condition: .constant(false), rule: .variant(.new)),
      ], otherwise: .choose([], otherwise: .fractional(try share(0))))
    let cohort = Cohort(rules: rules, defaultVariant: .new, hash: hash)
    let expected: [(String, StackID, Explanation.Reason)] = [
      ("session:1", .legacy, .rule), ("a", .new, .rule), ("{b}x", .new, .rule), ("c", .legacy, .fractional),
      ("x::y", .new, .defaultVariant), ("half", .new, .fractional), ("", .legacy, .emptyKey),
    ]
    for (key, stack, reason) in expected {
      let explanation = cohort.explain(Array(key.utf8))
      #expect(explanation.variant == stack, "\(key)")
      #expect(explanation.reason == reason, "\(key)")
    }
    #expect(cohort.percent == nil)
    #expect(cohort.hasSameKeys(as: Cohort(rules: rules, defaultVariant: .new, hash: hash)))
    #expect(!cohort.hasSameKeys(as: Cohort(rules: rules, defaultVariant: .legacy, hash: hash)))
  }

  /// What touches keys by their beginning must know whether all of them are on one stack.
  @Test func allKeysThatBeginSo() throws {
    let rules = TargetingRule.choose(
      [
        .init(condition: .equals(Array("app:x".utf8)), rule: .variant(.legacy)),
        .init(condition: .isOneOf([Array("one".utf8)]), rule: .variant(.legacy)),
        .init(condition: .contains(Array("::".utf8)), rule: .variant(.legacy)),
        .init(condition: .hasPrefix(Array("app:".utf8)), rule: .variant(.new)),
      ], otherwise: .fractional(try share(50)))
    let expected: [(String, StackID?)] = [
      // A key may contain what another rule is about.
      ("app:", nil), ("app:y:", nil), ("a::b", .legacy), ("ap", nil), ("", nil), ("zoo:", nil),
    ]
    let mixed = Cohort(rules: rules, defaultVariant: .legacy, hash: Self.hash)
    for (prefix, stack) in expected { #expect(mixed.stack(ofAll: Array(prefix.utf8)) == stack, "\(prefix)") }

    let plain = TargetingRule.choose(
      [
        .init(condition: .equals(Array("app:x".utf8)), rule: .variant(.legacy)),
        .init(condition: .hasPrefix(Array("app:".utf8)), rule: .variant(.new)),
        .init(condition: .hasPrefix(Array("half:".utf8)), rule: .fractional(try share(50))),
        .init(condition: .hasPrefix(Array("none:".utf8)), rule: .fractional(try share(0))),
      ], otherwise: .defaultVariant)
    let cohort = Cohort(rules: plain, defaultVariant: .legacy, hash: Self.hash)
    for (prefix, stack) in [
      ("app:y", .new), ("app:", nil), ("app:x", nil), ("app:xy", .new), ("half:1", nil), ("none:", .legacy),
      ("other:", .legacy), ("{app:y}", .new), ("{app:y", nil), ("a", nil), ("", nil),
    ] as [(String, StackID?)] {
      #expect(cohort.stack(ofAll: Array(prefix.utf8)) == stack, "\(prefix)")
    }
    #expect(Cohort(try share(50)).stack(ofAll: Array("app:".utf8)) == nil)
    #expect(try snapshot(.dualwrite).primary(ofAll: []) == .legacy)
    #expect(try snapshot(.rampdown).primary(ofAll: []) == .new)
    #expect(try snapshot(.live).primary(ofAll: []) == nil)
  }

  @Test func namesAreTheWordsOfTheDesign() {
    #expect(Stage.allCases.map(\.name) == ["off", "dualwrite", "shadow", "live", "rampdown", "complete"])
    for stage in Stage.allCases { #expect(Stage(name: stage.name) == stage) }
    #expect(Stage(name: "Live") == nil && Stage.shadow < .live)
    for stack in StackID.allCases {
      #expect(StackID(name: stack.name) == stack && stack.other.other == stack && stack.other != stack)
    }
    #expect(StackID(name: "") == nil)
  }
}
