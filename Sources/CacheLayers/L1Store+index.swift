/// The hash index: linear probing over a power of two of buckets, deletion by shifting back, so no
/// tombstones. Keys are looked up where they lie, in a frame or a string: a `Dictionary` would need a copy of
/// the key for every question.
extension L1Store {
  private var mask: Int { buckets.count - 1 }

  /// A hash keyed by the process's random seed, so that chosen keys cannot be made to collide.
  static func hash(_ key: Span<UInt8>) -> UInt32 {
    var hasher = Hasher()
    key.withUnsafeBytes { hasher.combine(bytes: $0) }
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }

  func find(_ key: Span<UInt8>, hash: UInt32) -> Int? {
    guard !buckets.isEmpty else { return nil }
    let mask = self.mask
    var position = Int(hash) & mask
    while buckets[position] != 0 {
      if buckets[position] >> 32 == UInt64(hash) {
        let slot = Int(buckets[position] & 0xFFFF_FFFF) - 1
        if slots[slot].hasKey(key) { return slot }
      }
      position = (position + 1) & mask
    }
    return nil
  }

  /// The caller has counted the new entry, so the table is never full.
  mutating func indexInsert(hash: UInt32, slot: Int) {
    if count * 4 > buckets.count * 3 { growIndex() }
    place(UInt64(hash) << 32 | UInt64(slot + 1))
  }

  mutating func indexRemove(hash: UInt32, slot: Int) {
    guard !buckets.isEmpty else { return }
    let mask = self.mask
    let wanted = UInt64(hash) << 32 | UInt64(slot + 1)
    var hole = Int(hash) & mask
    while buckets[hole] != wanted {
      if buckets[hole] == 0 { return }
      hole = (hole + 1) & mask
    }
    var next = (hole + 1) & mask
    while buckets[next] != 0 {
      // A bucket may fill the hole unless its home lies cyclically in (hole, next].
      let home = Int(buckets[next] >> 32) & mask
      if (next &- home) & mask >= (next &- hole) & mask {
        buckets[hole] = buckets[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    buckets[hole] = 0
  }

  private mutating func place(_ bucket: UInt64) {
    let mask = self.mask
    var position = Int(bucket >> 32) & mask
    while buckets[position] != 0 { position = (position + 1) & mask }
    buckets[position] = bucket
  }

  /// Doubles the index. The hashes are in the buckets, so no entry is touched.
  private mutating func growIndex() {
    let old = buckets
    buckets = Array(repeating: 0, count: max(16, old.count * 2))
    for bucket in old where bucket != 0 { place(bucket) }
  }
}
