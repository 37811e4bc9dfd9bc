import SluiceRESP

extension Reply {
  /// The reply that a framed run of bytes is, RESP2 or RESP3; nil where it is none that a client is sent.
  ///
  /// The recursion is as deep as the reply, and `ReplyFramer` has refused more than its limit.
  public init?(frame: Span<UInt8>) {
    guard frame.count > 2 else { return nil }
    switch frame[0] {
    case UInt8(ascii: "$"), UInt8(ascii: "="):
      guard let place = ReplyReader.string(frame) else {
        self = .null
        return
      }
      self = .string(Self.bytes(frame, place))
    case UInt8(ascii: "+"):
      self = .status(Self.text(frame, 1..<frame.count - 2))
    case UInt8(ascii: "-"):
      self = .error(Self.text(frame, 1..<frame.count - 2))
    case UInt8(ascii: "!"):
      guard let start = Self.behindLine(frame), start + 2 <= frame.count else { return nil }
      self = .error(Self.text(frame, start..<frame.count - 2))
    case UInt8(ascii: ":"):
      guard let value = ReplyReader.integer(frame) else { return nil }
      self = .integer(Int64(value))
    case UInt8(ascii: "#"):
      self = .integer(frame[1] == UInt8(ascii: "t") ? 1 : 0)
    case UInt8(ascii: ","), UInt8(ascii: "("):
      self = .string(Self.bytes(frame, 1..<frame.count - 2))
    case UInt8(ascii: "_"):
      self = .null
    case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: ">"):
      if ReplyReader.isNull(frame) {
        self = .null
        return
      }
      guard let places = ReplyReader.elements(of: frame) else { return nil }
      var elements: [Reply] = []
      elements.reserveCapacity(places.count)
      for place in places {
        guard let element = Reply(frame: frame.extracting(place)) else { return nil }
        elements.append(element)
      }
      self = .array(elements)
    default:
      return nil
    }
  }

  private static func behindLine(_ frame: Span<UInt8>) -> Int? {
    var index = 1
    while index + 1 < frame.count {
      if frame[index] == 0x0d { return index + 2 }
      index += 1
    }
    return nil
  }

  private static func bytes(_ frame: Span<UInt8>, _ place: Range<Int>) -> [UInt8] {
    frame.extracting(place).withUnsafeBufferPointer { Array($0) }
  }

  private static func text(_ frame: Span<UInt8>, _ place: Range<Int>) -> String {
    frame.extracting(place).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}
