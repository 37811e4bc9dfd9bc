/// The compression inside of Redis's own formats (`lzf_d.c`).
enum LZF {
  /// Nil if the stream does not hold exactly `count` bytes.
  static func decompress(_ stream: Span<UInt8>, count: Int) -> [UInt8]? {
    // Three bytes make 264 at most: a stream that claims more is refused before room is made for it.
    guard count / 264 <= stream.count else { return nil }
    var output: [UInt8] = []
    output.reserveCapacity(count)
    var index = 0
    while index < stream.count {
      let control = Int(stream[index])
      index += 1
      if control < 32 {
        let end = index + control + 1
        guard end <= stream.count else { return nil }
        output.append(contentsOf: stream.extracting(index..<end))
        index = end
      } else {
        var length = control >> 5
        if length == 7 {
          guard index < stream.count else { return nil }
          length += Int(stream[index])
          index += 1
        }
        guard index < stream.count else { return nil }
        let from = output.count - ((control & 0x1F) << 8) - Int(stream[index]) - 1
        index += 1
        guard from >= 0 else { return nil }
        // What is copied may be what was just written.
        for offset in 0..<length + 2 { output.append(output[from + offset]) }
      }
      guard output.count <= count else { return nil }
    }
    return output.count == count ? output : nil
  }
}
