/// Reads JSON as Python's `json.loads` does: integers apart from floats, and `NaN` and `Infinity` besides.
///
/// `JSONDecoder` would do, but it reads `1.0` as an integer, and the value would change by being cached.
struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0
  private static let deepest = 512

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The whole text as one value.
  mutating func document() throws(CacheError) -> CacheValue {
    let result = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw malformed("text behind the value") }
    return result
  }

  private mutating func value(depth: Int) throws(CacheError) -> CacheValue {
    guard depth < Self.deepest else { throw malformed("nesting deeper than \(Self.deepest)") }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t") where take("true"): return .bool(true)
    case UInt8(ascii: "f") where take("false"): return .bool(false)
    case UInt8(ascii: "n") where take("null"): return .null
    case UInt8(ascii: "N") where take("NaN"): return .double(.nan)
    case UInt8(ascii: "I") where take("Infinity"): return .double(.infinity)
    case UInt8(ascii: "-") where take("-Infinity"): return .double(-.infinity)
    case .some: return try number()
    case nil: throw malformed("the end of the text where a value is expected")
    }
  }

  private mutating func object(depth: Int) throws(CacheError) -> CacheValue {
    position += 1
    var members: [String: CacheValue] = [:]
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw malformed("no name in quotes") }
      let name = try string()
      skipSpace()
      guard take(":") else { throw malformed("no colon behind a name") }
      members[name] = try value(depth: depth + 1)
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw malformed("neither a comma nor the end of an object") }
    }
  }

  private mutating func array(depth: Int) throws(CacheError) -> CacheValue {
    position += 1
    var elements: [CacheValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw malformed("neither a comma nor the end of an array") }
    }
  }

  private mutating func string() throws(CacheError) -> String {
    position += 1
    // Nearly every string is as it stands.
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    var text = Array(bytes[start..<position])
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        // Bytes that are not UTF-8 become replacement characters.
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        text += String(try escaped()).utf8
      case 0..<0x20:
        throw malformed("a control character in a string")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw malformed("a string without end")
  }

  private mutating func escaped() throws(CacheError) -> Unicode.Scalar {
    guard let byte = peek else { throw malformed("an escape without end") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"):
      let unit = try hexUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // A high surrogate wants its low one; Swift has no string for one that is alone.
      let before = position
      if unit < 0xDC00, take("\\u") {
        let low = try hexUnit()
        if 0xDC00...0xDFFF ~= low {
          let high = UInt32(unit) - 0xD800
          return Unicode.Scalar(0x10000 + high << 10 + (UInt32(low) - 0xDC00)) ?? "\u{FFFD}"
        }
        position = before
      }
      return "\u{FFFD}"
    default: throw malformed("an unknown escape")
    }
  }

  private mutating func hexUnit() throws(CacheError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("no four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func number() throws(CacheError) -> CacheValue {
    let start = position
    _ = take("-")
    let firstDigit = position
    guard skipDigits() > 0 else { throw malformed("no value") }
    if bytes[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 {
      throw malformed("a number with a leading zero")
    }
    var isWhole = true
    if take(".") {
      isWhole = false
      guard skipDigits() > 0 else { throw malformed("no digit behind the point") }
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      guard skipDigits() > 0 else { throw malformed("no digit in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let number = Int(text) { return .int(number) }
    // A number beyond all doubles is infinite, as in Python.
    guard let number = Double(text) else { throw malformed("no number") }
    return .double(number)
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = peek, 0x30...0x39 ~= byte { position += 1 }
    return position - start
  }

  private mutating func take(_ word: StaticString) -> Bool {
    let isThere = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
    if isThere { position += word.utf8CodeUnitCount }
    return isThere
  }

  private func malformed(_ what: String) -> CacheError {
    CacheError(
      .validation, "This is not JSON: \(what) at byte \(position).", context: ["offset": .int(position)])
  }
}
