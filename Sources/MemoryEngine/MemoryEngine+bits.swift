/// The commands about single bits of strings, and about how many there are.
extension Command {
  static let bits: [Command] = [
    Command("setbit", 4) { try $0.setbit($1, &$2) },
    Command("getbit", 3) { try $0.getbit($1, &$2) },
    Command("bitcount", -2) { try $0.bitcount($1, &$2) },
    Command("bitpos", -3) { try $0.bitpos($1, &$2) },
    Command("bitop", -4) { try $0.bitop($1, &$2) },
    Command("bitfield", -2) { try $0.bitfield($1, isReadOnly: false, &$2) },
    Command("bitfield_ro", -2) { try $0.bitfield($1, isReadOnly: true, &$2) },
  ]
}

extension MemoryEngine {
  static let badBitOffset: StaticString = "ERR bit offset is not an integer or out of range"

  /// The slot of a string that a command reads.
  mutating func lookString(_ key: [UInt8]) throws -> Int? {
    guard let slot = read(key.span) else { return nil }
    guard store.slots[slot].collection == nil else { throw Refusal.wrongType }
    return slot
  }

  /// The place of a string that a command changes.
  mutating func findString(_ key: [UInt8]) throws -> Place {
    let place = locate(key.span)
    if let slot = place.slot, store.slots[slot].collection != nil { throw Refusal.wrongType }
    return place
  }

  /// The bytes of a string, a copy; none where there is no key.
  mutating func stringBytes(_ key: [UInt8]) throws -> [UInt8] {
    guard let slot = try lookString(key) else { return [] }
    return store.slots[slot].withValue { [UInt8]($0) }
  }

  /// Writes a part of a string, with zero bytes before it where the string is shorter.
  mutating func write(_ part: [UInt8], at offset: Int, _ key: [UInt8], _ place: Place) throws {
    let length = place.slot.map { store.slots[$0].valueCount } ?? 0
    guard store.fits(keyCount: key.count, valueCount: max(length, offset + part.count)) else {
      throw Refusal.outOfMemory
    }
    if let slot = place.slot {
      store.overwriteValue(slot, at: offset, with: part.span)
    } else {
      var value = [UInt8](repeating: 0, count: offset)
      value.append(contentsOf: part)
      put(key.span, place, value.span, expiresAt: Slot.noExpiry, encoding: .raw)
    }
  }

  /// The number of a bit within the longest string.
  private func bitOffset(_ request: Request, _ index: Int) throws -> Int {
    let offset = try request.natural(index, or: MemoryEngine.badBitOffset)
    guard offset >> 3 < Int(MemoryEngine.longestString) else { throw Refusal.text(MemoryEngine.badBitOffset) }
    return offset
  }

  mutating func setbit(_ request: Request, _ output: inout [UInt8]) throws {
    let offset = try bitOffset(request, 2)
    let bit = try request.integer(3, or: "ERR bit is not an integer or out of range")
    guard bit == 0 || bit == 1 else { throw Refusal.text("ERR bit is not an integer or out of range") }
    let place = try findString(request[1])
    let old = place.slot.map { byte(offset >> 3, in: $0) } ?? 0
    let mask = UInt8(0x80) >> UInt8(offset & 7)
    try write([bit == 1 ? old | mask : old & ~mask], at: offset >> 3, request[1], place)
    output.reply(bool: old & mask != 0)
  }

  mutating func getbit(_ request: Request, _ output: inout [UInt8]) throws {
    let offset = try bitOffset(request, 2)
    guard let slot = try lookString(request[1]) else { return output.reply(bool: false) }
    output.reply(bool: byte(offset >> 3, in: slot) & UInt8(0x80) >> UInt8(offset & 7) != 0)
  }

  /// A byte of a string; zero behind its end.
  private func byte(_ index: Int, in slot: Int) -> UInt8 {
    store.slots[slot].withValue { index < $0.count ? $0[index] : 0 }
  }

  mutating func bitcount(_ request: Request, _ output: inout [UInt8]) throws {
    guard let slot = try lookString(request[1]) else { return output.reply(integer: 0) }
    var bits = 0..<store.slots[slot].valueCount * 8
    if request.count == 4 || request.count == 5 {
      let (start, end) = (try request.integer(2), try request.integer(3))
      if start < 0, end < 0, start > end { return output.reply(integer: 0) }
      let isBits = request.count == 5 ? try BitRange.isBits(request, 4) : false
      bits = BitRange.bits(start, end, isBits: isBits, bytes: store.slots[slot].valueCount)
    } else if request.count != 2 {
      throw Refusal.syntax
    }
    output.reply(integer: store.slots[slot].withValue { Int64(BitRange.count($0, bits)) })
  }

