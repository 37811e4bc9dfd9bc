/// The escapes of a URL (RFC 3986, section 2.1): `%` and two hex digits for a byte.
public enum PercentEncoding {
  /// The text without its escapes; nil where a `%` has no two hex digits behind it, or the bytes are not UTF-8.
  public static func decoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue }),
        let low = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue })
      else { return nil }
      bytes.append(UInt8(high * 16 + low))
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The text with escapes for what would end a value in a URL's query, or a word in a configuration.
  public static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if byte <= 0x20 || byte >= 0x7f || "%&=?#@\"".utf8.contains(byte) {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
