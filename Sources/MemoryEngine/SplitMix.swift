/// Where the engine's random choices come from: from a seed, so that a run can be had again.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Which of `total` elements a client gets that asks for `count`: distinct ones, or for a negative count
  /// any, one as often as it comes.
  mutating func picks(_ count: Int, of total: Int) throws -> [Int] {
    guard total > 0 else { return [] }
    if count < 0 {
      // A reply that no client could read: Redis would write it until its memory ends.
      guard count >= -(1 << 24) else { throw Refusal.text("ERR value is out of range") }
      return (0..<(-count)).map { _ in Int.random(in: 0..<total, using: &self) }
    }
    if count >= total { return Array(0..<total) }
    if count > total / 3 {
      var all = Array(0..<total)
      for index in 0..<count { all.swapAt(index, Int.random(in: index..<total, using: &self)) }
      return Array(all[..<count])
    }
    var seen: Set<Int> = []
    var picks: [Int] = []
    while picks.count < count {
      let pick = Int.random(in: 0..<total, using: &self)
      if seen.insert(pick).inserted { picks.append(pick) }
    }
    return picks
  }
}
