/// 64 bits as scores and coordinates are read and written: C's `strtod` and `%.17g`.
extension FloatText {
  /// What `strtod` accepts as a whole, blanks and NaN excepted.
  static func parseDouble(_ text: Span<UInt8>) -> Double? { parse(text, as: Double.self) }

  /// An end of a range of scores: as `strtod` reads it, so blanks may come first, nothing at all is zero, and
  /// what is too large is infinite.
  static func parseBound(_ text: Span<UInt8>) -> Double? {
    if text.count == 0 { return 0 }
    var start = 0
    while start < text.count, text[start] == 0x20 || (0x09...0x0D).contains(text[start]) { start += 1 }
    let rest = text.extracting(start..<text.count)
    if let value = parseDouble(rest) { return value }
    let string = rest.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    guard isPlain(rest), let value = Double(string), !value.isNaN else { return nil }
    return value
  }

  /// A word that `SORT` takes for a number: as `strtod` reads it, but nothing out of its range.
  static func parseSortable(_ text: Span<UInt8>) -> Double? {
    guard let value = parseBound(text), !value.isSubnormal else { return nil }
    guard value.isInfinite || value == 0, text.count > 0 else { return value }
    var start = 0
    while start < text.count, text[start] == 0x20 || (0x09...0x0D).contains(text[start]) { start += 1 }
    return parseDouble(text.extracting(start..<text.count))
  }

  private static func isPlain(_ text: Span<UInt8>) -> Bool {
    for index in 0..<text.count where text[index] <= 0x20 || text[index] > 0x7E { return false }
    return text.count > 0
  }

  /// `%.17g`.
  static func general(_ value: Double) -> [UInt8] {
    if value.isInfinite { return Array(value < 0 ? "-inf".utf8 : "inf".utf8) }
    if value.isNaN { return Array("nan".utf8) }
    var text: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
    let magnitude = value.magnitude
    if magnitude < 9_007_199_254_740_992, magnitude.rounded(.towardZero) == magnitude {
      text.append(decimal: Int64(magnitude))
      return text
    }
    let (digits, exponent) = significant(magnitude, 17)
    if exponent < -4 || exponent >= 17 {
      text.append(digits[0])
      if digits.count > 1 {
        text.append(UInt8(ascii: "."))
        text.append(contentsOf: digits[1...])
      }
      text.append(UInt8(ascii: "e"))
      text.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
      if exponent.magnitude < 10 { text.append(UInt8(ascii: "0")) }
      text.append(decimal: Int64(exponent.magnitude))
    } else if exponent < 0 {
      text.append(contentsOf: "0.".utf8)
      text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -exponent - 1))
      text.append(contentsOf: digits)
    } else {
      for index in 0..<max(digits.count, exponent + 1) {
        if index == exponent + 1 { text.append(UInt8(ascii: ".")) }
        text.append(index < digits.count ? digits[index] : UInt8(ascii: "0"))
      }
    }
    return text
  }

  /// `%.4f` and the like: so many digits behind the point.
  static func fixed(_ value: Double, _ decimals: Int) -> [UInt8] {
    guard value.isFinite else { return general(value) }
    var (digits, exponent) = value == 0 ? ([], 0) : exact(value.magnitude)
    // The digits that stay: those up to the place `-decimals`.
    let kept = exponent + 1 + decimals
    if kept < 0 {
      digits = []
    } else if kept < digits.count {
      let hasCarry = round(&digits, to: kept)
      if hasCarry {
        digits.insert(UInt8(ascii: "1"), at: 0)
        exponent += 1
      }
    }
    var text: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
    if exponent < 0 || digits.isEmpty { text.append(UInt8(ascii: "0")) }
    for place in stride(from: digits.isEmpty ? -1 : max(exponent, -1), through: -decimals, by: -1) {
      if place == -1 { text.append(UInt8(ascii: ".")) }
      let index = exponent - place
      text.append(digits.indices.contains(index) ? digits[index] : UInt8(ascii: "0"))
    }
    return text
  }

  /// Digits, rounded half to even, without zeros at the end; and the power of ten of the first one.
  private static func significant(_ value: Double, _ count: Int) -> (digits: [UInt8], exponent: Int) {
    var (digits, power) = exact(value)
    guard digits.count > count else { return (trimmed(digits), power) }
    if round(&digits, to: count) { return ([UInt8(ascii: "1")], power + 1) }
    return (trimmed(digits), power)
  }

  /// All digits of a value above zero, and the power of ten of the first one.
  private static func exact(_ value: Double) -> (digits: [UInt8], exponent: Int) {
    let shift = Int(value.exponent) - Double.significandBitCount
    let significand = UInt64(
      value.significand * Double(sign: .plus, exponent: Double.significandBitCount, significand: 1))
    if shift >= 0 {
      let digits = integerDigits(significand, shiftedLeft: shift)
      return (digits, digits.count - 1)
    }
    // value = significand * 5^k / 10^k.
    let digits = integerDigits(significand, timesFiveTo: -shift)
    return (digits, digits.count - 1 + shift)
  }

  /// Keeps the first digits; half goes to the even neighbour, as printf rounds.
  /// - Returns: whether a 1 is to stand before them, which are zeros then.
  private static func round(_ digits: inout [UInt8], to count: Int) -> Bool {
    let next = digits[count]
    let isExactHalf =
      next == UInt8(ascii: "5") && digits[(count + 1)...].allSatisfy { $0 == UInt8(ascii: "0") }
    let isOdd = count > 0 && digits[count - 1] & 1 == 1
    digits.removeSubrange(count...)
    guard next >= UInt8(ascii: "5"), !isExactHalf || isOdd else { return false }
    var index = count - 1
    while index >= 0, digits[index] == UInt8(ascii: "9") {
      digits[index] = UInt8(ascii: "0")
      index -= 1
    }
    if index < 0 { return true }
    digits[index] += 1
    return false
  }

  private static func trimmed(_ digits: [UInt8]) -> [UInt8] {
    var digits = digits
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return digits
  }

  private static func integerDigits(_ value: UInt64, timesFiveTo power: Int) -> [UInt8] {
    var limbs = limbs(of: value)
    var left = power
    while left > 0 {
      let step = min(left, 12)
      var factor: UInt64 = 1
      for _ in 0..<step { factor *= 5 }
      // A limb is below 10^9 and 5^12 below 2^28: the product fits.
      var carry: UInt64 = 0
      for index in limbs.indices {
        let product = limbs[index] * factor + carry
        limbs[index] = product % 1_000_000_000
        carry = product / 1_000_000_000
      }
      if carry > 0 { limbs.append(carry) }
      left -= step
    }
    return text(of: limbs)
  }
}
