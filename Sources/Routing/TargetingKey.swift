/// The part of a Redis key that decides where it goes: the content of its hash tag, else all of it.
///
/// Redis Cluster's rule (https://redis.io/docs/reference/cluster-spec/#hash-tags): between the first `{`
/// and the first `}` after it, if there is something between them. Keys that share a tag share a stack, so
/// commands over them need no splitting.
///
/// - Returns: offsets into `key`; empty only for the empty key.
public func targetingKey(of key: Span<UInt8>) -> Range<Int> {
  let count = key.count
  let open = firstOffset(of: UInt8(ascii: "{"), in: key, from: 0)
  guard open < count else { return 0..<count }
  let start = open + 1
  let end = firstOffset(of: UInt8(ascii: "}"), in: key, from: start)
  return end < count && end > start ? start..<end : 0..<count
}

/// The first offset of `byte` at or after `start`, or the count. Looks at eight bytes at a time.
private func firstOffset(of byte: UInt8, in key: Span<UInt8>, from start: Int) -> Int {
  let bytes = key.bytes
  let count = bytes.byteCount
  let pattern = 0x0101_0101_0101_0101 &* UInt64(byte)
  var offset = start
  while count &- offset >= 8 {
    let found = firstMatch(of: pattern, in: bytes, at: offset)
    if found < 8 { return offset &+ found }
    offset &+= 8
  }
  if offset < count, count &- start >= 8 {
    // The last eight bytes: those before `offset` were looked at and cannot match again.
    let found = firstMatch(of: pattern, in: bytes, at: count &- 8)
    return found < 8 ? count &- 8 &+ found : count
  }
  while offset < count {
    if key[offset] == byte { return offset }
    offset &+= 1
  }
  return count
}

/// The index 0 to 7 of the first byte that repeats in `pattern`, or 8. The caller has seen to it that the
/// eight bytes at `offset` are there, which is why the load is not checked again.
@inline(__always)
private func firstMatch(of pattern: UInt64, in bytes: RawSpan, at offset: Int) -> Int {
  let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
  let difference = UInt64(littleEndian: word) ^ pattern
  // The lowest set top bit marks the first zero byte of `difference`; borrows disturb only bytes above it.
  let zeros = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  return zeros.trailingZeroBitCount &>> 3
}
