import SluiceRESP

/// Redis' listpack, as far as a dump is read: `bytes (4), elements (2), elements, 0xFF`. An element is its
/// kind and length, its bytes, and its size once more for who comes from behind.
///
/// Source: `listpack.c` of Redis 7.0.
enum Listpack {
  static func words(_ pack: [UInt8]) throws(DumpedString.Trouble) -> [[UInt8]] {
    guard pack.count >= 7, pack.last == 0xFF else { throw .badFormat }
    let total = (0..<4).reduce(0) { $0 | Int(pack[$1]) << (8 * $1) }
    let count = Int(pack[4]) | Int(pack[5]) << 8
    guard total == pack.count else { throw .badFormat }
    var words: [[UInt8]] = []
    var position = 6
    let end = pack.count - 1
    while position < end {
      let first = pack[position]
      let header: Int
      let length: Int
      var isInteger = false
      var small: Int64?
      switch first {
      case 0..<0x80: (header, length, small) = (1, 0, Int64(first))
      case 0x80..<0xC0: (header, length) = (1, Int(first & 0x3F))
      case 0xC0..<0xE0:
        guard position + 1 < end else { throw .badFormat }
        let value = Int64(first & 0x1F) << 8 | Int64(pack[position + 1])
        (header, length, small) = (2, 0, value >= 0x1000 ? value - 0x2000 : value)
      case 0xE0..<0xF0:
        guard position + 1 < end else { throw .badFormat }
        (header, length) = (2, Int(first & 0x0F) << 8 | Int(pack[position + 1]))
      case 0xF0:
        guard position + 4 < end else { throw .badFormat }
        (header, length) = (5, (1...4).reduce(0) { $0 | Int(pack[position + $1]) << (8 * ($1 - 1)) })
      case 0xF1: (header, length, isInteger) = (1, 2, true)
      case 0xF2: (header, length, isInteger) = (1, 3, true)
      case 0xF3: (header, length, isInteger) = (1, 4, true)
      case 0xF4: (header, length, isInteger) = (1, 8, true)
      default: throw .badFormat
      }
      let start = position + header
      let back = backLength(header + length)
      guard length <= end - start - back else { throw .badFormat }
      let part = pack[start..<start + length]
      if let number = small ?? (isInteger ? integer(part) : nil) {
        var text: [UInt8] = []
        text.append(decimal: number)
        words.append(text)
      } else {
        words.append(Array(part))
      }
      position = start + length + back
    }
    // 65535 says that there are too many to count.
    guard count == 0xFFFF || count == words.count else { throw .badFormat }
    return words
  }

  /// How many bytes the size takes behind an element of this size.
  private static func backLength(_ size: Int) -> Int {
    switch size {
    case ...127: 1
    case ..<16383: 2
    case ..<2_097_151: 3
    case ..<268_435_455: 4
    default: 5
    }
  }

  /// A signed integer of up to eight bytes, the low one first.
  static func integer(_ bytes: ArraySlice<UInt8>) -> Int64 {
    var value: UInt64 = 0
    for (number, byte) in bytes.enumerated() where number < 8 { value |= UInt64(byte) << UInt64(8 * number) }
    let shift = Int64(64 - 8 * min(bytes.count, 8))
    return shift < 64 ? (Int64(bitPattern: value) << shift) >> shift : 0
  }
}
