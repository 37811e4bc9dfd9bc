import CSluiceZlib

/// zlib's working memory for compressing at one level, kept from value to value: to make it anew, a quarter of a mebibyte, takes longer
/// than to compress a few KiB. What is stored is the same.
///
/// For one owner at a time, as an event loop is: it is not `Sendable`.
public final class Deflater {
  /// zlib remembers where it lies, so it never moves.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Nil if zlib has no memory for it.
  ///
  /// - Parameter level: 1 is fast, 9 is small.
  public init?(level: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit_(stream, Int32(level), ZLIB_VERSION, size) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Writes the zlib stream of `source` to `target`. Returns its length; nil if it does not fit.
  func compress(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>) -> Int?
  {
    guard deflateReset(stream) == Z_OK, let input = UInt32(exactly: source.count),
      let room = UInt32(exactly: target.count)
    else { return nil }
    // zlib only reads what `next_in` points to.
    stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
    stream.pointee.avail_in = input
    stream.pointee.next_out = target.baseAddress
    stream.pointee.avail_out = room
    guard deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
    return target.count - Int(stream.pointee.avail_out)
  }
}
