#if arch(x86_64) || arch(i386)
  /// What Redis computes `INCRBYFLOAT` with: C's `long double`, 80 bits wide on x86.
  typealias LongDouble = Float80
#else
  /// Swift has no wider float here, so `INCRBYFLOAT` keeps 53 bits where Redis keeps 113.
  typealias LongDouble = Double
#endif

/// Floats as `INCRBYFLOAT` reads and writes them (`string2ld`, `ld2string` in its human form).
enum FloatText {
  /// What `strtold` accepts as a whole, blanks and NaN excepted: decimal, hexadecimal, `inf`, `infinity`.
  static func parse(_ text: Span<UInt8>) -> LongDouble? {
    // Redis copies the text to a buffer of 5 KiB on the stack, and refuses what does not fit.
    guard text.count < 5 * 1024 else { return nil }
    return parse(text, as: LongDouble.self)
  }

  static func parse<Float: BinaryFloatingPoint & LosslessStringConvertible>(
    _ text: Span<UInt8>, as type: Float.Type
  ) -> Float? {
    guard text.count > 0 else { return nil }
    var hasDigit = false
    var isZero = true
    var isHexadecimal = false
    var inExponent = false
    for index in 0..<text.count {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        hasDigit = true
        if byte != UInt8(ascii: "0"), !inExponent { isZero = false }
      case UInt8(ascii: "x"), UInt8(ascii: "X"): isHexadecimal = true
      case UInt8(ascii: "p"), UInt8(ascii: "P"): inExponent = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        if isHexadecimal { isZero = false } else { inExponent = true }
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): isZero = false
      case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): break
      case UInt8(ascii: "i"), UInt8(ascii: "I"), UInt8(ascii: "n"), UInt8(ascii: "N"),
        UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "y"), UInt8(ascii: "Y"):
        break
      default: return nil
      }
    }
    let string = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    guard let value = Float(string), !value.isNaN else { return nil }
    // Out of range is an error (ERANGE); infinity by name is a value.
    if value.isInfinite, hasDigit { return nil }
    if value == 0, !isZero { return nil }
    return value
  }

  /// `%.17Lf` without trailing zeros, exact at any size; no exponent.
  static func format(_ value: LongDouble) -> [UInt8] {
    var text: [UInt8] = []
    // value = significand * 2^exponent, with an integer significand.
    let fractionBits = LongDouble.significandBitCount
    guard value.isFinite, value != 0 else { return [UInt8(ascii: "0")] }
    let exponent = Int(value.exponent) - fractionBits
    let significand = UInt64(
      value.significand * LongDouble(sign: .plus, exponent: fractionBits, significand: 1))
    if exponent >= 0 {
      text = integerDigits(significand, shiftedLeft: exponent)
    } else {
      let scaled = roundedShift(UInt128(significand) * 100_000_000_000_000_000, right: -exponent)
      let whole = scaled / 100_000_000_000_000_000
      let fraction = scaled % 100_000_000_000_000_000
      text = Array(String(whole).utf8)
      if fraction > 0 {
        let digits = Array(String(fraction).utf8)
        text.append(UInt8(ascii: "."))
        text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 17 - digits.count))
        text.append(contentsOf: digits)
        while text.last == UInt8(ascii: "0") { text.removeLast() }
      }
    }
    if value < 0, text != [UInt8(ascii: "0")] { text.insert(UInt8(ascii: "-"), at: 0) }
    return text
  }

  /// Half goes to the even neighbour, as printf rounds.
  private static func roundedShift(_ value: UInt128, right count: Int) -> UInt128 {
    // A product of 64 and 57 bits: shifted by more than 122 it is below one half.
    if count > 122 { return 0 }
    let quotient = value >> UInt128(count)
    let rest = value - (quotient << UInt128(count))
    let half = UInt128(1) << UInt128(count - 1)
    if rest > half || (rest == half && quotient & 1 == 1) { return quotient + 1 }
    return quotient
  }

  /// The decimal digits of `value * 2^shift`, by long multiplication in limbs of nine digits.
  static func integerDigits(_ value: UInt64, shiftedLeft shift: Int) -> [UInt8] {
    var limbs = limbs(of: value)
    var left = shift
    while left > 0 {
      let step = min(left, 32)
      var carry: UInt64 = 0
      for index in limbs.indices {
        let product = limbs[index] << UInt64(step) + carry
        limbs[index] = product % 1_000_000_000
        carry = product / 1_000_000_000
      }
      while carry > 0 {
        limbs.append(carry % 1_000_000_000)
        carry /= 1_000_000_000
      }
      left -= step
    }
    return text(of: limbs)
  }

  /// Nine digits each, the lowest first.
  static func limbs(of value: UInt64) -> [UInt64] {
    var limbs: [UInt64] = []
    var rest = value
    while rest > 0 {
      limbs.append(rest % 1_000_000_000)
      rest /= 1_000_000_000
    }
    return limbs
  }

  static func text(of limbs: [UInt64]) -> [UInt8] {
    var text: [UInt8] = []
    for (index, limb) in limbs.reversed().enumerated() {
      let digits = Array(String(limb).utf8)
      if index > 0 { text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 9 - digits.count)) }
      text.append(contentsOf: digits)
    }
    return text
  }
}
