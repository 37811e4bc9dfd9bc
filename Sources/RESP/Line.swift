/// One line of a RESP header that starts at a given byte: `*3\r\n`, `$-1\r\n`.
///
/// Redis looks for the first CR and takes the byte behind it as LF without looking (`processMultibulkBuffer`).
/// We frame just as it does: the bytes go on to a Redis, and the two must agree where a command ends.
@usableFromInline
enum Line {
  /// What is known of a decimal number between a type byte and CR.
  @usableFromInline
  enum Number {
    /// CR, or the byte behind it, has not arrived yet.
    case incomplete
    /// The value, and the index of the first byte behind CRLF.
    case value(Int, next: Int)
    /// Not a number in Redis' sense (`string2ll`): sign, leading zeros and spaces are not allowed.
    case malformed
  }

  /// Reads the number that begins at `start`.
  ///
  /// Nearly every header is a count of one to three digits, so these take a short way.
  @inlinable
  @inline(__always)
  static func number(in bytes: Span<UInt8>, from start: Int) -> Number {
    let (value, next) = shortNumber(in: bytes, from: start)
    return next > 0 ? .value(value, next: next) : longNumber(in: bytes, from: start)
  }

  /// A number of one to three digits whose line is here whole; `next` is 0 for everything else.
  @inlinable
  @inline(__always)
  static func shortNumber(in bytes: Span<UInt8>, from start: Int) -> (value: Int, next: Int) {
    guard start &+ 4 < bytes.count else { return (0, 0) }
    var value = Int(bytes[start] &- UInt8(ascii: "0"))
    guard value <= 9 else { return (0, 0) }
    let second = bytes[start &+ 1]
    if second == UInt8(ascii: "\r") { return (value, start &+ 3) }
    // "03" is no number for string2ll.
    let tens = second &- UInt8(ascii: "0")
    guard value > 0, tens <= 9 else { return (0, 0) }
    value = value &* 10 &+ Int(tens)
    let third = bytes[start &+ 2]
    if third == UInt8(ascii: "\r") { return (value, start &+ 4) }
    let units = third &- UInt8(ascii: "0")
    guard units <= 9, bytes[start &+ 3] == UInt8(ascii: "\r") else { return (0, 0) }
    return (value &* 10 &+ Int(units), start &+ 5)
  }

  @usableFromInline
  static func longNumber(in bytes: Span<UInt8>, from start: Int) -> Number {
    var index = start
    let end = bytes.count
    var negative = false
    if index < end, bytes[index] == UInt8(ascii: "-") {
      negative = true
      index &+= 1
    }
    let firstDigit = index
    // Counted downwards, because the smallest number has no positive twin.
    var value = 0
    while index < end {
      let byte = bytes[index]
      let digit = byte &- UInt8(ascii: "0")
      if digit <= 9 {
        let (tenfold, isTooBig) = value.multipliedReportingOverflow(by: 10)
        let (sum, isTooBigBySum) = tenfold.subtractingReportingOverflow(Int(digit))
        if isTooBig || isTooBigBySum { return finish(malformedAfter: index, in: bytes) }
        value = sum
        index &+= 1
      } else if byte == UInt8(ascii: "\r") {
        guard index &+ 1 < end else { return .incomplete }
        let digits = index &- firstDigit
        // "03" and "-0" are no numbers for string2ll; "0" is.
        let leadingZero = digits > 0 && bytes[firstDigit] == UInt8(ascii: "0")
        if digits == 0 || (leadingZero && (digits > 1 || negative)) { return .malformed }
        if !negative && value == Int.min { return .malformed }
        return .value(negative ? value : -value, next: index &+ 2)
      } else {
        return finish(malformedAfter: index, in: bytes)
      }
    }
    return .incomplete
  }

  /// A malformed line is only known to be one when its CR is here; Redis waits for it, and so do we.
  @usableFromInline
  static func finish(malformedAfter index: Int, in bytes: Span<UInt8>) -> Number {
    var index = index
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\r") { return index + 1 < bytes.count ? .malformed : .incomplete }
      index += 1
    }
    return .incomplete
  }
}
