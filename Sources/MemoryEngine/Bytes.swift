import SluiceRESP

/// Small things over bytes that the whole engine shares. Keys and values are bytes, never `String`.
extension Span where Element == UInt8 {
  /// Whether `other` starts with these bytes; eight at a time.
  func isPrefix(of other: Span<UInt8>) -> Bool {
    let count = self.count
    guard other.count >= count else { return false }
    let left = bytes
    let right = other.bytes
    var offset = 0
    while count - offset >= 8 {
      // In bounds: offset + 8 <= count <= both counts.
      let a = left.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let b = right.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if a != b { return false }
      offset += 8
    }
    while offset < count {
      if self[offset] != other[offset] { return false }
      offset += 1
    }
    return true
  }

  func isEqual(to other: Span<UInt8>) -> Bool {
    count == other.count && isPrefix(of: other)
  }

  /// Whether these bytes are this word, in any case.
  func isWord(_ word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    return word.withUTF8Buffer { letters in
      for index in letters.indices where self[index].asciiUppercased != letters[index].asciiUppercased {
        return false
      }
      return true
    }
  }
}

extension UInt8 {
  var asciiUppercased: UInt8 { self >= 0x61 && self <= 0x7A ? self &- 0x20 : self }
  var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self &+ 0x20 : self }
}

extension [UInt8] {
  mutating func append(text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  /// Overwrites in place. The caller has made sure that the bytes reach far enough.
  mutating func overwrite(from start: Int, with part: Span<UInt8>) {
    withUnsafeMutableBytes { target in
      part.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: target[start...]).copyMemory(from: $0) }
    }
  }

  mutating func append(decimal value: Int64) {
    if value >= 0 && value < 10 {
      append(0x30 + UInt8(value))
      return
    }
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var position = 20
    var rest = value.magnitude
    repeat {
      position -= 1
      digits[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if value < 0 {
      position -= 1
      digits[position] = 0x2D
    }
    append(contentsOf: digits.span.extracting(position..<20))
  }
}
