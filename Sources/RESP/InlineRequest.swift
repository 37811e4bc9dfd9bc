/// A command typed as a line (`SET a "b c"\r\n`), taken apart by Redis' rules (`sdssplitargs`).
public enum InlineRequest {
  /// The command's arguments, or nil when a quote is not closed or something sticks to a closing quote.
  ///
  /// - Parameter line: the line with or without its end. An empty result is a line of blanks: nothing to do.
  public static func arguments(of line: Span<UInt8>) -> [[UInt8]]? {
    var result: [[UInt8]] = []
    var end = line.count
    if end > 0, line[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    if end > 0, line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    var index = 0
    while true {
      while index < end, isSpace(line[index]) { index += 1 }
      // A zero byte ends the line for Redis, whose line is a C string.
      guard index < end, line[index] != 0 else { return result }
      guard let argument = argument(in: line.extracting(0..<end), at: &index) else { return nil }
      result.append(argument)
    }
  }

  /// The same command as an array of bulk strings, the form in which it travels on.
  public static func frame(of arguments: [[UInt8]]) -> [UInt8] {
    var frame: [UInt8] = []
    frame.appendArrayHeader(arguments.count)
    for argument in arguments { frame.appendBulk(argument.span) }
    return frame
  }

  private static func argument(in line: Span<UInt8>, at index: inout Int) -> [UInt8]? {
    var argument: [UInt8] = []
    while index < line.count {
      switch line[index] {
      case UInt8(ascii: "\""):
        guard let quoted = doubleQuoted(in: line, at: &index) else { return nil }
        argument += quoted
        return argument
      case UInt8(ascii: "'"):
        guard let quoted = singleQuoted(in: line, at: &index) else { return nil }
        argument += quoted
        return argument
      case 0x20, 0x0a, 0x0d, 0x09, 0:
        // Not every blank between words ends one: `sdssplitargs` lets VT and FF stand inside.
        return argument
      case let byte:
        argument.append(byte)
        index += 1
      }
    }
    return argument
  }

  private static func doubleQuoted(in line: Span<UInt8>, at index: inout Int) -> [UInt8]? {
    var text: [UInt8] = []
    index += 1
    while index < line.count {
      let byte = line[index]
      if byte == UInt8(ascii: "\"") { return closed(text, in: line, at: &index) }
      guard byte == UInt8(ascii: "\\"), index + 1 < line.count else {
        text.append(byte)
        index += 1
        continue
      }
      if line[index + 1] == UInt8(ascii: "x"), index + 3 < line.count,
        let high = hexDigit(line[index + 2]), let low = hexDigit(line[index + 3])
      {
        text.append(high << 4 | low)
        index += 4
      } else {
        text.append(unescaped(line[index + 1]))
        index += 2
      }
    }
    return nil
  }

  private static func singleQuoted(in line: Span<UInt8>, at index: inout Int) -> [UInt8]? {
    var text: [UInt8] = []
    index += 1
    while index < line.count {
      let byte = line[index]
      if byte == UInt8(ascii: "\\"), index + 1 < line.count, line[index + 1] == UInt8(ascii: "'") {
        text.append(UInt8(ascii: "'"))
        index += 2
      } else if byte == UInt8(ascii: "'") {
        return closed(text, in: line, at: &index)
      } else {
        text.append(byte)
        index += 1
      }
    }
    return nil
  }

  /// A closing quote must be followed by a blank or nothing.
  private static func closed(_ text: [UInt8], in line: Span<UInt8>, at index: inout Int) -> [UInt8]? {
    index += 1
    return index == line.count || isSpace(line[index]) ? text : nil
  }

  private static func unescaped(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "a"): 0x07
    default: byte
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
