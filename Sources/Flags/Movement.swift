import SluiceRouting

/// The shares of keys that change sides between two snapshots.
struct Movement {
  var joins = 0.0
  var leaves = 0.0
  var someJoin = false
  var someLeave = false
  var isExact = true

  /// Enough for a tenth of a percent, and a few milliseconds.
  static let sampleSize = 65_536

  init(from old: RoutingSnapshot, to new: RoutingSnapshot) {
    if new.movesNothing(comparedTo: old) { return }
    if let before = Movement.bucketing(of: old), let after = Movement.bucketing(of: new),
      before.hash == after.hash || Movement.isTrivial(before) || Movement.isTrivial(after)
    {
      // Both shares begin at bucket 0, so one holds the other.
      joins = max(0, after.share.percent - before.share.percent)
      leaves = max(0, before.share.percent - after.share.percent)
      someJoin = joins > 0
      someLeave = leaves > 0
    } else {
      isExact = false
      sample(from: old, to: new)
    }
  }

  /// The share of keys on the new stack, where one share says it all.
  private static func bucketing(of snapshot: RoutingSnapshot) -> Bucketing? {
    let hash = BucketHash(prefix: [])
    switch snapshot.effectiveStage {
    case .off, .dualwrite, .shadow: return Bucketing(hash: hash, share: .nothing)
    case .rampdown, .complete: return Bucketing(hash: hash, share: .everything)
    case .live: return snapshot.cohort.plainBucketing
    }
  }

  private static func isTrivial(_ bucketing: Bucketing) -> Bool {
    bucketing.share.isNothing || bucketing.share.isEverything
  }

  private mutating func sample(from old: RoutingSnapshot, to new: RoutingSnapshot) {
    var joined = 0
    var left = 0
    for index in 0..<Movement.sampleSize {
      let key = Array("key:\(index)".utf8)
      if new.changesPrimary(of: key.span, comparedTo: old) {
        if new.primary(of: key.span) == .new { joined += 1 } else { left += 1 }
      }
    }
    joins = Double(joined) * 100 / Double(Movement.sampleSize)
    leaves = Double(left) * 100 / Double(Movement.sampleSize)
    someJoin = joined > 0
    someLeave = left > 0
    // Made-up keys meet no rule about real ones, so keys that the rules speak of are tried as well.
    for constant in old.cohort.constants + new.cohort.constants {
      for suffix in 0..<16 {
        let key = constant + (suffix == 0 ? [] : Array("\(suffix)".utf8))
        guard new.changesPrimary(of: key.span, comparedTo: old) else { continue }
        if new.primary(of: key.span) == .new { someJoin = true } else { someLeave = true }
      }
    }
  }
}
