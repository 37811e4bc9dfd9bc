import SluiceCommands
import SluiceTestSupport
import Testing

/// Every write of the table with random arguments on random states, on two real servers: what the effect
/// makes of the mirror is what the command made of the primary (design, law 3).
@Suite(.timeLimit(.minutes(3))) struct EffectTests {
  @Test func aWarmMirrorStaysEqual() throws {
    var walk = try EffectWalk(.warm)
    try walk.walk(rounds: 120, each: 10)
    #expect(walk.differences.isEmpty)
    expectThatAllWereExercised(walk, times: 10)
    for action in [MirrorAction.asSent, .replaced, .nothing, .copy] {
      #expect(walk.actions[action, default: 0] > 0, "seed \(walk.seed): \(action)")
    }
  }

  /// The same on servers that have more commands, and of which some do the old ones in another way.
  @Test(arguments: [ServerBinary.redis82, .valkey91])
  func aWarmMirrorOfALaterServerStaysEqual(binary: ServerBinary) throws {
    var walk = try EffectWalk(.warm, on: binary)
    try walk.walk(rounds: 30, each: 1)
    #expect(walk.differences.isEmpty)
    expectThatAllWereExercised(walk, times: 1)
    #expect(walk.specs.contains { !$0.isOfRedis70 })
  }

  /// An effect is the same whether its reply was told in RESP2 or in RESP3.
  @Test(arguments: [ServerBinary.redis70, .redis82, .valkey91])
  func anEffectIsTheSameInBothProtocols(binary: ServerBinary) throws {
    var walk = try EffectWalk(.newer, on: binary)
    let otherwise: Set = ["SPOP", "ZADD", "ZINCRBY", "ZPOPMIN", "GETDEL", "LMPOP", "ZMPOP", "XREADGROUP"]
    try walk.walk(rounds: 30, each: 1, otherwise: otherwise)
    #expect(walk.differences.isEmpty)
    expectThatAllWereExercised(walk, times: 1)
    #expect(walk.spelledOtherwise.isSuperset(of: otherwise), "seed \(walk.seed)")
  }

  /// What is repeated leaves each key equal or absent.
  @Test func aColdMirrorNeverHoldsAnotherValue() throws {
    var walk = try EffectWalk(.cold)
    try walk.walk(rounds: 60, each: 5)
    #expect(walk.differences.isEmpty)
    expectThatAllWereExercised(walk, times: 5)
    #expect(walk.leftOut > 0)
  }

  /// The comparison does find what goes wrong when the wish is repeated.
  @Test func repeatedWishesLeaveDifferences() throws {
    var walk = try EffectWalk(.wishes)
    try walk.walk(rounds: 40)
    // Ids of streams are mostly equal here, for both servers see the same millisecond.
    #expect(walk.differences["SPOP"] != nil, "seed \(walk.seed)")
    // Where the bytes are the rule, they are right.
    for spec in walk.specs where spec.mirror == .asSent {
      #expect(walk.differences[spec.name] == nil, "\(spec.name)")
    }
  }

  private func expectThatAllWereExercised(_ walk: EffectWalk, times: Int) {
    for spec in walk.specs {
      let count = walk.acknowledged[spec.name, default: 0]
      #expect(count >= times, "seed \(walk.seed): \(spec.name) succeeded \(count) times")
    }
  }
}
