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
    guard let version = version(of: payload), version <= newest else { throw .versionOrChecksum }
    let summed = payload.count - 8
    var sum: UInt64 = 0
    for index in 0..<8 { sum |= UInt64(payload[summed + index]) << UInt64(8 * index) }
    guard sum == CRC64.of(payload.extracting(0..<summed)) else { throw .versionOrChecksum }
    let content = payload.extracting(0..<payload.count - footer)
    guard content.count > 0 else { throw .badFormat }
    guard content[0] == stringType else { throw .otherType }
    var reader = Reader(longest: longest)
    let value = try reader.string(content)
    guard reader.position == content.count else { throw .badFormat }
    return value
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
    switch value.count {
    case 0..<0x40:
      payload.append(UInt8(truncatingIfNeeded: value.count))
    case 0x40..<0x4000:
      payload.append(0x40 | UInt8(truncatingIfNeeded: value.count >> 8))
      payload.append(UInt8(truncatingIfNeeded: value.count))
    default:
      // No command is longer than what 32 bits count.
      payload.append(0x80)
      for shift in [24, 16, 8, 0] { payload.append(UInt8(truncatingIfNeeded: value.count >> shift)) }
    }
    payload.append(contentsOf: value)
    payload.append(UInt8(truncatingIfNeeded: version))
    payload.append(UInt8(truncatingIfNeeded: version >> 8))
    let sum = CRC64.of(payload.span)
    for index in 0..<8 { payload.append(UInt8(truncatingIfNeeded: sum >> UInt64(8 * index))) }
    return payload
  }

  /// Reads `content` from its second byte on, behind the type. Each step throws where bytes are missing.
  private struct Reader {
    let longest: Int
    var position = 1

    mutating func string(_ content: Span<UInt8>) throws(Trouble) -> [UInt8] {
      let first = try byte(content)
      switch first {
      case 0xC0: return try number(content, bytes: 1)
      case 0xC1: return try number(content, bytes: 2)
      case 0xC2: return try number(content, bytes: 4)
      case 0xC3: return try compressed(content)
      default:
        let part = try take(length(first, content), content)
        guard part.count <= longest else { throw .tooLong }
        var value: [UInt8] = []
        value.append(contentsOf: content.extracting(part))
        return value
      }
    }

    private mutating func byte(_ content: Span<UInt8>) throws(Trouble) -> UInt8 {
      guard position < content.count else { throw .badFormat }
      defer { position += 1 }
      return content[position]
    }

    private mutating func length(_ first: UInt8, _ content: Span<UInt8>) throws(Trouble) -> Int {
      switch first {
      case 0..<0x40: return Int(first)
      case 0x40..<0x80: return try Int(first & 0x3F) << 8 | Int(byte(content))
      case 0x80: return try bigEndian(4, content)
      case 0x81: return try bigEndian(8, content)
      default: throw .badFormat
      }
    }

    private mutating func bigEndian(_ count: Int, _ content: Span<UInt8>) throws(Trouble) -> Int {
      var value: UInt64 = 0
      for _ in 0..<count { value = try value << 8 | UInt64(byte(content)) }
      guard let value = Int(exactly: value) else { throw .badFormat }
      return value
    }

    private mutating func take(_ count: Int, _ content: Span<UInt8>) throws(Trouble) -> Range<Int> {
      guard count <= content.count - position else { throw .badFormat }
      defer { position += count }
      return position..<position + count
    }

    /// A small integer, low byte first.
    private mutating func number(_ content: Span<UInt8>, bytes count: Int) throws(Trouble) -> [UInt8] {
      var value: UInt32 = 0
      for index in 0..<count { value |= try UInt32(byte(content)) << UInt32(8 * index) }
      let shift = Int32(32 - 8 * count)
      let text = Array("\((Int32(bitPattern: value) << shift) >> shift)".utf8)
      guard text.count <= longest else { throw .tooLong }
      return text
    }

    private mutating func compressed(_ content: Span<UInt8>) throws(Trouble) -> [UInt8] {
      let short = try length(byte(content), content)
      let long = try length(byte(content), content)
      let stream = try take(short, content)
      guard long <= longest else { throw .tooLong }
      guard let value = LZF.decompress(content.extracting(stream), count: long) else { throw .badFormat }
      return value
    }
  }
}
