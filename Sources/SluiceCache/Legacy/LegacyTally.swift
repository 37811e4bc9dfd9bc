/// How the legacy monitor counts: every operation of any kind is in the denominator of the hit rate.
struct LegacyTally: Sendable {
  private(set) var operations = 0
  private(set) var hits = 0
  private(set) var misses = 0

  /// Counts a read as one of `times` operations.
  mutating func read(hit: Bool, times: Int = 1) {
    operations += times
    if hit { hits += times } else { misses += times }
  }

  /// Counts a write.
  mutating func write() { operations += 1 }

  /// Hits among all operations, 0 to 100; 0 where there was none.
  var hitRate: Double { operations == 0 ? 0 : Double(hits) / Double(operations) * 100 }
}
