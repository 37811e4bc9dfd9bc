/// flagd's bucket of a key: murmur3_x86_32, seed 0, compared as an unsigned number; see `Share`.
///
/// Two generations of it exist. v2 hashes the bytes of prefix and key put together; the prefix is the flag key (flagd's default bucketing
/// value is flag key and targeting key), a salt, or nothing. v3 hashes deterministic CBOR (RFC 8949, section 4.2) of what v2 would have put
/// together: of the list of flag key and targeting key by default, else of the one text.
public struct BucketHash: Sendable, Equatable {
  /// The state after the whole four-byte blocks of what always comes first.
  private let state: UInt32
  /// The 0 to 3 bytes of it that filled no block, lowest byte first.
  private let pending: UInt64
  private let pendingBits: UInt64
  private let leadLength: Int
  /// What stands inside the text before the key, in v3, and how long that is; -1 is v2, which has no text. In the value itself, so that
  /// no command counts a reference.
  private let textPrefix: InlineArray<32, UInt8>
  private let textCount: Int

  /// A longer one is not kept.
  public static let longestTextPrefix = 32

  /// v2: the hash whose input begins with `prefix`. An empty prefix gives plain murmur3.
  public init(prefix: [UInt8]) { self.init(lead: prefix, textPrefix: nil) }

  /// v3 by default: of the list of flag key and targeting key.
  public init(listOf flagKey: [UInt8]) {
    // 0x82 is a list of two.
    self.init(lead: [0x82] + Self.textHead(flagKey.count) + flagKey, textPrefix: [])
  }

  /// v3 of one text, which begins with `prefix`.
  ///
  /// - Parameter prefix: of at most ``longestTextPrefix`` bytes; what is behind them does not count.
  public init(textFrom prefix: [UInt8]) { self.init(lead: [], textPrefix: prefix) }

  private init(lead: [UInt8], textPrefix: [UInt8]?) {
    var murmur = Murmur3()
    let whole = lead.count & ~3
    for start in stride(from: 0, to: whole, by: 4) {
      murmur.mix(littleEndianWord(lead[start..<start + 4]))
    }
    state = murmur.state
    pending = UInt64(littleEndianWord(lead[whole...]))
    pendingBits = UInt64(lead.count - whole) * 8
    leadLength = lead.count
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    let count = min(textPrefix?.count ?? 0, Self.longestTextPrefix)
    for index in 0..<count { bytes[index] = textPrefix?[index] ?? 0 }
    self.textPrefix = bytes
    textCount = textPrefix == nil ? -1 : count
  }

  public static func == (one: BucketHash, other: BucketHash) -> Bool {
    guard
      one.state == other.state && one.pending == other.pending && one.pendingBits == other.pendingBits
        && one.leadLength == other.leadLength && one.textCount == other.textCount
    else { return false }
    return one.textPrefix.indices.allSatisfy { one.textPrefix[$0] == other.textPrefix[$0] }
  }

  /// The bucket of `key`. Linear in its length; v2 allocates nothing.
  public func hash(of key: Span<UInt8>) -> UInt32 {
    var murmur = Murmur3(state: state)
    guard textCount >= 0 else { return finish(&murmur, pending, pendingBits, leadLength, key) }
    var (window, bits) = (pending, pendingBits)
    var head = Self.textHead(textCount + key.count)
    for index in 0..<textCount { head.append(textPrefix[index]) }
    for byte in head {
      window |= UInt64(byte) &<< bits
      bits &+= 8
      if bits == 32 {
        murmur.mix(UInt32(truncatingIfNeeded: window))
        (window, bits) = (0, 0)
      }
    }
    return finish(&murmur, window, bits, leadLength + head.count, key)
  }

  @inline(__always)
  private func finish(
    _ murmur: inout Murmur3, _ begun: UInt64, _ begunBits: UInt64, _ length: Int, _ key: Span<UInt8>
  ) -> UInt32 {
    let bytes = key.bytes
    let count = bytes.byteCount
    // Blocks straddle what came before and the key: up to three pending bytes sit below the next four of the key.
    var window = begun
    var offset = 0
    while count &- offset >= 4 {
      // The loop's condition is the bounds check.
      let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self)
      window |= UInt64(UInt32(littleEndian: word)) &<< begunBits
      murmur.mix(UInt32(truncatingIfNeeded: window))
      window &>>= 32
      offset &+= 4
    }
    var bits = begunBits
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
      tail: UInt32(truncatingIfNeeded: window), length: UInt32(truncatingIfNeeded: length &+ count))
  }

  /// The head of a CBOR text of so many bytes, in the shortest form.
  private static func textHead(_ count: Int) -> [UInt8] {
    func head(_ kind: UInt8, _ bytes: Int) -> [UInt8] {
      [0x60 | kind] + (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) }
    }
    switch count {
    case ..<24: return [0x60 | UInt8(truncatingIfNeeded: count)]
    case ..<256: return head(24, 1)
    case ..<65_536: return head(25, 2)
    default: return count <= 0xffff_ffff ? head(26, 4) : head(27, 8)
    }
  }
}

/// Up to four bytes as a number, the first byte lowest.
private func littleEndianWord(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}
