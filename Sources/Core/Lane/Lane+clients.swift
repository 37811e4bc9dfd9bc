/// The clients whose sockets live on this lane's loop.
extension Lane {
  func clientArrived(_ session: ClientSession) {
    sessions[session.id] = session
    clientsTotal += 1
    if isDraining { session.leave() }
  }

  func clientLeft(_ session: ClientSession) {
    sessions[session.id] = nil
  }

  /// So much is on its way to a stack that clients must wait before they may add to it.
  var isCongested: Bool {
    legacy.primaryBytes > Lane.congestionBytes || new.primaryBytes > Lane.congestionBytes
      || held.byteCount > settings.heldBytes / 2 || postponed.byteCount > settings.heldBytes / 2
  }

  func waitForDecongestion(_ session: ClientSession) { congested.append(session) }

  /// Called when replies have come: clients that were stopped may go on.
  func relieve() {
    guard !congested.isEmpty, !isCongested else { return }
    let sessions = congested
    congested = []
    for session in sessions { resumeLater(session) }
  }

  private static let congestionBytes = 64 << 20

  /// Once a second or more often: stacks that owe a reply and clients that take none.
  package func tick() {
    turnBegan()
    // If the loop itself was away for long, answers may lie unread: the sockets come first, once.
    if now &- lastTick < 500_000_000 || hasSkippedDeadlines {
      hasSkippedDeadlines = false
      for connection in stacks {
        connection.checkDeadline(now: now)
        connection.askIfIdle(now: now)
      }
    } else {
      hasSkippedDeadlines = true
    }
    lastTick = now
    giveUpPostponed()
    repairSome()
    walkShares()
    if isFilling { endLateFills() }
    if !orders.isEmpty { goOnWithOrders() }
    if !batches.isEmpty { goOnWithBatches() }
    tidyJournal()
    if now &- lastPatienceCheck > 1_000_000_000 {
      lastPatienceCheck = now
      for session in sessions.values { session.checkPatience(now: now) }
    }
  }

  /// No new commands: every client is answered what it has asked, then its connection is closed.
  package func drain() {
    isDraining = true
    for session in sessions.values { session.drain() }
  }

  /// Closes what is still open.
  package func shutDown() {
    tidyJournal()
    abandonFlips()
    for session in sessions.values { session.close() }
    for connection in stacks { connection.close() }
  }

  /// Lanes know each other and their clients, and these them: somebody has to begin.
  func letGo() {
    peers = []
    for connection in stacks { connection.letGo() }
    effects = []
    sessions = [:]
    (fence, exclusiveDone) = (nil, nil)
    (held, postponed) = (HeldCommands(), HeldCommands())
    (dirty, flushing, resuming, congested, otherTails) = ([], [], [], [], [])
    (carrying, pieces, fills, shareWalks, batches) = ([:], [:], [:], [:], [])
  }
}
