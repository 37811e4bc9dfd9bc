/// splitmix64: the same numbers on every run of one seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Bytes from a small alphabet, so that some compress, some repeat and some begin with each other.
  mutating func bytes(upTo limit: Int) -> [UInt8] {
    let letters = UInt8.random(in: 1...255, using: &self)
    return (0..<Int.random(in: 0...limit, using: &self)).map { _ in
      UInt8.random(in: 0..<letters, using: &self)
    }
  }
}

/// A new seed for every run; it is in the message of a failure.
func newSeed() -> UInt64 { UInt64.random(in: 0...UInt64.max) }
