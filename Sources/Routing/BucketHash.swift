/// flagd's bucket of a key: `murmur3_x86_32(seed 0, prefix ‖ key)`, with the prefix hashed once.
///
/// The prefix is the flag key (flagd's default bucketing value is flag key and targeting key put together),
/// a salt, or nothing. The result is compared as an unsigned number; see `Share`.
public struct BucketHash: Sendable, Equatable {
  /// The state after the whole four-byte blocks of the prefix.
  private let state: UInt32
  /// The 0 to 3 bytes of the prefix that filled no block, lowest byte first.
  private let pending: UInt64
  private let pendingBits: UInt64
  private let prefixLength: Int

  /// The hash whose input begins with `prefix`. An empty prefix gives plain murmur3.
  public init(prefix: [UInt8]) {
    var murmur = Murmur3()
    let whole = prefix.count & ~3
    for start in stride(from: 0, to: whole, by: 4) {
      murmur.mix(littleEndianWord(prefix[start..<start + 4]))
    }
    state = murmur.state
    pending = UInt64(littleEndianWord(prefix[whole...]))
    pendingBits = UInt64(prefix.count - whole) * 8
    prefixLength = prefix.count
  }

  /// The bucket of `key`. Linear in its length; no allocation.
  public func hash(of key: Span<UInt8>) -> UInt32 {
    let bytes = key.bytes
    let count = bytes.byteCount
    var murmur = Murmur3(state: state)
    // Blocks straddle the prefix and the key: up to three pending bytes sit below the next four of the key.
    var window = pending
    var offset = 0
    while count &- offset >= 4 {
      // The loop's condition is the bounds check.
      let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self)
      window |= UInt64(UInt32(littleEndian: word)) &<< pendingBits
      murmur.mix(UInt32(truncatingIfNeeded: window))
      window &>>= 32
      offset &+= 4
    }
    var bits = pendingBits
    while offset < count {
      window |= UInt64(key[offset]) &<< bits
      bits &+= 8
      offset &+= 1
    }
    if bits >= 32 {
      murmur.mix(UInt32(truncatingIfNeeded: window))
      window &>>= 32
    }
    return murmur.finish(
      tail: UInt32(truncatingIfNeeded: window), length: UInt32(truncatingIfNeeded: prefixLength &+ count))
  }
}

/// Up to four bytes as a number, the first byte lowest.
private func littleEndianWord(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}
