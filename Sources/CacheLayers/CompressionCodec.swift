import CSluiceZlib

/// The compression layer: what is stored in place of a value, and the value again from what is stored.
///
/// Three stored forms. Whatever does not begin with the marker is the value itself, whoever wrote it:
///
/// | form | bytes |
/// |---|---|
/// | plain | the value, if it does not begin with the marker |
/// | escaped | marker, `=`, the value: for a value that begins with the marker |
/// | compressed | marker, `z`, length of the value (4 bytes, big-endian), zlib stream (RFC 1950) |
///
/// So `decode(encode(x)) == x` for every `x`, no stored form is longer than its value by more than five
/// bytes, and another language reads a compressed value by `zlib.decompress(stored[9:])`.
public struct CompressionCodec: Hashable, Sendable {
  /// Values with more bytes than this are compressed, if that makes them shorter.
  public let threshold: Int
  /// 1 is fast, 9 is small.
  public let level: Int
  /// The most bytes that a value may have after decompression; a stored form that claims more is refused
  /// unread.
  public let maxValueBytes: Int

  /// Redis keeps no string that is longer.
  public static let redisLimit = 512 * 1024 * 1024

  /// A codec; a threshold below 0 counts as 0, and a level outside 1...9 as the nearest one.
  public init(threshold: Int, level: Int = 6, maxValueBytes: Int = CompressionCodec.redisLimit) {
    self.threshold = max(0, threshold)
    self.level = min(max(1, level), 9)
    self.maxValueBytes = min(max(0, maxValueBytes), Int(UInt32.max))
  }

  /// What is to be stored for `value`; nil if the value itself is, so that nothing is copied.
  ///
  /// - Parameter deflater: of this codec's level, if the caller has one to reuse; nil makes one for the occasion.
  public func encode(_ value: Span<UInt8>, reusing deflater: Deflater? = nil) -> [UInt8]? {
    if value.count > threshold, value.count <= maxValueBytes, let compressed = compress(value, deflater) {
      return compressed
    }
    guard value.starts(with: Self.marker.span) else { return nil }
    var stored: [UInt8] = []
    stored.reserveCapacity(Self.markerCount + value.count)
    stored += Self.marker
    stored.append(Self.escapedKind)
    stored.append(copying: value)
    return stored
  }

  /// The value of what is stored; nil if it is the value itself, so that nothing is copied.
  ///
  /// - Throws: `tooLarge` before anything is decompressed, `corrupt` if the stream is damaged or cut.
  public func decode(_ stored: Span<UInt8>) throws(CompressionError) -> [UInt8]? {
    switch Self.form(of: stored) {
    case .plain:
      return nil
    case .escaped:
      return Array(copying: stored.extracting(Self.markerCount..<stored.count))
    case .compressed(let count):
      guard count <= maxValueBytes else {
        throw CompressionError(
          .tooLarge,
          "a stored value claims \(count) bytes of \(maxValueBytes) allowed; delete its key or raise the limit"
        )
      }
      return try decompress(stored.extracting(Self.headerCount..<stored.count), count: count)
    }
  }

  // MARK: The stored form

  /// What stands in the store, told by its first bytes alone.
  public enum Form: Equatable, Sendable {
    case plain
    case escaped
    /// `count` is the length of the value, as the writer said.
    case compressed(count: Int)
  }

  /// The bytes that begin a stored form which is not the value itself: a zero byte and `SLC`.
  public static let marker: [UInt8] = [0x00, 0x53, 0x4C, 0x43]
  /// The marker and the kind.
  public static let markerCount = 5
  /// The marker, the kind and the length.
  static let headerCount = 9
  private static let escapedKind = UInt8(ascii: "=")
  private static let compressedKind = UInt8(ascii: "z")

  /// Which form `stored` has. A marker with a kind that we never write is a plain value of somebody else.
  public static func form(of stored: Span<UInt8>) -> Form {
    guard stored.count >= markerCount, stored.starts(with: marker.span) else { return .plain }
    switch stored[marker.count] {
    case escapedKind:
      return .escaped
    case compressedKind where stored.count >= headerCount:
      var count = 0
      for index in markerCount..<headerCount { count = count << 8 | Int(stored[index]) }
      return .compressed(count: count)
    default:
      return .plain
    }
  }

  /// Nil if it would not be shorter, or if zlib has no memory for it.
  private func compress(_ value: Span<UInt8>, _ deflater: Deflater?) -> [UInt8]? {
    guard let deflater = deflater ?? Deflater(level: level) else { return nil }
    let bound = Int(compressBound(UInt(value.count)))
    return value.withUnsafeBufferPointer { source -> [UInt8]? in
      var shorter = false
      let stored = [UInt8](unsafeUninitializedCapacity: Self.headerCount + bound) { target, count in
        guard let start = target.baseAddress else { return }
        for (index, byte) in (Self.marker + [Self.compressedKind]).enumerated() { target[index] = byte }
        for index in 0..<4 {
          target[Self.markerCount + index] = UInt8(truncatingIfNeeded: source.count >> (24 - 8 * index))
        }
        // `start` has room for the header and `bound` bytes, which is what zlib asks for.
        let room = UnsafeMutableBufferPointer(start: start + Self.headerCount, count: bound)
        guard let length = deflater.compress(source, into: room) else { return }
        count = Self.headerCount + length
        shorter = count < source.count
      }
      return shorter ? stored : nil
    }
  }

  private func decompress(_ stream: Span<UInt8>, count: Int) throws(CompressionError) -> [UInt8] {
    var status: Int32 = Z_DATA_ERROR
    var produced: UInt = 0
    var consumed = UInt(stream.count)
    let value = stream.withUnsafeBufferPointer { source in
      [UInt8](unsafeUninitializedCapacity: max(1, count)) { target, initialized in
        produced = UInt(count)
        // zlib writes no more than `produced` bytes, which is the room there is.
        status = uncompress2(target.baseAddress, &produced, source.baseAddress, &consumed)
        initialized = status == Z_OK ? Int(produced) : 0
      }
    }
    guard status == Z_OK, value.count == count, consumed == UInt(stream.count) else {
      throw CompressionError(
        .corrupt,
        "a stored value cannot be decompressed (zlib \(status)); delete its key, or see who writes there")
    }
    return value
  }
}
