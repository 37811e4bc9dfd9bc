import NIOCore
import SluiceCore
import SluiceTLS

extension ProxyServer {
  /// A client has come: its channel is being set up, on the loop of one of the lanes.
  ///
  /// - Parameter tls: how TLS is spoken at its door; nil where none is.
  /// - Throws: what keeps a handler out of the channel's pipeline.
  static func welcome(
    _ channel: any Channel, _ tls: ServerTLSContext?, _ laneSet: LaneSet, _ drivers: [LaneDriver]
  ) throws {
    guard let index = drivers.firstIndex(where: { $0.eventLoop === channel.eventLoop }) else {
      throw ChannelError.inappropriateOperationForState
    }
    let (lane, driver) = (laneSet.lanes[index], drivers[index])
    defer { driver.carryOut() }
    let place = ClientPlace(channel)
    let welcome = laneSet.came(from: place, to: lane)
    channel.closeFuture.whenComplete { _ in laneSet.left(place) }
    let line = channel.pipeline.syncOperations
    switch welcome {
    case .turnedAway(let words): return try line.addHandler(TurnedAway(speaks: tls == nil, words: words))
    case .come: break
    }
    guard let tls else {
      return try line.addHandler(ClientHandler(laneSet.session(at: place, on: lane), driver, isPlain: true))
    }
    driver.greets(channel)
    // The client is met when its hand-shake is through.
    let gate = TLSGate(.nanoseconds(lane.settings.tlsHandshake), tls.counts) {
      driver.greeted(channel)
      return ClientHandler(laneSet.session(at: place, on: lane), driver, isPlain: false)
    } refused: { reason, words, channel in
      driver.greeted(channel)
      lane.report(.refusedByTLS(reason, words: words, client: place.remote))
      driver.carryOut()
    }
    try line.addHandler(gate)
    try tls.start(in: channel)
  }
}

extension ClientPlace {
  fileprivate init(_ channel: any Channel) {
    let peer = channel.remoteAddress
    self.init(
      remote: ClientPlace.text(peer), local: ClientPlace.text(channel.localAddress),
      network: peer.map(PasswordGuesses.place) ?? "a socket", isUnixSocket: peer?.pathname != nil)
  }

  private static func text(_ address: SocketAddress?) -> String {
    guard let address else { return "" }
    return address.ipAddress.map { ip in
      "\(ip.contains(":") ? "[\(ip)]" : ip):\(address.port ?? 0)"
    } ?? address.pathname ?? ""
  }
}

extension PasswordGuesses {
  /// Where a peer is, for those who count: of an IPv6 address the network, because a host has as many as it
  /// likes.
  public static func place(_ peer: SocketAddress) -> String {
    switch peer {
    case .v4: return peer.ipAddress ?? "an IPv4 address"
    case .v6(let address):
      let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
      let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
      if isMapped { return bytes.suffix(4).map { "\($0)" }.joined(separator: ".") }
      let groups = stride(from: 0, to: 8, by: 2).map {
        String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
      }
      return groups.joined(separator: ":") + "::/64"
    case .unixDomainSocket: return "a unix socket"
    }
  }
}
