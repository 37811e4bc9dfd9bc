import NIOCore

/// Bytes in the order in which they will be needed again: written at the end, taken from the front.
struct ByteQueue {
  private var buffer = ByteBuffer()

  mutating func append(_ bytes: Span<UInt8>) {
    buffer.append(bytes)
  }

  /// The `length` bytes that begin `offset` bytes behind the front, without a copy.
  func peek(at offset: Int, length: Int) -> ByteBuffer {
    buffer.getSlice(at: buffer.readerIndex + offset, length: length) ?? ByteBuffer()
  }

  /// Removes the `length` bytes at the front and returns them, without a copy.
  mutating func take(_ length: Int) -> ByteBuffer {
    let front = buffer.getSlice(at: buffer.readerIndex, length: length) ?? ByteBuffer()
    drop(length)
    return front
  }

  private mutating func drop(_ length: Int) {
    buffer.moveReaderIndex(forwardBy: length)
    if buffer.readableBytes == 0 {
      // A burst must not cost its memory for ever.
      if buffer.capacity > 1 << 20 { buffer = ByteBuffer() } else { buffer.clear() }
    } else if buffer.readerIndex > 1 << 16, buffer.readerIndex > buffer.readableBytes {
      buffer.discardReadBytes()
    }
  }
}
