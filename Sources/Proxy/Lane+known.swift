import SluiceFigures
import SluiceRESP
import SluiceRouting

/// Differences that are known, and how they are closed.
extension Lane {
  /// An order has looked at all that both stacks hold of a key.
  func looked(at key: [UInt8], _ outcome: KeyOutcome) {
    if outcome == .equal { known.isEqual(key) }
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

extension ProxyServer {
  /// Differences that are known one by one, and the number of all.
  public func openDivergences() async -> (list: [OpenDivergences.Entry], count: UInt64, version: UInt64) {
    var all: (list: [OpenDivergences.Entry], count: UInt64, version: UInt64) = ([], 0, 0)
    for lane in lanes {
      guard let open = try? await lane.loop.submit({ lane.known }).get() else { continue }
      all.list += open.list
      all.count &+= open.count
      all.version &+= open.version
    }
    return all
  }

  /// Closes them all: somebody answers for it.
  public func closeDivergences() async {
    for lane in lanes { _ = try? await lane.loop.submit { lane.known.close() }.get() }
  }

  /// Those of an earlier run are open again.
  ///
  /// - Parameter unlisted: so many more there were, of which nothing else is known.
  public func recallDivergences(_ list: [OpenDivergences.Entry], unlisted: UInt64) async {
    for lane in lanes {
      _ = try? await lane.loop.submit {
        for entry in list where lane.owner(of: entry.key.span) === lane { lane.known.differed(entry) }
        if lane.index == 0 { lane.known.recall(unlisted: unlisted) }
      }.get()
    }
  }

  /// Another account of evidence begins.
  public func beginAccount() async {
    for lane in lanes { _ = try? await lane.loop.submit { lane.guards.beginAccount() }.get() }
  }
}
