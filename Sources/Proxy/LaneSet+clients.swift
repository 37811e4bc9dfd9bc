import NIOCore
import SluiceTLS

extension LaneSet {
  /// A client has come: its channel is being set up, on the loop of one of the lanes.
  ///
  /// - Parameter tls: how TLS is spoken at its door; nil where none is.
  /// - Throws: what keeps a handler out of the channel's pipeline.
  package func welcome(_ channel: any Channel, _ tls: ServerTLSContext? = nil) throws {
    guard let lane = lanes.first(where: { $0.loop === channel.eventLoop }) else {
      throw ChannelError.inappropriateOperationForState
    }
    let shared = shared
    let count = shared.clients.add(1, ordering: .relaxed).newValue
    if count > shared.mostClients.load(ordering: .relaxed) {
      shared.mostClients.store(count, ordering: .relaxed)
    }
    // Whoever comes by a unix socket is on this machine.
    let place = channel.remoteAddress.flatMap { $0.pathname == nil ? PasswordGuesses.place($0) : nil }
    let isWelcome = place.map { shared.census.arrived($0) } ?? true
    channel.closeFuture.whenComplete { _ in
      shared.clients.subtract(1, ordering: .relaxed)
      if let place { shared.census.left(place) }
    }
    let maximum = lane.settings.maximumClients
    guard count <= maximum else {
      shared.turnedAway.add(1, ordering: .relaxed)
      lane.report(.turnedAway(maximum: maximum))
      return try channel.pipeline.syncOperations.addHandler(TurnedAway(speaks: tls == nil))
    }
    guard isWelcome else {
      shared.turnedAwayByAddress.add(1, ordering: .relaxed)
      let most = shared.census.limit.load(ordering: .relaxed)
      lane.report(.turnedAwayByAddress(place ?? "", maximum: most))
      return try channel.pipeline.syncOperations.addHandler(
        TurnedAway(speaks: tls == nil, words: "ERR max number of clients of your address reached"))
    }
    if let tls { return try greet(channel, tls, on: lane) }
    lane.turnBegan()
    try channel.pipeline.syncOperations.addHandler(
      ClientSession(lane: lane, server: shared, id: shared.nextClientID()))
  }

  /// The client is met when its hand-shake is through.
  private func greet(_ channel: any Channel, _ tls: ServerTLSContext, on lane: Lane) throws {
    let shared = shared
    lane.greeted[ObjectIdentifier(channel)] = channel
    let gate = TLSGate(.nanoseconds(lane.settings.tlsHandshake), tls.counts) {
      lane.greeted[ObjectIdentifier(channel)] = nil
      lane.turnBegan()
      return ClientSession(lane: lane, server: shared, id: shared.nextClientID())
    } refused: { reason, words, channel in
      lane.greeted[ObjectIdentifier(channel)] = nil
      lane.report(.refusedByTLS(reason, words: words, client: ClientSession.text(channel.remoteAddress)))
    }
    try channel.pipeline.syncOperations.addHandler(gate)
    try tls.start(in: channel)
  }
}
