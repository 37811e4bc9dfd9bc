/// A whole reply, taken apart. For what the lane asks on its own behalf, off the path of clients' commands.
public indirect enum Answer: Equatable, Sendable {
  case text([UInt8])
  case number(Int)
  case null
  case error(String)
  case list([Answer])

  /// - Parameter reply: framed; what is no RESP is an error.
  public init(_ reply: [UInt8]) {
    var place = 0
    self = Answer.read(reply, &place, depth: 0) ?? .error("ERR sluice: an answer that is no RESP")
  }

  public var text: [UInt8]? {
    switch self {
    case .text(let bytes): bytes
    case .number(let number): Array("\(number)".utf8)
    case .null, .error, .list: nil
    }
  }

  public var number: Int? {
    switch self {
    case .number(let number): number
    case .text(let bytes): Int(String(decoding: bytes, as: UTF8.self))
    case .null, .error, .list: nil
    }
  }

  public var list: [Answer]? { if case .list(let elements) = self { elements } else { nil } }
  public var trouble: String? { if case .error(let text) = self { text } else { nil } }

  /// What stands behind a name in a list of names and values (`XINFO`); maps of RESP3 are read as such lists.
  public subscript(name: StaticString) -> Answer? {
    guard let elements = list else { return nil }
    for index in stride(from: 0, to: elements.count - 1, by: 2) {
      if let text = elements[index].text, name.withUTF8Buffer({ $0.elementsEqual(text) }) {
        return elements[index + 1]
      }
    }
    return nil
  }

  /// More lists within lists than any reply of a server has.
  private static let deepest = 16

  private static func read(_ bytes: [UInt8], _ place: inout Int, depth: Int) -> Answer? {
    guard depth < deepest, place < bytes.count,
      let end = bytes[place...].firstIndex(of: 0x0d), end + 1 < bytes.count
    else { return nil }
    let kind = bytes[place]
    let line = bytes[(place + 1)..<end]
    place = end + 2
    switch kind {
    case UInt8(ascii: "-"): return .error(String(decoding: line, as: UTF8.self))
    case UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "("): return .text(Array(line))
    case UInt8(ascii: ":"): return number(line).map(Answer.number)
    case UInt8(ascii: "#"): return .number(line.first == UInt8(ascii: "t") ? 1 : 0)
    case UInt8(ascii: "_"): return .null
    case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
      guard let count = number(line) else { return nil }
      if count < 0 { return .null }
      guard count <= bytes.count - place - 2 else { return nil }
      let text = Array(bytes[place..<place + count])
      place += count + 2
      return kind == UInt8(ascii: "!") ? .error(String(decoding: text, as: UTF8.self)) : .text(text)
    case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"):
      guard let count = number(line) else { return nil }
      if count < 0 { return .null }
      // An element has three bytes at least.
      guard count <= bytes.count / 3 else { return nil }
      var elements: [Answer] = []
      for _ in 0..<(kind == UInt8(ascii: "%") ? 2 * count : count) {
        guard let element = read(bytes, &place, depth: depth + 1) else { return nil }
        elements.append(element)
      }
      return .list(elements)
    default: return nil
    }
  }

  private static func number(_ line: ArraySlice<UInt8>) -> Int? { Int(String(decoding: line, as: UTF8.self)) }
}
