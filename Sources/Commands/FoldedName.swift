/// A command's name in upper case, folded into three words so that comparing it is three compares.
struct FoldedName: Equatable, BitwiseCopyable {
  /// The longest name, `COUNT-FAILURE-REPORTS`, has 21 bytes.
  static let longest = 24

  let first: UInt64
  let second: UInt64
  let third: UInt64

  /// The name's length, so that `GET` and `GET\0` differ.
  let count: UInt64

  /// No name at all: an empty slot of the table.
  static let none = FoldedName()

  private init() { (first, second, third, count) = (0, 0, 0, 0) }

  /// Nil for an empty name and for one that is longer than any command's.
  @inline(__always)
  init?(_ name: Span<UInt8>) {
    let length = name.count
    guard length > 0, length <= Self.longest else { return nil }
    count = UInt64(truncatingIfNeeded: length)
    first = Self.word(name, from: 0, to: min(length, 8))
    second = length > 8 ? Self.word(name, from: 8, to: min(length, 16)) : 0
    third = length > 16 ? Self.word(name, from: 16, to: length) : 0
  }

  /// A word of ours; none at all if it is longer than any command's name.
  init(_ word: StaticString) {
    self = word.withUTF8Buffer { FoldedName($0.span) } ?? .none
  }

  /// A place in a table of `1 << bits` slots; `container` keeps `LIST` of `CLIENT` apart from `LIST` of
  /// `ACL`.
  @inline(__always)
  func slot(container: UInt64, bits: UInt64) -> Int {
    var mixed = first ^ (second &* 0xff51_afd7_ed55_8ccd) ^ (third &* 0xc4ce_b9fe_1a85_ec53)
    mixed ^= (container << 8 | count) &* 0x9ddf_ea08_eb38_2d69
    mixed ^= mixed >> 29
    return Int(truncatingIfNeeded: (mixed &* 0x9e37_79b9_7f4a_7c15) >> (64 &- bits))
  }

  @inline(__always)
  private static func word(_ name: Span<UInt8>, from start: Int, to end: Int) -> UInt64 {
    let bytes = name.bytes
    let count = end &- start
    // Two loads that may overlap: where they do, they say the same.
    if count >= 4 {
      let low = UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
      let high = UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: end &- 4, as: UInt32.self))
      return upperCased(low | high &<< UInt64(truncatingIfNeeded: 8 &* (count &- 4)))
    }
    if count >= 2 {
      let low = UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt16.self))
      let high = UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: end &- 2, as: UInt16.self))
      return upperCased(low | high &<< UInt64(truncatingIfNeeded: 8 &* (count &- 2)))
    }
    return count == 1 ? upperCased(UInt64(name[start])) : 0
  }

  /// Eight bytes at once: a byte from `a` to `z` loses bit 0x20, every other byte stays.
  @inline(__always)
  private static func upperCased(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let low7 = word & (0x7f &* ones)
    let fromA = low7 &+ ((0x80 &- 0x61) &* ones)
    let beyondZ = low7 &+ ((0x7f &- 0x7a) &* ones)
    let lower = (fromA ^ beyondZ) & ~word & (0x80 &* ones)
    return word ^ (lower >> 2)
  }
}
