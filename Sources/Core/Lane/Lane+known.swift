import SluiceFigures
import SluiceRESP
import SluiceRouting

/// Differences that are known, and how they are closed.
extension Lane {
  /// An order has looked at all that both stacks hold of a key.
  func looked(at key: [UInt8], _ outcome: KeyOutcome) -> KeyOutcome {
    switch outcome {
    case .equal: known.isEqual(key)
    case .different(let kind): return known.isMeant(kind, key) ? .closed(kind) : outcome
    default: break
    }
    return outcome
  }

  /// A digest of the key of a command with one key, as `Digest(key)`; of the whole command where it is not told apart. Nothing is
  /// allocated: with a plan in force it is asked of every comparison.
  static func digestOfKey(in request: Span<UInt8>) -> UInt64 {
    // `*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n`: the second bulk string.
    var position = 0
    var range = 0..<0
    guard skipLine(request, &position) != nil else { return Digest(request).value }
    for _ in 0..<2 {
      guard position < request.count, request[position] == UInt8(ascii: "$"),
        let length = skipLine(request, &position), length <= request.count - position
      else { return Digest(request).value }
      range = position..<position + length
      position = range.upperBound + 2
    }
    return Digest(request.extracting(range)).value
  }

  /// Goes behind the end of a line, and returns the number behind its first byte; nil if there is none.
  private static func skipLine(_ bytes: Span<UInt8>, _ position: inout Int) -> Int? {
    var number = 0
    position += 1
    while position < bytes.count, bytes[position] != UInt8(ascii: "\r") {
      let digit = Int(bytes[position]) - 48
      guard (0...9).contains(digit), number < 1 << 40 else { return nil }
      number = number * 10 + digit
      position += 1
    }
    position += 2
    return position <= bytes.count ? number : nil
  }
}

/// What is known to differ, of all lanes.
public struct KnownDivergences: Sendable {
  /// One by one, the closed ones too.
  public var list: [OpenDivergences.Entry] = []
  /// How many are open, or at least are.
  public var open: UInt64 = 0
  public var isLeast = false
  public var version: UInt64 = 0

  package init() {}
}
