import SluiceRESP

/// Clients of different protocols in one turn: those that want the link to be as it is are read first, the others at the turn's end, each
/// kind in one go. So a link turns once per kind and turn, and in a turn of one kind not at all.
///
/// To read one socket before another is always allowed: of commands that came in one turn nobody has a reply yet, and each client's
/// own stay in their order. The mirror follows the log as ever.
extension Lane {
  /// The session has something to say in another protocol than the turn's.
  func waitForTail(_ session: ClientSession) {
    otherTails.append(session)
    scheduleTurnEnd()
  }

  /// A command from another loop: in its turn.
  func receiveCrossed(_ frame: Span<UInt8>, sink: ReplySink, slot: UInt32) {
    guard sink.tail != turnTail else { return receive(frame, sink: sink, slot: slot) }
    crossed.append(command: frame, sink: sink, slot: slot)
    scheduleTurnEnd()
  }

  /// The turn ends: whoever was not read is read now.
  func readOtherTails() {
    while let tail = otherTails.first?.tail ?? crossed.firstTail {
      turnTail = tail
      if !crossed.isEmpty {
        let commands = crossed
        crossed = Crossing()
        commands.unload(on: self)
      }
      let sessions = otherTails
      otherTails = []
      for session in sessions {
        if session.tail == turnTail { session.goOnReading() } else { otherTails.append(session) }
      }
    }
  }

  /// Goes on with sessions that had stopped, each kind in one go.
  func resume(_ sessions: [ClientSession]) {
    var waiting = sessions
    while let first = waiting.first {
      if !waiting.contains(where: { $0.tail == turnTail }) { turnTail = first.tail }
      let tail = turnTail
      let others = waiting.filter { $0.tail != tail }
      for session in waiting where session.tail == tail { session.resume() }
      waiting = others
    }
  }
}
