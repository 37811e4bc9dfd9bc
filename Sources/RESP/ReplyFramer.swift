/// What the bytes at the front of a stack's stream are.
public enum ReplyFrame: Equatable, Sendable {
  /// Not whole yet: come again with the same bytes and more behind them.
  case incomplete
  /// One reply, `length` bytes long.
  case reply(length: Int)
  /// The stream can't be read any further: the connection must be closed.
  case failure(ProtocolError)
}

/// Finds the end of one reply in a stack's stream, RESP2 or RESP3, copying and decoding nothing.
///
/// Like `RequestFramer` it remembers how far it got. A reply of many elements that arrives in many pieces is walked once.
public struct ReplyFramer: Sendable {
  private let limits: FrameLimits
  /// Whether the types of RESP3 are replies at all. On a connection that has not said `HELLO 3` no Redis sends them, and no client that
  /// speaks RESP2 could read them.
  @usableFromInline var takesRESP3: Bool
  /// Offset of the next element.
  @usableFromInline var position = 0
  /// Elements still to come at the level being read.
  private var remaining = 1
  /// The same for the levels around it, outermost first.
  private var outer: [Int] = []
  /// Bytes before this offset hold no end of the line that begins at `position`.
  @usableFromInline var scanned = 0

  public init(limits: FrameLimits = FrameLimits(), takesRESP3: Bool = true) {
    self.limits = limits
    self.takesRESP3 = takesRESP3
  }

  /// True while a reply has begun and not ended.
  @inlinable public var isInsideFrame: Bool { position > 0 || scanned > 0 }

  /// Looks at `bytes`, which begin at the first byte of a reply.
  @inlinable
  public mutating func next(_ bytes: Span<UInt8>) -> ReplyFrame {
    if isInsideFrame { return walk(bytes) }
    let length = ReplyFramer.wholeReply(bytes, limit: wholeLimit)
    return length > 0 ? .reply(length: length) : walk(bytes)
  }

  /// Longer replies are walked, where each limit is looked at by itself.
  @usableFromInline var wholeLimit: Int { min(limits.bulkBytes, limits.frameBytes) }

  /// The same on a link whose protocol changes: `mayBeRESP3` is asked for nearly no reply that both protocols spell alike.
  @inlinable
  public mutating func next(_ bytes: Span<UInt8>, mayBeRESP3: @autoclosure () -> Bool) -> ReplyFrame {
    if !isInsideFrame {
      let length = ReplyFramer.wholeReply(bytes, limit: wholeLimit)
      if length > 0 { return .reply(length: length) }
    }
    takesRESP3 = mayBeRESP3()
    return walk(bytes)
  }

