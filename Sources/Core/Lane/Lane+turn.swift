/// One turn of the loop: sockets are read, commands and replies are appended to buffers, and at the end of the turn every
/// connection with something to say gets one write.
///
/// The order of the writes, which are effects, is law 5: first the stacks, so that what is about to be acknowledged has left for the mirror,
/// then the other loops, then the clients.
extension Lane {
  /// Reads the clock, once for all sockets of a turn.
  package func turnBegan() {
    guard !isTurnEndScheduled else { return }
    now = loop.now
    if now >= guards.slotEnds { guards.closeSlot(at: now, figures) }
  }

  func stackHasOutput() { scheduleTurnEnd() }

  func sessionHasOutput(_ session: ClientSession) {
    dirty.append(session)
    scheduleTurnEnd()
  }

  /// The session stopped reading its input and may go on when the turn ends.
  func resumeLater(_ session: ClientSession) {
    resuming.append(session)
    scheduleTurnEnd()
  }

  func scheduleTurnEnd() {
    guard !isTurnEndScheduled else { return }
    isTurnEndScheduled = true
    want(.endTurn)
  }

  /// All sockets of this turn have been read.
  package func endTurn() {
    if !otherTails.isEmpty || !crossed.isEmpty { readOtherTails() }
    if wantsRepairs {
      wantsRepairs = false
      repairSome(atMost: Lane.promptRepairs)
    }
    isTurnEndScheduled = false
    if let journal {
      tellStrays()
      journal.commit()
    }
    legacy.flush()
    new.flush()
    for (index, crossing) in outbound.enumerated() where !crossing.isEmpty {
      outbound[index] = Crossing()
      let peer = peers[index]
      want(
        .post(peer) {
          peer.turnBegan()
          crossing.unload(on: peer)
        })
    }
    // Two arrays take turns, so that a turn allocates none.
    swap(&dirty, &flushing)
    let hasAnswered = !flushing.isEmpty
    for session in flushing { session.flush() }
    flushing.removeAll(keepingCapacity: true)
    // What they say meanwhile is read in one turn.
    if hasAnswered { want(.yield) }
    if !resuming.isEmpty {
      let sessions = resuming
      resuming = []
      turnBegan()
      resume(sessions)
    }
  }

  // MARK: Buffers that sessions borrow for a turn, so that an idle client holds none

  func borrowBuffer() -> Bytes {
    guard let buffer = spareBuffers.popLast() else { return Bytes() }
    if buffer.capacity > 1 << 17 { largeSpares -= 1 }
    return buffer
  }

  private static let mostLargeSpares = 8

  package func giveBack(_ buffer: consuming Bytes) {
    guard spareBuffers.count < 64, buffer.capacity <= 1 << 20 else { return }
    // A few large ones are kept for large values; many would be memory that nobody needs.
    if buffer.capacity > 1 << 17 {
      guard largeSpares < Lane.mostLargeSpares else { return }
      largeSpares += 1
    }
    buffer.clear()
    spareBuffers.append(buffer)
  }
}
