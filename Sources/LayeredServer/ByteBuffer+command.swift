import NIOCore
import SluiceRESP

/// Building commands and replies at the end of a buffer.
extension ByteBuffer {
  @inline(__always)
  mutating func append(_ bytes: Span<UInt8>) {
    writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count) { target in
      bytes.withUnsafeBytes { target.copyMemory(from: $0) }
      return bytes.count
    }
  }

  mutating func beginCommand(_ words: Int) { line("*", words) }

  mutating func bulk(_ bytes: Span<UInt8>) {
    line("$", bytes.count)
    append(bytes)
    writeStaticString("\r\n")
  }

  mutating func bulk(_ bytes: [UInt8]) { bulk(bytes.span) }

  mutating func bulk(_ number: Int) { bulk(Array("\(number)".utf8).span) }

  mutating func word(_ word: StaticString) {
    line("$", word.utf8CodeUnitCount)
    writeStaticString(word)
    writeStaticString("\r\n")
  }

  /// A key with its prefix.
  mutating func key(_ key: Span<UInt8>, _ prefix: [UInt8]) {
    line("$", prefix.count + key.count)
    writeBytes(prefix)
    append(key)
    writeStaticString("\r\n")
  }

  mutating func integer(_ number: Int) { line(":", number) }

  mutating func null() { writeStaticString("$-1\r\n") }

  /// - Parameter text: begins with the error's word.
  mutating func error(_ text: String) {
    var line: [UInt8] = []
    line.appendError(text)
    writeBytes(line)
  }

  private mutating func line(_ type: StaticString, _ number: Int) {
    writeStaticString(type)
    writeString(String(number))
    writeStaticString("\r\n")
  }
}

extension Span where Element == UInt8 {
  var array: [UInt8] { withUnsafeBufferPointer { Array($0) } }

  /// Whether the word is the keyword, in any case of letters.
  ///
  /// - Parameter keyword: upper case letters only.
  func isWord(_ keyword: StaticString) -> Bool {
    guard count == keyword.utf8CodeUnitCount else { return false }
    return keyword.withUTF8Buffer { letters in
      for (offset, letter) in letters.enumerated() where self[offset] & 0xDF != letter { return false }
      return true
    }
  }

  /// A decimal number by Redis's rule: no plus, no spaces, no leading zeros, 64 bits.
  var integer: Int? {
    guard count > 0, count <= 20 else { return nil }
    let text = withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    guard let number = Int(text), "\(number)" == text else { return nil }
    return number
  }
}
