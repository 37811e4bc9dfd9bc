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
}

extension ProxyServer {
  /// What is known to differ.
  ///
  /// - Parameter withList: one by one, too, which may be many.
  public func knownDivergences(withList: Bool) async -> KnownDivergences {
    var all = KnownDivergences()
    for lane in lanes {
      guard
        let known = try? await lane.loop.submit({
          let known = lane.known
          return (
            list: withList ? known.list : [], count: known.count, unlisted: known.unlisted,
            version: known.version
          )
        }).get()
      else { continue }
      all.list += known.list
      all.open &+= known.count
      all.isLeast = all.isLeast || known.unlisted > 0
      all.version &+= known.version
    }
    return all
  }

  /// Closes them all: somebody answers for it.
  public func closeDivergences(because reason: String) async {
    for lane in lanes { _ = try? await lane.loop.submit { lane.known.close(because: reason) }.get() }
  }

  /// What is meant to differ from now on.
  public func mean(_ closings: [Closing]) async {
    for lane in lanes { _ = try? await lane.loop.submit { lane.known.mean(closings) }.get() }
  }

  /// What was closed is open again.
  public func openDivergences() async {
    for lane in lanes { _ = try? await lane.loop.submit { lane.known.open() }.get() }
  }

  /// Those of an earlier run are known again.
  ///
  /// - Parameter unlisted: so many more there were, of which nothing else is known.
  public func recallDivergences(
    _ list: [OpenDivergences.Entry], unlisted: UInt64, closings: [Closing]
  ) async {
    for lane in lanes {
      _ = try? await lane.loop.submit {
        lane.known.mean(closings)
        for entry in list where lane.owner(of: entry.key.span) === lane { lane.known.recall(entry) }
        if lane.index == 0 { lane.known.recall(unlisted: unlisted) }
      }.get()
    }
  }

  /// Another account of evidence begins.
  public func beginAccount() async {
    for lane in lanes { _ = try? await lane.loop.submit { lane.guards.beginAccount() }.get() }
  }
}
