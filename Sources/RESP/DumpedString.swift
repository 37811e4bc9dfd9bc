/// The payload of `DUMP` and `RESTORE`, as far as it is a string:
/// `type, value, version (2 bytes), CRC-64 (8 bytes)`.
///
/// Source: `rdb.c` (`rdbSaveRawString`, `rdbGenericLoadStringObject`), `cluster.c` (`createDumpPayload`,
/// `verifyDumpPayload`) and `lzf_d.c` of Redis 7.0.
public enum DumpedString {
  /// The version of the format that Redis 7.0 writes, and the newest one that it reads.
  public static let version: UInt16 = 10

  /// Why a payload gives no string.
  public enum Trouble: Error, Equatable {
    /// It is cut or damaged, or of a version that is too new.
    case versionOrChecksum
    /// It is sound, and holds a list, a hash or the like.
    case otherType
    /// Its checksum is right, and its bytes are no string all the same.
    case badFormat
    /// The string is longer than was asked for.
    case tooLong
  }

  private static let stringType: UInt8 = 0
  /// The version and the checksum.
  private static let footer = 10

  /// The string in a payload.
  ///
  /// - Parameters:
  ///   - newest: the newest version of the format to take; that of strings is the same in all that there are.
  ///   - longest: the most bytes of the string; no room is made for a longer one, whatever the payload says.
  public static func value(
    of payload: Span<UInt8>, newest: UInt16 = .max, longest: Int = 512 << 20
  ) throws(Trouble) -> [UInt8] {
    let content = payload.extracting(0..<(try contentCount(of: payload, newest: newest)))
    guard content[0] == stringType else { throw .otherType }
    var reader = DumpReader(longest: longest)
    let value = try reader.string(content)
    guard reader.position == content.count else { throw .badFormat }
    return value
  }

  /// How many bytes of a sound payload stand before its version; the first of them is the type.
  package static func contentCount(of payload: Span<UInt8>, newest: UInt16) throws(Trouble) -> Int {
    guard let version = version(of: payload), version <= newest else { throw .versionOrChecksum }
    let summed = payload.count - 8
    var sum: UInt64 = 0
    for index in 0..<8 { sum |= UInt64(payload[summed + index]) << UInt64(8 * index) }
    guard sum == CRC64.of(payload.extracting(0..<summed)) else { throw .versionOrChecksum }
    guard payload.count > footer else { throw .badFormat }
    return payload.count - footer
  }

  /// The version that a payload says it has; nil if it is too short to be one.
  public static func version(of payload: Span<UInt8>) -> UInt16? {
    guard payload.count >= footer else { return nil }
    let start = payload.count - footer
    return UInt16(payload[start]) | UInt16(payload[start + 1]) << 8
  }

  /// A payload that holds `value` as it is. Redis takes it, and stores a number as one, as it does for `SET`.
  public static func payload(of value: Span<UInt8>, version: UInt16 = DumpedString.version) -> [UInt8] {
    var payload: [UInt8] = [stringType]
    payload.reserveCapacity(value.count + 16)
    append(value, to: &payload)
    seal(&payload, version: version)
    return payload
  }

  /// Appends a string with its length in front.
  package static func append(_ value: Span<UInt8>, to payload: inout [UInt8]) {
    append(length: value.count, to: &payload)
    payload.append(contentsOf: value)
  }

  package static func append(length: Int, to payload: inout [UInt8]) {
    switch length {
    case 0..<0x40:
      payload.append(UInt8(truncatingIfNeeded: length))
    case 0x40..<0x4000:
      payload.append(0x40 | UInt8(truncatingIfNeeded: length >> 8))
      payload.append(UInt8(truncatingIfNeeded: length))
    default:
      // No command is longer than what 32 bits count.
      payload.append(0x80)
      for shift in [24, 16, 8, 0] { payload.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }
  }

  /// Appends a payload with another version on it; false, and nothing is appended, if it is damaged.
  package static func append(
    _ payload: Span<UInt8>, restamped version: UInt16, to other: inout [UInt8]
  ) -> Bool {
    guard payload.count > footer else { return false }
    let content = payload.count - footer
    var stored: UInt64 = 0
    for index in 0..<8 { stored |= UInt64(payload[content + 2 + index]) << UInt64(8 * index) }
    // Both checksums begin with the same bytes, which are read once.
    let sum = CRC64.of(payload.extracting(0..<content))
    guard stored == CRC64.of(payload.extracting(content..<content + 2), behind: sum) else { return false }
    let stamp = [UInt8(truncatingIfNeeded: version), UInt8(truncatingIfNeeded: version >> 8)]
    let sealed = CRC64.of(stamp.span, behind: sum)
    other.append(contentsOf: payload.extracting(0..<content))
    other.append(contentsOf: stamp)
    for index in 0..<8 { other.append(UInt8(truncatingIfNeeded: sealed >> UInt64(8 * index))) }
    return true
  }

  /// Appends the version and the checksum.
  package static func seal(_ payload: inout [UInt8], version: UInt16 = DumpedString.version) {
    payload.append(UInt8(truncatingIfNeeded: version))
    payload.append(UInt8(truncatingIfNeeded: version >> 8))
    let sum = CRC64.of(payload.span)
    for index in 0..<8 { payload.append(UInt8(truncatingIfNeeded: sum >> UInt64(8 * index))) }
  }
}
