import SluiceRESP

/// Reading the words of one command where they stand. A position behind the last argument is an empty word.
extension Span where Element == ArgumentRange {
  /// Where the word stands in the frame.
  func place(at index: Int) -> Range<Int> { index < count ? self[index].range : 0..<0 }

  /// Whether the word is the keyword, in any case of letters.
  ///
  /// - Parameter keyword: upper case, letters and digits only.
  func holds(_ keyword: StaticString, at index: Int, in frame: Span<UInt8>) -> Bool {
    let word = frame.extracting(place(at: index))
    guard word.count == keyword.utf8CodeUnitCount else { return false }
    return keyword.withUTF8Buffer { letters in
      for (offset, letter) in letters.enumerated() {
        let byte = word[offset]
        let isLower = byte &- UInt8(ascii: "a") < 26
        if (isLower ? byte ^ 0x20 : byte) != letter { return false }
      }
      return true
    }
  }

  /// The word as a decimal number by Redis's rule (`string2ll`): no plus, no spaces, no leading zeros, 64
  /// bits.
  func integer(at index: Int, in frame: Span<UInt8>) -> Int? {
    let word = frame.extracting(place(at: index))
    let isNegative = !word.isEmpty && word[0] == UInt8(ascii: "-")
    let firstDigit = isNegative ? 1 : 0
    guard firstDigit < word.count else { return nil }
    if word[firstDigit] == UInt8(ascii: "0") { return word.count == 1 ? 0 : nil }
    var value = 0
    for position in firstDigit..<word.count {
      let digit = word[position] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      // Downwards, because the lowest number has no positive twin.
      let (tens, tooLow) = value.multipliedReportingOverflow(by: 10)
      let (sum, tooLowYet) = tens.subtractingReportingOverflow(Int(digit))
      guard !tooLow, !tooLowYet else { return nil }
      value = sum
    }
    guard !isNegative else { return value }
    return value == .min ? nil : 0 &- value
  }
}
