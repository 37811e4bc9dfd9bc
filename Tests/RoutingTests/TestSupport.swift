@testable import Routing

// `#expect` cannot hold a `Span`, so the tests speak arrays.

extension BucketHash {
  func hash(of key: [UInt8]) -> UInt32 { hash(of: key.span) }
}

extension Cohort {
  func contains(_ key: [UInt8]) -> Bool { contains(key.span) }
  func explain(_ key: [UInt8]) -> Explanation { explain(key.span) }
}

extension RoutingSnapshot {
  func primary(of key: [UInt8]) -> StackID { primary(of: key.span) }
  func compares(_ key: [UInt8]) -> Bool { compares(key.span) }
  func explain(_ key: [UInt8]) -> Explanation { explain(key.span) }
  func changesPrimary(of key: [UInt8], comparedTo other: RoutingSnapshot) -> Bool {
    changesPrimary(of: key.span, comparedTo: other)
  }
}

func targetingKey(of key: [UInt8]) -> Range<Int> { Routing.targetingKey(of: key.span) }

/// splitmix64: the same numbers on every run of one seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
