import CacheLayers

/// The payload of `DUMP` and `RESTORE`, as far as it is a string: `type, value, version (2 bytes), CRC-64 (8 bytes)`.
///
/// Source: `rdb.c` (`rdbSaveRawString`, `rdbGenericLoadStringObject`), `cluster.c` (`createDumpPayload`) and `lzf_d.c`
/// of Redis 7.0.
enum RedisString {
  /// Whether the payload holds a string, whatever its version and checksum say.
  static func isString(_ payload: Span<UInt8>) -> Bool { payload.count > 10 && payload[0] == 0 }

  /// The string in a payload; nil if it holds another type, or if its checksum or its form is wrong.
  static func value(of payload: Span<UInt8>) -> [UInt8]? {
    guard isString(payload) else { return nil }
    let end = payload.count - 10
    var sum: UInt64 = 0
    for index in 0..<8 { sum |= UInt64(payload[payload.count - 8 + index]) << UInt64(8 * index) }
    // Zero means that the writer computes no checksums.
    guard sum == 0 || sum == CRC64.of(payload.extracting(0..<payload.count - 8)) else { return nil }
    var reader = Reader(bytes: payload.extracting(1..<end).withUnsafeBufferPointer { Array($0) })
    guard let value = reader.string(), reader.isAtEnd else { return nil }
    return value
  }

  /// A payload of the string in the format of the version that `model` has.
  static func payload(of value: Span<UInt8>, likeIn model: Span<UInt8>) -> [UInt8] {
    var payload: [UInt8] = [0]
    payload.reserveCapacity(value.count + 16)
    switch value.count {
    case 0..<64:
      payload.append(UInt8(truncatingIfNeeded: value.count))
    case 64..<16384:
      payload.append(0x40 | UInt8(truncatingIfNeeded: value.count >> 8))
      payload.append(UInt8(truncatingIfNeeded: value.count))
    default:
      payload.append(0x80)
      for shift in [24, 16, 8, 0] { payload.append(UInt8(truncatingIfNeeded: value.count >> shift)) }
    }
    value.withUnsafeBufferPointer { payload.append(contentsOf: $0) }
    if model.count >= 10 { for index in model.count - 10..<model.count - 8 { payload.append(model[index]) } }
    let sum = CRC64.of(payload.span)
    for index in 0..<8 { payload.append(UInt8(truncatingIfNeeded: sum >> UInt64(8 * index))) }
    return payload
  }

  /// Reads from the front; every step says nil where the bytes end too early.
  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func string() -> [UInt8]? {
      guard let first = byte() else { return nil }
      switch first {
      case 0xC0: return number(bytes: 1)
      case 0xC1: return number(bytes: 2)
      case 0xC2: return number(bytes: 4)
      case 0xC3: return compressed()
      default:
        guard let length = length(first) else { return nil }
        return take(length)
      }
    }

    private mutating func byte() -> UInt8? {
      guard position < bytes.count else { return nil }
      defer { position += 1 }
      return bytes[position]
    }

    private mutating func length() -> Int? {
      guard let first = byte() else { return nil }
      return length(first)
    }

    private mutating func length(_ first: UInt8) -> Int? {
      switch first {
      case 0..<0x40: return Int(first)
      case 0x40..<0x80: return byte().map { Int(first & 0x3F) << 8 | Int($0) }
      case 0x80: return bigEndian(4)
      case 0x81: return bigEndian(8)
      default: return nil
      }
    }

    private mutating func bigEndian(_ count: Int) -> Int? {
      var value: UInt64 = 0
      for _ in 0..<count {
        guard let next = byte() else { return nil }
        value = value << 8 | UInt64(next)
      }
      return Int(exactly: value)
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
      guard count <= bytes.count - position else { return nil }
      defer { position += count }
      return Array(bytes[position..<position + count])
    }

    /// A small integer, low byte first.
    private mutating func number(bytes count: Int) -> [UInt8]? {
      var value: UInt32 = 0
      for index in 0..<count {
        guard let next = byte() else { return nil }
        value |= UInt32(next) << UInt32(8 * index)
      }
      let shift = Int32(32 - 8 * count)
      return Array("\((Int32(bitPattern: value) << shift) >> shift)".utf8)
    }

    private mutating func compressed() -> [UInt8]? {
      guard let short = length(), let long = length(), long <= CompressionCodec.redisLimit,
        let stream = take(short)
      else { return nil }
      return LZF.decompress(stream, count: long)
    }
  }
}

/// The compression inside of Redis's own files.
enum LZF {
  /// Nil if the stream does not hold exactly `count` bytes.
  static func decompress(_ stream: [UInt8], count: Int) -> [UInt8]? {
    // Three bytes make 264 at most: a stream that claims more is refused before room is made for it.
    guard count <= stream.count * 264 else { return nil }
    var output: [UInt8] = []
    output.reserveCapacity(count)
    var index = 0
    while index < stream.count {
      let control = Int(stream[index])
      index += 1
      if control < 32 {
        guard index + control < stream.count else { return nil }
        output.append(contentsOf: stream[index...index + control])
        index += control + 1
      } else {
        var length = control >> 5
        if length == 7 {
          guard index < stream.count else { return nil }
          length += Int(stream[index])
          index += 1
        }
        guard index < stream.count else { return nil }
        var from = output.count - ((control & 0x1F) << 8) - Int(stream[index]) - 1
        index += 1
        guard from >= 0 else { return nil }
        // What is copied may be what was just written.
        for _ in 0..<length + 2 {
          output.append(output[from])
          from += 1
        }
      }
      guard output.count <= count else { return nil }
    }
    return output.count == count ? output : nil
  }
}

/// CRC-64 by Jones, reflected, as `crc64.c` of Redis computes it.
enum CRC64 {
  private static let table: [UInt64] = (0..<256).map { byte in
    (0..<8).reduce(UInt64(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x95AC_9329_AC4B_C9B5 : sum >> 1 }
  }

  static func of(_ bytes: Span<UInt8>) -> UInt64 {
    table.withUnsafeBufferPointer { table in
      bytes.withUnsafeBufferPointer { bytes in
        // A byte is an index below 256, which the table has.
        bytes.reduce(UInt64(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
      }
    }
  }
}
