/// A strict JSON reader (RFC 8259) that keeps the place of every value.
///
/// Stricter than most on purpose: a name that stands twice in one object is an error, because readers
/// disagree on which one counts.
struct JSONParser {
  private let bytes: [UInt8]
  private var offset = 0
  private var depth = 0

  /// Deeper nesting is refused, so that no file can exhaust the stack.
  static let maximumDepth = 64

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The document in `bytes`.
  ///
  /// - Throws: `FlagError` with code `syntax`, naming line and column.
  static func parse(_ bytes: [UInt8]) throws(FlagError) -> JSONNode {
    guard !bytes.starts(with: [0xef, 0xbb, 0xbf]) else {
      throw FlagError(.syntax, "starts with a byte order mark; save it as UTF-8 without one")
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw FlagError(.syntax, "is not UTF-8; save it as UTF-8")
    }
    var parser = JSONParser(bytes)
    let node = try parser.value(at: .root)
    parser.skipSpace()
    guard parser.offset == bytes.count else {
      throw parser.unexpected("the end of the file after the document")
    }
    return node
  }

  private mutating func value(at path: JSONPath) throws(FlagError) -> JSONNode {
    skipSpace()
    let start = offset
    let value: JSONNode.Value =
      switch peek() {
      case UInt8(ascii: "{"): .object(try object(at: path))
      case UInt8(ascii: "["): .array(try array(at: path))
      case UInt8(ascii: "\""): .string(try string())
      case UInt8(ascii: "t"): try word("true", .bool(true))
      case UInt8(ascii: "f"): try word("false", .bool(false))
      case UInt8(ascii: "n"): try word("null", .null)
      case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): .number(try number())
      default: throw unexpected("a value")
      }
    return JSONNode(value: value, range: start..<offset)
  }

  private mutating func object(at path: JSONPath) throws(FlagError) -> [JSONNode.Member] {
    var members: [JSONNode.Member] = []
    var names = Set<String>()
    try open()
    skipSpace()
    if take(UInt8(ascii: "}")) { return close(members) }
    repeat {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
      let name = try string()
      let here = path.member(name)
      guard names.insert(name).inserted else {
        throw here.error(.syntax, "the name stands twice in one object; remove one of them")
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
      members.append(JSONNode.Member(name: name, node: try value(at: here)))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw unexpected("',' or '}'") }
    return close(members)
  }

  private mutating func array(at path: JSONPath) throws(FlagError) -> [JSONNode] {
    var elements: [JSONNode] = []
    try open()
    skipSpace()
    if take(UInt8(ascii: "]")) { return close(elements) }
    repeat {
      elements.append(try value(at: path.element(elements.count)))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw unexpected("',' or ']'") }
    return close(elements)
  }

  private mutating func open() throws(FlagError) {
    guard depth < JSONParser.maximumDepth else {
      throw failure("is nested deeper than \(JSONParser.maximumDepth) levels; flatten it")
    }
    depth += 1
    offset += 1
  }

  private mutating func close<Content>(_ content: Content) -> Content {
    depth -= 1
    return content
  }

  private mutating func word(_ word: String, _ value: JSONNode.Value) throws(FlagError) -> JSONNode.Value {
    guard bytes[offset...].starts(with: word.utf8) else { throw unexpected("a value") }
    offset += word.utf8.count
    return value
  }

  private mutating func number() throws(FlagError) -> String {
    let start = offset
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func digits() throws(FlagError) {
    let start = offset
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    guard offset > start else { throw unexpected("a digit") }
  }

  private mutating func string() throws(FlagError) -> String {
    offset += 1
    var content: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"): content.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw failure("has a control character in a string; write it as an escape")
      default:
        content.append(byte)
        offset += 1
      }
    }
    throw unexpected("the closing quote of a string")
  }

  private mutating func escape() throws(FlagError) -> Unicode.Scalar {
    offset += 1
    guard let byte = peek() else { throw unexpected("an escape") }
    offset += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw failure("has an unknown escape in a string; double the backslash")
    }
  }

  private mutating func unicodeEscape() throws(FlagError) -> Unicode.Scalar {
    let first = try hexUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // Half a surrogate pair: the other half has to follow.
    guard first < 0xdc00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw failure("has half a surrogate pair in a string; write the character itself")
    }
    let second = try hexUnit()
    guard (0xdc00...0xdfff).contains(second),
      let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    else { throw failure("has half a surrogate pair in a string; write the character itself") }
    return scalar
  }

  private mutating func hexUnit() throws(FlagError) -> UInt32 {
    guard offset + 4 <= bytes.count,
      bytes[offset..<offset + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
    else { throw unexpected("four hexadecimal digits") }
    offset += 4
    return unit
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
  }

  private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  private func unexpected(_ expected: String) -> FlagError {
    let found = offset < bytes.count ? "" : ", but the file ends"
    return failure("is not JSON: expected \(expected)\(found); fix the file")
  }

  private func failure(_ problem: String) -> FlagError {
    let before = bytes[..<min(offset, bytes.count)]
    let line = before.reduce(1) { $0 + ($1 == 0x0a ? 1 : 0) }
    let column = before.count - (before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0) + 1
    return FlagError(.syntax, "line \(line), column \(column) \(problem)")
  }
}
