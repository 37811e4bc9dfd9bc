/// What keys of one kind have in common: `user:123:profile` and `user:77:profile` are `user:*:profile`.
///
/// A star stands for what tells one thing from another: digits, long hexadecimal or mixed words, UUIDs, and the content of a hash tag.
/// Words stay, so a pattern may still be one key's own; the number of groups is bounded elsewhere (`DivergenceGroups`).
public enum KeyPattern {
  /// Bytes of a key that are looked at; a longer one's pattern ends in `…`.
  static let longestKey = 128
  /// Of keys that are no text.
  static let binary = "(binary)"

  /// The pattern of a key; of keys that are no text, `(binary)`.
  public static func pattern(of key: [UInt8]) -> String {
    guard !key.contains(0), String(validating: key, as: UTF8.self) != nil else { return binary }
    let bytes = key.prefix(longestKey)
    var pattern: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "{"), let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")),
        end > index + 1
      {
        pattern += Array("{*}".utf8)
        index = end + 1
      } else if isWord(byte) {
        let end = isUUID(bytes, at: index) ? index + uuidLength : endOfWord(bytes, from: index)
        append(bytes[index..<end], to: &pattern)
        index = end
      } else {
        pattern.append(byte)
        index += 1
      }
    }
    // Cut in the middle of a character, the rest of it is shown as what it is.
    return String(decoding: pattern, as: UTF8.self) + (key.count > longestKey ? "…" : "")
  }

  private static let uuidLength = 36
  private static let longestWord = 32

  /// A word, its digits replaced; or a star if all of it is an identifier.
  private static func append(_ word: ArraySlice<UInt8>, to pattern: inout [UInt8]) {
    let digits = word.count(where: isDigit)
    let isIdentifier =
      word.count > longestWord || digits == word.count
      || (digits > 0 && (word.count >= 16 || (word.count >= 8 && word.allSatisfy(isHexadecimal))))
    if isIdentifier { return pattern.append(UInt8(ascii: "*")) }
    var wasDigit = false
    for byte in word {
      let isDigit = isDigit(byte)
      if !isDigit { pattern.append(byte) } else if !wasDigit { pattern.append(UInt8(ascii: "*")) }
      wasDigit = isDigit
    }
  }

  private static func endOfWord(_ bytes: ArraySlice<UInt8>, from start: Int) -> Int {
    bytes[start...].firstIndex { !isWord($0) } ?? bytes.endIndex
  }

  /// 8-4-4-4-12 hexadecimal digits.
  private static func isUUID(_ bytes: ArraySlice<UInt8>, at start: Int) -> Bool {
    guard bytes.count - start >= uuidLength else { return false }
    for offset in 0..<uuidLength {
      let isDash = offset == 8 || offset == 13 || offset == 18 || offset == 23
      let byte = bytes[start + offset]
      guard isDash ? byte == UInt8(ascii: "-") : isHexadecimal(byte) else { return false }
    }
    return bytes.count == start + uuidLength || !isWord(bytes[start + uuidLength])
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return isDigit(byte) || (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "f"))
  }

  /// Letters and digits, and whatever is not ASCII.
  private static func isWord(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return isDigit(byte) || byte >= 0x80 || (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z"))
  }
}