  mutating func bitpos(_ request: Request, _ output: inout [UInt8]) throws {
    let bit = try request.integer(2)
    guard bit == 0 || bit == 1 else { throw Refusal.text("ERR The bit argument must be 1 or 0.") }
    guard let slot = try lookString(request[1]) else { return output.reply(integer: bit == 1 ? -1 : 0) }
    let bytes = store.slots[slot].valueCount
    var bits = 0..<bytes * 8
    if request.count > 3 {
      guard request.count <= 6 else { throw Refusal.syntax }
      let start = try request.integer(3)
      let isBits = request.count == 6 ? try BitRange.isBits(request, 5) : false
      let end = request.count > 4 ? try request.integer(4) : Int64(bytes) - 1
      bits = BitRange.bits(start, end, isBits: isBits, bytes: bytes)
    }
    if bits.isEmpty { return output.reply(integer: -1) }
    if let place = store.slots[slot].withValue({ BitRange.first(bit == 1, $0, bits) }) {
      output.reply(integer: Int64(place))
    } else {
      // Behind the end of the string are zeros, unless the client drew an end itself.
      output.reply(integer: bit == 0 && request.count < 5 ? Int64(bytes * 8) : -1)
    }
  }

  mutating func bitop(_ request: Request, _ output: inout [UInt8]) throws {
    let operations: [StaticString] = ["AND", "OR", "XOR", "NOT"]
    guard let operation = operations.firstIndex(where: { request.isWord(1, $0) }) else {
      throw Refusal.syntax
    }
    guard operation != 3 || request.count == 4 else {
      throw Refusal.text("ERR BITOP NOT must be called with a single source key.")
    }
    var result: [UInt8] = []
    for index in 3..<request.count {
      var source = try stringBytes(request[index])
      if operation == 3 {
        result = source.map { ~$0 }
      } else if index == 3 {
        result = source
      } else {
        let length = max(result.count, source.count)
        result.append(contentsOf: repeatElement(0, count: length - result.count))
        source.append(contentsOf: repeatElement(0, count: length - source.count))
        for place in 0..<length {
          switch operation {
          case 0: result[place] &= source[place]
          case 1: result[place] |= source[place]
          default: result[place] ^= source[place]
          }
        }
      }
    }
    let key = request[2]
    guard store.fits(keyCount: key.count, valueCount: result.count) else { throw Refusal.outOfMemory }
    let place = locate(key.span)
    if !result.isEmpty {
      put(key.span, place, result.span, expiresAt: Slot.noExpiry, encoding: .raw)
    } else if let slot = place.slot {
      store.remove(slot)
    }
    output.reply(integer: Int64(result.count))
  }
}

/// A range of bits in a string, and what is asked of it.
enum BitRange {
  static func isBits(_ request: Request, _ index: Int) throws -> Bool {
    if request.isWord(index, "BIT") { return true }
    if request.isWord(index, "BYTE") { return false }
    throw Refusal.syntax
  }

  /// The bits from `start` to `end` as clients count bytes or bits: both included, negative from the end.
  static func bits(_ start: Int64, _ end: Int64, isBits: Bool, bytes: Int) -> Range<Int> {
    let length = Int64(isBits ? bytes * 8 : bytes)
    let first = max(0, start < 0 ? start + length : start)
    let last = min(length - 1, max(0, end < 0 ? end + length : end))
    guard first <= last else { return 0..<0 }
    return isBits ? Int(first)..<Int(last) + 1 : Int(first) * 8..<(Int(last) + 1) * 8
  }

  /// The bits lie within the string.
  static func count(_ value: Span<UInt8>, _ bits: Range<Int>) -> Int {
    var count = 0
    var bit = bits.lowerBound
    while bit < bits.upperBound {
      if bit & 7 == 0, bits.upperBound - bit >= 8 {
        count += value[bit >> 3].nonzeroBitCount
        bit += 8
      } else {
        if value[bit >> 3] & UInt8(0x80) >> UInt8(bit & 7) != 0 { count += 1 }
        bit += 1
      }
    }
    return count
  }

  static func first(_ isSet: Bool, _ value: Span<UInt8>, _ bits: Range<Int>) -> Int? {
    let dull: UInt8 = isSet ? 0 : 0xFF
    var bit = bits.lowerBound
    while bit < bits.upperBound {
      if bit & 7 == 0, bits.upperBound - bit >= 8, value[bit >> 3] == dull {
        bit += 8
      } else {
        if (value[bit >> 3] & UInt8(0x80) >> UInt8(bit & 7) != 0) == isSet { return bit }
        bit += 1
      }
    }
    return nil
  }
}
