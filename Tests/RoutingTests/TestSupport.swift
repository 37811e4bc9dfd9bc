import SluiceLoadGenerator

@testable import SluiceRouting

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

func targetingKey(of key: [UInt8]) -> Range<Int> { SluiceRouting.targetingKey(of: key.span) }

extension SplitMix64 {
  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
