import SluiceCommands

/// A new client, before it may say anything.
extension LaneSet {
  package enum Welcome {
    case come
    /// One too many: what to answer, as a part of an error reply.
    case turnedAway(String)
  }

  /// A client has come to a door, and counts until `left`.
  package func came(from place: ClientPlace, to lane: Lane) -> Welcome {
    let count = shared.clients.add(1, ordering: .relaxed).newValue
    if count > shared.mostClients.load(ordering: .relaxed) {
      shared.mostClients.store(count, ordering: .relaxed)
    }
    // Whoever comes by a unix socket is on this machine.
    let isOneOfFew = place.isUnixSocket || place.remote.isEmpty || shared.census.arrived(place.network)
    let maximum = lane.settings.maximumClients
    guard count <= maximum else {
      shared.turnedAway.add(1, ordering: .relaxed)
      lane.report(.turnedAway(maximum: maximum))
      return .turnedAway("ERR max number of clients reached")
    }
    guard isOneOfFew else {
      shared.turnedAwayByAddress.add(1, ordering: .relaxed)
      let most = shared.census.limit.load(ordering: .relaxed)
      lane.report(.turnedAwayByAddress(place.network, maximum: most))
      return .turnedAway("ERR max number of clients of your address reached")
    }
    return .come
  }

  /// A client that came is gone, whether it was welcome or not.
  package func left(_ place: ClientPlace) {
    shared.clients.subtract(1, ordering: .relaxed)
    if !place.isUnixSocket, !place.remote.isEmpty { shared.census.left(place.network) }
  }

  /// A client that may speak.
  package func session(at place: ClientPlace, on lane: Lane) -> ClientSession {
    lane.turnBegan()
    return ClientSession(lane: lane, server: shared, id: shared.nextClientID(), at: place)
  }
}
