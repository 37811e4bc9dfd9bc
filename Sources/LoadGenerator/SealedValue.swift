/// Values that say themselves which key and version they belong to, so that a reader can check them.
///
/// Eight letters of version, sixteen of a checksum over key, version and length, then filler that follows
/// from the checksum; all of it the letters a...p (a nibble each), which also compresses about as text does.
public enum SealedValue {
  /// The least size in bytes; a smaller one asked for becomes this.
  public static let leastSize = 24

  /// Writes the value of `size` bytes for `key` in `version` in place of what `value` holds.
  public static func write(key: [UInt8], version: UInt32, size: Int, into value: inout [UInt8]) {
    let size = max(leastSize, size)
    value.removeAll(keepingCapacity: true)
    value.reserveCapacity(size + 8)
    let check = checksum(key: key, version: version, size: size)
    append(letters(UInt64(version)), to: &value)
    append(letters(check >> 32), to: &value)
    append(letters(check), to: &value)
    var filler = check
    while value.count < size {
      filler &+= 0x9E37_79B9_7F4A_7C15
      append(letters(SplitMix64.mix(filler)), to: &value)
    }
    value.removeLast(value.count - size)
  }

  /// Whether `value` is a whole sealed value of `key`, in whichever version. `scratch` is overwritten.
  public static func belongs(_ value: [UInt8], to key: [UInt8], scratch: inout [UInt8]) -> Bool {
    guard value.count >= leastSize, let version = version(of: value) else { return false }
    write(key: key, version: version, size: value.count, into: &scratch)
    return value == scratch
  }

  /// The version that a value claims; `nil` if it is no sealed value at all.
  public static func version(of value: [UInt8]) -> UInt32? {
    guard value.count >= leastSize else { return nil }
    var version: UInt32 = 0
    for byte in value.prefix(8).reversed() {
      guard (UInt8(ascii: "a")...UInt8(ascii: "p")).contains(byte) else { return nil }
      version = version << 4 | UInt32(byte - UInt8(ascii: "a"))
    }
    return version
  }

  private static func checksum(key: [UInt8], version: UInt32, size: Int) -> UInt64 {
    var hash = SplitMix64.mix(UInt64(version) << 32 ^ UInt64(truncatingIfNeeded: size))
    var word: UInt64 = 0
    for (index, byte) in key.enumerated() {
      word = word << 8 | UInt64(byte)
      if index & 7 == 7 {
        hash = SplitMix64.mix(hash ^ word)
        word = 0
      }
    }
    return SplitMix64.mix(hash ^ word ^ UInt64(truncatingIfNeeded: key.count) << 56)
  }

  /// The low 32 bits as eight letters, the lowest nibble first.
  private static func letters(_ bits: UInt64) -> UInt64 {
    var spread = bits & 0xFFFF_FFFF
    spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
    spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
    spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F
    return spread &+ 0x6161_6161_6161_6161
  }

  private static func append(_ letters: UInt64, to value: inout [UInt8]) {
    withUnsafeBytes(of: letters.littleEndian) { value.append(contentsOf: $0) }
  }
}
