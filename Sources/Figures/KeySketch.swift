/// Which keys were seen, in a fixed number of bits: of more keys than bits, some share one.
public struct KeySketch: Sendable {
  private var words: [UInt64] = []
  private let bits: Int
  private var taken = 0

  /// - Parameter bits: a power of two, at least 64. They are taken when the first key comes.
  public init(bits: Int = 1 << 20) { self.bits = bits }

  /// Notes the key of this hash. Whether it was the first one of its bit.
  public mutating func insert(_ hash: UInt64) -> Bool {
    if words.isEmpty { words = [UInt64](repeating: 0, count: max(1, bits / 64)) }
    let bit = Int(truncatingIfNeeded: hash) & (bits - 1)
    guard words[bit >> 6] & 1 << UInt64(bit & 63) == 0 else { return false }
    words[bit >> 6] |= 1 << UInt64(bit & 63)
    taken += 1
    return true
  }

  /// How many different keys the one stands for that was the first of its bit last: those share its luck that came upon a bit that was
  /// taken. So the sum of all is about how many there were, however many more than bits (linear counting; Whang, Vander-Zanden, Taylor:
  /// *A linear-time probabilistic counting algorithm for database applications*, ACM TODS 15, 1990).
  public var weight: Double { Double(bits) / Double(max(1, bits - taken + 1)) }

  /// Forgets all.
  public mutating func clear() {
    guard taken > 0 else { return }
    taken = 0
    for index in words.indices { words[index] = 0 }
  }
}
