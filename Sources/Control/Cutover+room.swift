import SluiceEvidence
import SluiceServers

/// What the stacks had evicted when the routing came into force.
struct EvictionBase {
  private var legacy: Int?
  private var new: Int?
  private var began: ContinuousClock.Instant?

  /// How the servers stand, and what they have evicted since; nil if one does not tell.
  ///
  /// - Parameter since: when the routing in force came into force.
  mutating func outlook(
    _ readings: (legacy: MemoryReading?, new: MemoryReading?), since: ContinuousClock.Instant
  ) -> MemoryOutlook? {
    if began != since { (legacy, new, began) = (nil, nil, since) }
    guard let one = readings.legacy, let other = readings.new else { return nil }
    // Fewer than before: the server was started again.
    if legacy.map({ $0 > one.evicted }) ?? true { legacy = one.evicted }
    if new.map({ $0 > other.evicted }) ?? true { new = other.evicted }
    return MemoryOutlook(
      legacy: one, new: other, legacyEvicted: one.evicted - (legacy ?? one.evicted),
      newEvicted: other.evicted - (new ?? other.evicted))
  }
}
