/// The rounds of MurmurHash3 x86_32 with seed 0, Austin Appleby's public-domain hash that flagd buckets with.
///
/// A value: copy it after a common prefix and go on from there. `BucketHash` feeds it.
public struct Murmur3: Sendable, Equatable {
  public private(set) var state: UInt32

  /// Goes on from `state`; 0 is the start, because the seed is 0.
  public init(state: UInt32 = 0) {
    self.state = state
  }

  /// Takes in one four-byte block, its first byte lowest.
  @inline(__always)
  public mutating func mix(_ block: UInt32) {
    state ^= Murmur3.scramble(block)
    state = (state &<< 13 | state &>> 19) &* 5 &+ 0xe654_6b64
  }

  /// The hash, given the last 0 to 3 bytes (first byte lowest, the rest zero) and the length of everything
  /// in bytes.
  @inline(__always)
  public func finish(tail: UInt32, length: UInt32) -> UInt32 {
    var hash = state ^ Murmur3.scramble(tail) ^ length
    hash = (hash ^ hash &>> 16) &* 0x85eb_ca6b
    hash = (hash ^ hash &>> 13) &* 0xc2b2_ae35
    return hash ^ hash &>> 16
  }

  // A tail of zero scrambles to zero, so an absent tail needs no branch.
  @inline(__always)
  private static func scramble(_ block: UInt32) -> UInt32 {
    let product = block &* 0xcc9e_2d51
    return (product &<< 15 | product &>> 17) &* 0x1b87_3593
  }
}
