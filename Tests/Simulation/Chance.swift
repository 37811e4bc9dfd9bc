/// The seed's random numbers (splitmix64): the same on every machine, and the only ones in the world.
struct Chance: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// From 0 on, below `end`.
  mutating func below(_ end: Int) -> Int { Int(((next() >> 32) &* UInt64(max(1, end))) >> 32) }

  mutating func between(_ least: Int, _ most: Int) -> Int { least + below(most - least + 1) }

  /// True so often in 1,000 times.
  mutating func happens(_ perMille: Int) -> Bool { below(1000) < perMille }

  /// Of very different sizes: as likely to have a digit more as a digit less.
  mutating func spread(_ least: Int, _ most: Int) -> Int {
    var most = most
    while most > least * 2, next() & 1 == 0 { most = max(least, most / 4) }
    return between(least, most)
  }
}
