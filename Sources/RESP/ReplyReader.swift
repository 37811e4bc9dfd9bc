/// Looks inside a whole, framed reply, for the few places that must understand one. Never traps on odd bytes.
public enum ReplyReader {
  /// The value of an integer reply.
  public static func integer(_ reply: Span<UInt8>) -> Int? {
    guard reply.count > 0, reply[0] == UInt8(ascii: ":") else { return nil }
    guard case .value(let value, _) = Line.number(in: reply, from: 1) else { return nil }
    return value
  }

  /// Where the content of a bulk, verbatim or simple string stands; nil for everything else, null included.
  public static func string(_ reply: Span<UInt8>) -> Range<Int>? {
    guard reply.count > 2 else { return nil }
    if reply[0] == UInt8(ascii: "+") { return 1..<reply.count - 2 }
    let isVerbatim = reply[0] == UInt8(ascii: "=")
    guard isVerbatim || reply[0] == UInt8(ascii: "$"),
      case .value(let length, let next) = Line.number(in: reply, from: 1), length >= 0,
      length <= reply.count - next - 2
    else { return nil }
    // `txt:` stands before the text.
    guard isVerbatim else { return next..<next + length }
    return length < 4 ? nil : next + 4..<next + length
  }

  /// Where the digits of a number stand that is no integer: RESP3's double, or the string that RESP2 has for it.
  public static func decimal(_ reply: Span<UInt8>) -> Range<Int>? {
    guard reply.count > 3, reply[0] == UInt8(ascii: ",") else {
      return reply.count > 0 && reply[0] == UInt8(ascii: "$") ? string(reply) : nil
    }
    return 1..<reply.count - 2
  }

  /// Whether the reply is an aggregate without elements.
  public static func isEmptyAggregate(_ reply: Span<UInt8>) -> Bool {
    guard reply.count == 4, reply[1] == UInt8(ascii: "0") else { return false }
    return reply[0] == UInt8(ascii: "*") || reply[0] == UInt8(ascii: "~") || reply[0] == UInt8(ascii: "%")
  }

  /// Whether the reply is RESP2's or RESP3's null.
  @inlinable
  public static func isNull(_ reply: Span<UInt8>) -> Bool {
    guard reply.count > 1 else { return false }
    return reply[0] == UInt8(ascii: "_")
      || (reply[1] == UInt8(ascii: "-") && (reply[0] == UInt8(ascii: "$") || reply[0] == UInt8(ascii: "*")))
  }

  /// The number in the header of an array, or of a command; nil for everything else.
  public static func count(_ array: Span<UInt8>) -> Int? {
    guard array.count > 0, array[0] == UInt8(ascii: "*"),
      case .value(let count, _) = Line.number(in: array, from: 1)
    else { return nil }
    return count
  }

  /// Where the elements of an array, set, map or push stand, each with its header; nil for everything else.
  public static func elements(of reply: Span<UInt8>) -> [Range<Int>]? {
    guard reply.count > 0 else { return nil }
    let perItem: Int
    switch reply[0] {
    case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"): perItem = 1
    case UInt8(ascii: "%"): perItem = 2
    default: return nil
    }
    guard case .value(let count, var next) = Line.number(in: reply, from: 1), count >= 0 else { return nil }
    // An element has three bytes at least: a count that promises more than is there is none.
    guard count <= reply.count / perItem else { return nil }
    var elements: [Range<Int>] = []
    var framer = ReplyFramer()
    while elements.count < count * perItem {
      guard next < reply.count,
        case .reply(let length) = framer.next(reply.extracting(next..<reply.count))
      else { return nil }
      elements.append(next..<next + length)
      next += length
    }
    return elements
  }
}
