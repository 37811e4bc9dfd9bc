/// The bound on what all clients together may hold: who takes nothing of what it has asked for goes first.
extension Lane {
  /// The most bytes that may wait for one client before it is not read any more.
  var mostUnread: Int {
    let most = settings.clientOutputBytes / 2
    return clientMemory.isShort ? min(Lane.mostUnreadWhenShort, most) : most
  }

  /// A client holds so many bytes more, or less.
  func clientsHold(_ difference: Int) {
    weight.add(difference)
    clientMemory.add(difference)
    if difference > 0 { makeRoom() }
  }

  private func makeRoom() {
    guard clientMemory.mustMakeRoom() else { return }
    let lane = peers.max { $0.weight.bytes < $1.weight.bytes } ?? self
    // Behind whatever made it too much.
    want(
      .post(lane) {
        lane.turnBegan()
        lane.closeGreediest()
        lane.clientMemory.madeRoom()
        lane.makeRoom()
      })
  }

  private func closeGreediest() {
    guard clientMemory.isOver else { return }
    // A client that takes nothing holds what nobody will miss; among those, and else among all, the one that holds most.
    func rank(_ session: ClientSession) -> (Int, Int) {
      (session.backlog.stalledSince > 0 ? 1 : 0, session.backlog.weight)
    }
    guard let greediest = sessions.values.filter({ $0.backlog.weight > 0 }).max(by: { rank($0) < rank($1) })
    else { return }
    clientsCutOffForMemory += 1
    report(
      .memoryIsShort(client: greediest.address, held: greediest.backlog.weight, limit: clientMemory.limit))
    greediest.cutOff()
  }

  private static let mostUnreadWhenShort = 1 << 20
}
