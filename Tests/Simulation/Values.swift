/// Values that say which write they are of, so that one byte of another reply cannot pass for them: `v17:300:rrrr…`.
enum Values {
  static func text(_ number: Int, length: Int) -> [UInt8] {
    let head = Array("v\(number):\(length):".utf8)
    return head + [UInt8](repeating: letter(number), count: length)
  }

  /// The number of a value that is whole; nil for anything else.
  static func number(_ text: Span<UInt8>) -> Int? {
    guard text.count > 4, text[0] == UInt8(ascii: "v") else { return nil }
    var place = 1
    func digits() -> Int? {
      var value = 0
      let start = place
      while place < text.count, (48...57).contains(text[place]), place - start < 12 {
        value = value * 10 + Int(text[place] - 48)
        place += 1
      }
      guard place > start, place < text.count, text[place] == UInt8(ascii: ":") else { return nil }
      place += 1
      return value
    }
    guard let number = digits(), let length = digits(), text.count == place + length else { return nil }
    let letter = letter(number)
    for index in place..<text.count where text[index] != letter { return nil }
    return number
  }

  private static func letter(_ number: Int) -> UInt8 { UInt8(ascii: "a") + UInt8(number % 26) }
}
