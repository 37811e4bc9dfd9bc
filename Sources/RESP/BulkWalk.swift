/// Goes through a list of bulk strings as a reply has it (an array, a set, or a map with names and values in turn), and takes nothing
/// apart: each element comes with its header, as a command has its words.
public struct BulkWalk: Sendable {
  /// How many elements the header promises.
  public let count: Int
  private var next: Int

  /// Nil for what is no list.
  public init?(_ reply: Span<UInt8>) {
    guard reply.count > 0, case .value(let count, let next) = Line.number(in: reply, from: 1),
      count >= 0, count <= reply.count
    else { return nil }
    switch reply[0] {
    case UInt8(ascii: "*"), UInt8(ascii: "~"): self.count = count
    case UInt8(ascii: "%"): self.count = 2 * count
    default: return nil
    }
    self.next = next
  }

  /// Where the next element stands; nil at the end, and for one that is no bulk string.
  public mutating func element(in reply: Span<UInt8>) -> Range<Int>? {
    guard next < reply.count, reply[next] == UInt8(ascii: "$"),
      case .value(let length, let start) = Line.number(in: reply, from: next + 1),
      length >= 0, length <= reply.count - start - 2,
      reply[start + length] == 0x0d, reply[start + length + 1] == 0x0a
    else { return nil }
    defer { next = start + length + 2 }
    return next..<start + length + 2
  }

  /// Where all elements stand that are left; nil if one of them is no bulk string.
  public mutating func all(in reply: Span<UInt8>) -> Range<Int>? {
    let first = next
    for _ in 0..<count {
      guard element(in: reply) != nil else { return nil }
    }
    return first..<next
  }
}
