import SluiceCommands
import SluiceStackLink

/// How a link that stands still is told from one that is busy, and a dead idle one is found before a client pays for it.
extension StackConnection {
  /// Cuts the connection if a reply is owed and nothing has moved for too long.
  func checkDeadline(now: UInt64) {
    guard let oldest = pending.first, let socket else { return }
    let patience = UInt64(endpoint.commandTimeout)
    func quiet() -> UInt64 {
      let since = max(oldest.sentAt, silence.since)
      return now > since ? now - since : 0
    }
    // A link that moves is not looked at.
    guard quiet() > patience / 8 else { return }
    silence.looked(
      at: now, unsent: output.count + socket.unwritten + socket.inKernel,
      behindOldest: primaryBytes + mirrorBytes - Int(oldest.bytes))
    let waited = quiet()
    guard waited > patience else { return }
    // It is we who are late.
    if socket.unread > 0 { return silence.heard(at: now) }
    // The layers get a long reply whole before this link hears any of it.
    if let beat = endpoint.pulse?.last, now < beat &+ patience { return }
    owesOldest = true
    cut("owed a reply for \(waited / 1_000_000) ms")
  }

  /// Whether something has come within so many nanoseconds.
  func isMoving(within nanoseconds: Int64, now: UInt64) -> Bool {
    now < silence.since &+ UInt64(max(0, nanoseconds))
  }

  /// Asks a link on which nothing is owed whether anybody is still there: firewalls and load balancers drop idle connections without
  /// a word, and the next command would pay for it.
  func askIfIdle(now: UInt64) {
    let patience = lane.settings.idleQuestion
    guard patience > 0, isUp, pending.isEmpty, now > max(silence.since, arrivedAt) &+ UInt64(patience) else {
      return
    }
    send(
      StackConnection.ping.span,
      Errand(
        slot: 0, command: UInt16(truncatingIfNeeded: CommandTable.unknownID), role: .question, sequel: .none,
        tail: .any, sentAt: now), sink: nil)
  }

  private static let ping = Array("*1\r\n$4\r\nPING\r\n".utf8)
}
