/// Which keys were seen, in a fixed number of bits: of more keys than bits, some share one.
public struct KeySketch: Sendable {
  private var words: [UInt64] = []
  private let bits: Int

  /// - Parameter bits: a power of two, at least 64. They are taken when the first key comes.
  public init(bits: Int = 1 << 16) { self.bits = bits }

  /// Notes the key of this hash. Whether it was the first one of its bit.
  public mutating func insert(_ hash: UInt64) -> Bool {
    if words.isEmpty { words = [UInt64](repeating: 0, count: max(1, bits / 64)) }
    let bit = Int(truncatingIfNeeded: hash) & (bits - 1)
    guard words[bit >> 6] & 1 << UInt64(bit & 63) == 0 else { return false }
    words[bit >> 6] |= 1 << UInt64(bit & 63)
    return true
  }

  /// Forgets all.
  public mutating func clear() {
    for index in words.indices { words[index] = 0 }
  }
}
