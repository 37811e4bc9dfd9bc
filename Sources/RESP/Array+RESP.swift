/// Writing RESP into a plain byte array, for what is built off the hot path.
extension Array where Element == UInt8 {
  public mutating func appendArrayHeader(_ count: Int) {
    append(UInt8(ascii: "*"))
    appendDecimal(count)
    appendCRLF()
  }

  public mutating func appendBulk(_ bytes: Span<UInt8>) {
    append(UInt8(ascii: "$"))
    appendDecimal(bytes.count)
    appendCRLF()
    append(contentsOf: bytes)
    appendCRLF()
  }

  public mutating func appendBulk(_ text: String) {
    appendBulk(Array(text.utf8).span)
  }

  /// A number as a bulk string.
  public mutating func appendBulk(decimal value: Int) {
    let text = String(value)
    appendBulkHeader(text.utf8.count)
    append(contentsOf: text.utf8)
    appendCRLF()
  }

  /// What stands before so many bytes and a line break.
  public mutating func appendBulkHeader(_ count: Int) {
    append(UInt8(ascii: "$"))
    appendDecimal(count)
    appendCRLF()
  }

  /// `+text`: the text must hold neither CR nor LF.
  public mutating func appendSimple(_ text: StaticString) {
    append(UInt8(ascii: "+"))
    text.withUTF8Buffer { append(contentsOf: $0) }
    appendCRLF()
  }

  /// `-text`: line breaks in it become blanks, so that no text from outside can end the line early.
  public mutating func appendError(_ text: String) {
    append(UInt8(ascii: "-"))
    append(contentsOf: text.utf8.lazy.map { $0 == 0x0d || $0 == 0x0a ? 0x20 : $0 })
    appendCRLF()
  }

  public mutating func appendInteger(_ value: Int) {
    append(UInt8(ascii: ":"))
    appendDecimal(value)
    appendCRLF()
  }

  public mutating func appendNull(in wire: Wire = .resp2) {
    append(contentsOf: wire == .resp3 ? [0x5f, 0x0d, 0x0a] : [0x24, 0x2d, 0x31, 0x0d, 0x0a])
  }

  /// The header of so many pairs: a map, or the list that RESP2 has for it.
  public mutating func appendMapHeader(_ pairs: Int, in wire: Wire) {
    append(UInt8(ascii: wire == .resp3 ? "%" : "*"))
    appendDecimal(wire == .resp3 ? pairs : 2 * pairs)
    appendCRLF()
  }

  /// A text that is for people, as `CLIENT LIST` is.
  public mutating func appendVerbatim(_ text: String, in wire: Wire) {
    guard wire == .resp3 else { return appendBulk(text) }
    append(UInt8(ascii: "="))
    appendDecimal(text.utf8.count + 4)
    appendCRLF()
    append(contentsOf: "txt:".utf8)
    append(contentsOf: text.utf8)
    appendCRLF()
  }

  public mutating func append(contentsOf bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
  }

  private mutating func appendDecimal(_ value: Int) {
    append(contentsOf: String(value).utf8)
  }

  private mutating func appendCRLF() {
    append(0x0d)
    append(0x0a)
  }
}
