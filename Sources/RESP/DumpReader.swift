/// Reads the content of a dump from its second byte on, behind the type. Each step throws where bytes are
/// missing.
package struct DumpReader {
  /// The most bytes of one string.
  package let longest: Int
  package private(set) var position = 1

  package init(longest: Int) { self.longest = longest }

  package mutating func string(_ content: Span<UInt8>) throws(DumpedString.Trouble) -> [UInt8] {
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

  package mutating func byte(_ content: Span<UInt8>) throws(DumpedString.Trouble) -> UInt8 {
    guard position < content.count else { throw .badFormat }
    defer { position += 1 }
    return content[position]
  }

  /// The number of what follows.
  package mutating func length(_ content: Span<UInt8>) throws(DumpedString.Trouble) -> Int {
    try length(byte(content), content)
  }

  private mutating func length(_ first: UInt8, _ content: Span<UInt8>) throws(DumpedString.Trouble) -> Int {
    switch first {
    case 0..<0x40: return Int(first)
    case 0x40..<0x80: return try Int(first & 0x3F) << 8 | Int(byte(content))
    case 0x80: return try bigEndian(4, content)
    case 0x81: return try bigEndian(8, content)
    default: throw .badFormat
    }
  }

  private mutating func bigEndian(_ count: Int, _ content: Span<UInt8>) throws(DumpedString.Trouble) -> Int {
    var value: UInt64 = 0
    for _ in 0..<count { value = try value << 8 | UInt64(byte(content)) }
    guard let value = Int(exactly: value) else { throw .badFormat }
    return value
  }

  package mutating func take(_ count: Int, _ content: Span<UInt8>) throws(DumpedString.Trouble) -> Range<Int>
  {
    guard count >= 0, count <= content.count - position else { throw .badFormat }
    defer { position += count }
    return position..<position + count
  }

  /// A small integer, low byte first.
  private mutating func number(_ content: Span<UInt8>, bytes count: Int) throws(DumpedString.Trouble)
    -> [UInt8]
  {
    var value: UInt32 = 0
    for index in 0..<count { value |= try UInt32(byte(content)) << UInt32(8 * index) }
    let shift = Int32(32 - 8 * count)
    let text = Array("\((Int32(bitPattern: value) << shift) >> shift)".utf8)
    guard text.count <= longest else { throw .tooLong }
    return text
  }

  private mutating func compressed(_ content: Span<UInt8>) throws(DumpedString.Trouble) -> [UInt8] {
    let short = try length(byte(content), content)
    let long = try length(byte(content), content)
    let stream = try take(short, content)
    guard long <= longest else { throw .tooLong }
    guard let value = LZF.decompress(content.extracting(stream), count: long) else { throw .badFormat }
    return value
  }
}
