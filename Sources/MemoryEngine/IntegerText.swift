/// Integers as Redis accepts them (`string2ll`): no blanks, no `+`, no leading zeros, the range of a signed 64 bits.
enum IntegerText {
  static func parse(_ text: Span<UInt8>) -> Int64? {
    guard text.count > 0, text.count <= 20 else { return nil }
    let negative = text[0] == UInt8(ascii: "-")
    var index = negative ? 1 : 0
    guard index < text.count else { return nil }
    if text[index] == UInt8(ascii: "0") { return text.count == 1 ? 0 : nil }
    // Counts downwards: the negative range is the longer one.
    var value: Int64 = 0
    while index < text.count {
      let digit = text[index] &- 0x30
      guard digit <= 9 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (difference, underflow) = product.subtractingReportingOverflow(Int64(digit))
      if overflow || underflow { return nil }
      value = difference
      index += 1
    }
    if negative { return value }
    return value == .min ? nil : -value
  }

  /// The cursor of `SCAN` as C's `strtoul` reads it: a sign is allowed, nothing at all is zero.
  static func parseCursor(_ text: Span<UInt8>) -> UInt64? {
    var index = 0
    var negative = false
    if text.count > 0, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
      negative = text[0] == UInt8(ascii: "-")
      index = 1
      // A sign with no digit behind it is not a number; strtoul stops at the sign.
      guard text.count > 1 else { return nil }
    }
    var value: UInt64 = 0
    while index < text.count {
      let digit = text[index] &- 0x30
      guard digit <= 9 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = product.addingReportingOverflow(UInt64(digit))
      if overflow || overflow2 { return nil }
      value = sum
      index += 1
    }
    return negative ? 0 &- value : value
  }
}
