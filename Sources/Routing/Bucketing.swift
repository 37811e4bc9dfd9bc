/// A share of the keys: a hash that gives every key a bucket, and the share of buckets that are in.
public struct Bucketing: Sendable, Equatable {
  public let hash: BucketHash
  public let share: Share

  public init(hash: BucketHash, share: Share) {
    self.hash = hash
    self.share = share
  }

  /// Whether the key is in. Hashes nothing when the share is everything or nothing.
  @inline(__always)
  func contains(targetingKey key: Span<UInt8>) -> Bool {
    if share.isNothing { return false }
    if share.isEverything { return true }
    return share.contains(hash.hash(of: key))
  }
}
