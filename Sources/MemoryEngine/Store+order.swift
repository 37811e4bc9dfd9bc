/// The order of use, and the walks over the slab: the sweep and the scan.
extension Store {
  // MARK: LRU

  /// Makes an entry the newest.
  mutating func touch(_ index: Int, seconds: UInt32) {
    slots[index].usedAt = seconds
    if Int(newest) == index { return }
    unlink(index)
    linkNewest(index)
  }

  mutating func linkNewest(_ index: Int) {
    let link = Int32(truncatingIfNeeded: index)
    slots[index].newer = -1
    slots[index].older = newest
    if newest >= 0 { slots[Int(newest)].newer = link } else { oldest = link }
    newest = link
  }

  mutating func unlink(_ index: Int) {
    let newer = slots[index].newer
    let older = slots[index].older
    if newer >= 0 { slots[Int(newer)].older = older } else { newest = older }
    if older >= 0 { slots[Int(older)].newer = newer } else { oldest = newer }
  }

  // MARK: Expiry

  /// Redis' rule: an entry lives through the millisecond of its expiry.
  func isExpired(_ index: Int, now: Int64) -> Bool {
    let at = slots[index].expiresAt
    return at >= 0 && now > at
  }

  mutating func expire(_ index: Int) {
    remove(index)
    expiredKeys &+= 1
  }

  /// Looks at up to `budget` slots from where the last sweep ended and removes what has expired.
  /// - Returns: how many entries went.
  mutating func sweep(budget: Int, now: Int64) -> Int {
    guard volatileCount > 0 else { return 0 }
    var removed = 0
    for _ in 0..<min(budget, slots.count) {
      if sweepHand >= slots.count { sweepHand = 0 }
      if isExpired(sweepHand, now: now) {
        expire(sweepHand)
        removed += 1
      }
      sweepHand += 1
    }
    return removed
  }

  // MARK: Walks

  /// The first occupied slot at or behind `index`.
  func occupied(from index: Int) -> Int? {
    var index = index
    while index < slots.count {
      if !slots[index].isFree { return index }
      index += 1
    }
    return nil
  }
}
