/// A 64-bit digest of a reply, to compare two replies without keeping both.
///
/// Multiply-and-fold over 8-byte words with a final mix. Not cryptographic: it tells accidents apart, not attackers
/// (two different replies of one length agree by chance once in 2^64).
public struct Digest: Equatable, Sendable {
  public let value: UInt64

  public init(_ bytes: Span<UInt8>) {
    let raw = bytes.bytes
    let count = raw.byteCount
    var hash = 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: count)
    var index = 0
    while index &+ 8 <= count {
      let word = raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      hash = Digest.fold(hash ^ word, 0xd6e8_feb8_6659_fd93)
      index &+= 8
    }
    var tail: UInt64 = 0
    while index < count {
      tail = tail << 8 | UInt64(bytes[index])
      index &+= 1
    }
    value = Digest.fold(hash ^ tail, 0xa076_1d64_78bd_642f)
  }

  /// High and low half of the 128-bit product, folded together.
  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}
