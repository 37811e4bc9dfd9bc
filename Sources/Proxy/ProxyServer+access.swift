import SluiceCore

extension ProxyServer {
  /// Puts other rules in force and returns when they are in every lane.
  public func takeUp(_ list: AccessList) async {
    shared.census.limit.store(list.clientsPerAddress, ordering: .relaxed)
    await onEachLane { $0.takeUp(list) }
  }

  /// Clients that were told that their address has too many.
  public var turnedAwayByAddress: Int { shared.turnedAwayByAddress.load(ordering: .relaxed) }
}