  /// The length of a reply that is here whole and is a line or a bulk string; 0 when it takes a closer look.
  @inlinable
  static func wholeReply(_ bytes: Span<UInt8>, limit: Int) -> Int {
    guard bytes.count >= 4 else { return 0 }
    switch bytes[0] {
    case UInt8(ascii: "$"):
      guard case .value(let length, let next) = Line.number(in: bytes, from: 1) else { return 0 }
      guard bytes[next &- 1] == 0x0a else { return 0 }
      if length == -1 { return next }
      // Nothing is added to the length before it is known to be small.
      guard length >= 0, length <= min(limit, bytes.count) &- next &- 2 else { return 0 }
      let end = next &+ length
      return bytes[end] == 0x0d && bytes[end &+ 1] == 0x0a ? end &+ 2 : 0
    case UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "-"):
      var index = 1
      let end = min(limit, bytes.count)
      while index &+ 1 < end {
        if bytes[index] == 0x0d { return bytes[index &+ 1] == 0x0a ? index &+ 2 : 0 }
        index &+= 1
      }
      return 0
    default:
      return 0
    }
  }

  @usableFromInline
  mutating func walk(_ bytes: Span<UInt8>) -> ReplyFrame {
    while true {
      while remaining == 0 {
        guard let level = outer.popLast() else {
          let length = position
          reset()
          return .reply(length: length)
        }
        remaining = level
      }
      guard position < bytes.count else { return .incomplete }
      if let stop = element(bytes) { return stop }
    }
  }

  private mutating func reset() {
    position = 0
    remaining = 1
    scanned = 0
    if outer.capacity > 64 { outer = [] } else { outer.removeAll(keepingCapacity: true) }
  }

  /// Steps over one element's line and, for a bulk string, its bytes. Nil: go on.
  private mutating func element(_ bytes: Span<UInt8>) -> ReplyFrame? {
    let start = position
    guard let end = lineEnd(in: bytes) else {
      return bytes.count - start > lineLimit(bytes[start])
        ? .failure(ProtocolError(.tooBigFrame, at: start)) : .incomplete
    }
    guard bytes[end + 1] == UInt8(ascii: "\n") else {
      return .failure(ProtocolError(.invalidReplyTerminator, at: end + 1))
    }
    let next = end + 2
    guard next <= limits.frameBytes else { return .failure(ProtocolError(.tooBigFrame, at: start)) }
    switch bytes[start] {
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"):
      return step(to: next)
    case UInt8(ascii: "$"):
      return bulk(bytes, start: start, next: next)
    case UInt8(ascii: "*"):
      return aggregate(bytes, start: start, next: next, perItem: 1, extra: 0)
    default:
      return elementOfRESP3(bytes, start: start, next: next)
    }
  }

  private mutating func elementOfRESP3(_ bytes: Span<UInt8>, start: Int, next: Int) -> ReplyFrame? {
    switch bytes[start] {
    case let type where !takesRESP3 && ReplyFramer.typesOfRESP3.contains(type):
      return .failure(ProtocolError(.unexpectedRESP3(type), at: start))
    case UInt8(ascii: "_"), UInt8(ascii: ","), UInt8(ascii: "#"), UInt8(ascii: "("):
      return step(to: next)
    case UInt8(ascii: "="), UInt8(ascii: "!"):
      return bulk(bytes, start: start, next: next)
    case UInt8(ascii: "~"), UInt8(ascii: ">"):
      return aggregate(bytes, start: start, next: next, perItem: 1, extra: 0)
    case UInt8(ascii: "%"):
      return aggregate(bytes, start: start, next: next, perItem: 2, extra: 0)
    case UInt8(ascii: "|"):
      // An attribute stands before the element it describes, so it takes nothing away from what is to come.
      return aggregate(bytes, start: start, next: next, perItem: 2, extra: 1)
    default:
      return .failure(ProtocolError(.unknownReplyType(bytes[start]), at: start))
    }
  }

  private static let typesOfRESP3 = Set("_,#(=!~>%|".utf8)

  private mutating func step(to next: Int) -> ReplyFrame? {
    position = next
    scanned = next
    remaining -= 1
    return nil
  }

  private mutating func bulk(_ bytes: Span<UInt8>, start: Int, next: Int) -> ReplyFrame? {
    guard case .value(let length, _) = Line.number(in: bytes, from: start + 1), length >= -1,
      length <= limits.bulkBytes
    else { return .failure(ProtocolError(.invalidReplyLength, at: start + 1)) }
    if length == -1 { return step(to: next) }
    let end = next + length + 2
    guard end <= limits.frameBytes else { return .failure(ProtocolError(.tooBigFrame, at: start)) }
    guard end <= bytes.count else { return .incomplete }
    guard bytes[end - 2] == 0x0d, bytes[end - 1] == 0x0a else {
      return .failure(ProtocolError(.invalidReplyTerminator, at: end - 2))
    }
    return step(to: end)
  }

  private mutating func aggregate(
    _ bytes: Span<UInt8>, start: Int, next: Int, perItem: Int, extra: Int
  ) -> ReplyFrame? {
    guard case .value(let count, _) = Line.number(in: bytes, from: start + 1), count >= -1,
      count <= limits.frameBytes
    else { return .failure(ProtocolError(.invalidReplyLength, at: start + 1)) }
    position = next
    scanned = next
    remaining -= 1
    remaining += extra
    guard count > 0 else { return nil }
    guard outer.count + 1 < limits.nesting else { return .failure(ProtocolError(.tooDeep, at: start)) }
    outer.append(remaining)
    remaining = count * perItem
    return nil
  }

  /// Simple strings and errors may be long; lines that hold a number may not.
  private func lineLimit(_ type: UInt8) -> Int {
    type == UInt8(ascii: "+") || type == UInt8(ascii: "-") || type == UInt8(ascii: "(")
      ? limits.bulkBytes : limits.lineBytes
  }

  /// The index of the CR that ends the line at `position`, once the byte behind it is here too.
  private mutating func lineEnd(in bytes: Span<UInt8>) -> Int? {
    var index = max(scanned, position)
    while index < bytes.count {
      if bytes[index] == 0x0d {
        scanned = index
        return index + 1 < bytes.count ? index : nil
      }
      index &+= 1
    }
    scanned = index
    return nil
  }
}
