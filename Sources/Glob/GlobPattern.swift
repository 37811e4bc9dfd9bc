/// Glob matching as Redis does it (`stringmatchlen`), quirks included: `*`, `?`, `[a-z]`, `[^a-z]` and `\` to
/// escape; an unclosed class ends with the pattern; the ends of a range may come in either order and compare as
/// signed bytes; and only a pattern that was consumed exactly matches, so no pattern but the empty one matches
/// the empty string.
///
/// Only the last `*` is ever tried again, so the time is at most the product of the lengths.
public struct GlobPattern {
  /// Whether `string` matches `pattern`.
  /// - Parameter ignoringCase: compares ASCII letters without their case.
  public static func matches(_ pattern: Span<UInt8>, _ string: Span<UInt8>, ignoringCase: Bool = false)
    -> Bool
  {
    let end = pattern.count
    var at = 0
    var position = 0
    var afterStar = -1
    var starPosition = 0
    if string.count == 0 { return end == 0 }
    while true {
      if position == string.count {
        while at < end, pattern[at] == Byte.star { at += 1 }
        if at == end { return true }
        // What is left of the pattern needs more bytes than are left; a later start has fewer still.
        return false
      }
      if at < end, pattern[at] == Byte.star {
        while at < end, pattern[at] == Byte.star { at += 1 }
        if at == end { return true }
        afterStar = at
        starPosition = position
        continue
      }
      if at < end, let next = step(pattern, at, string[position], ignoringCase) {
        at = next
        position += 1
        continue
      }
      if afterStar < 0 { return false }
      starPosition += 1
      position = starPosition
      at = afterStar
    }
  }

  /// A pattern that matches `data` and nothing else, for a place in a pattern where data stands.
  public static func escape(_ data: some Sequence<UInt8>) -> [UInt8] {
    var pattern: [UInt8] = []
    for byte in data {
      switch byte {
      case Byte.star, Byte.question, Byte.open, Byte.close, Byte.escape: pattern.append(Byte.escape)
      default: break
      }
      pattern.append(byte)
    }
    return pattern
  }

  /// Matches one byte against the element of the pattern at `start` (which is not `*`).
  /// - Returns: where the next element starts, or nil if the byte does not match.
  private static func step(_ pattern: Span<UInt8>, _ start: Int, _ byte: UInt8, _ ignoringCase: Bool) -> Int?
  {
    switch pattern[start] {
    case Byte.question: return start + 1
    case Byte.open: return stepClass(pattern, start + 1, byte, ignoringCase)
    case Byte.escape where start + 1 < pattern.count:
      return same(pattern[start + 1], byte, ignoringCase) ? start + 2 : nil
    default: return same(pattern[start], byte, ignoringCase) ? start + 1 : nil
    }
  }

  private static func stepClass(
    _ pattern: Span<UInt8>, _ start: Int, _ byte: UInt8, _ ignoringCase: Bool
  ) -> Int? {
    let end = pattern.count
    var at = start
    let negated = at < end && pattern[at] == Byte.caret
    if negated { at += 1 }
    var found = false
    while at < end {
      if pattern[at] == Byte.escape, end - at >= 2 {
        // Redis compares an escaped byte exactly, whatever the case rule.
        if pattern[at + 1] == byte { found = true }
        at += 2
      } else if pattern[at] == Byte.close {
        at += 1
        break
      } else if end - at >= 3, pattern[at + 1] == Byte.dash {
        if inRange(pattern[at], pattern[at + 2], byte, ignoringCase) { found = true }
        at += 3
      } else {
        if same(pattern[at], byte, ignoringCase) { found = true }
        at += 1
      }
    }
    return found != negated ? at : nil
  }

  private static func inRange(_ first: UInt8, _ second: UInt8, _ byte: UInt8, _ ignoringCase: Bool) -> Bool {
    func fold(_ byte: UInt8) -> Int8 { Int8(bitPattern: ignoringCase ? byte.asciiLowercased : byte) }
    // Swapped before folding, as Redis does it.
    let swapped = Int8(bitPattern: first) > Int8(bitPattern: second)
    let low = fold(swapped ? second : first)
    let high = fold(swapped ? first : second)
    let value = fold(byte)
    return value >= low && value <= high
  }

  private static func same(_ left: UInt8, _ right: UInt8, _ ignoringCase: Bool) -> Bool {
    ignoringCase ? left.asciiLowercased == right.asciiLowercased : left == right
  }

  private enum Byte {
    static let star = UInt8(ascii: "*")
    static let question = UInt8(ascii: "?")
    static let open = UInt8(ascii: "[")
    static let close = UInt8(ascii: "]")
    static let caret = UInt8(ascii: "^")
    static let dash = UInt8(ascii: "-")
    static let escape = UInt8(ascii: "\\")
  }
}

extension UInt8 {
  fileprivate var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self &+ 0x20 : self }
}
