/// From a key to its slot in a slab: linear probing over a power of two of buckets, deletion by shifting
/// back, so no tombstones.
///
/// The keys stay with the owner of the slab, who says whether a slot has the key that is looked for. So a key
/// is looked up where it lies, in a frame or a string: a `Dictionary` would need a copy of it for every
/// question. The look-up is inlined into its caller, so that its closure costs nothing.
public struct KeyIndex: Sendable {
  /// Hash in the high half, slot + 1 in the low half; 0 is empty. Never full, so that every probe ends; at
  /// first one empty bucket.
  @usableFromInline var buckets: [UInt64] = [0]
  /// The slots that are in it.
  public private(set) var count = 0

  /// An empty index. It grows with the first slot, by itself and in one go.
  public init() {}

  /// A hash keyed by the process's random seed, so that chosen keys cannot be made to collide.
  @inlinable
  public static func hash(_ key: Span<UInt8>) -> UInt32 {
    var hasher = Hasher()
    key.withUnsafeBytes { hasher.combine(bytes: $0) }
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }

  /// The slot of a key with this hash; `hasKey` is asked about those of which the whole hash is equal.
  @inlinable @inline(__always)
  public func slot(hash: UInt32, where hasKey: (Int) -> Bool) -> Int? {
    let mask = buckets.count - 1
    var position = Int(hash) & mask
    while true {
      let bucket = buckets[position]
      if bucket == 0 { return nil }
      if bucket >> 32 == UInt64(hash) {
        let slot = Int(bucket & 0xFFFF_FFFF) - 1
        if hasKey(slot) { return slot }
      }
      position = (position + 1) & mask
    }
  }

  /// Adds a slot, from 0 to 2^31, whose key is not there.
  public mutating func insert(hash: UInt32, slot: Int) {
    count += 1
    if count * 4 > buckets.count * 3 { grow() }
    place(UInt64(hash) << 32 | UInt64(slot + 1))
  }

  /// Removes a slot that was added with this hash.
  public mutating func remove(hash: UInt32, slot: Int) {
    let mask = buckets.count - 1
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
    count -= 1
  }

  private mutating func place(_ bucket: UInt64) {
    let mask = buckets.count - 1
    var position = Int(bucket >> 32) & mask
    while buckets[position] != 0 { position = (position + 1) & mask }
    buckets[position] = bucket
  }

  /// Doubles the buckets. The hashes are in them, so no entry is touched.
  private mutating func grow() {
    let old = buckets
    buckets = Array(repeating: 0, count: max(16, old.count * 2))
    for bucket in old where bucket != 0 { place(bucket) }
  }
}
