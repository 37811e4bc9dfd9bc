import NIOCore

/// One turn of the loop: sockets are read, commands and replies are appended to buffers, and at the end of the turn every
/// connection with something to say gets one write.
///
/// The order of the writes is law 5: first the stacks, so that what is about to be acknowledged has left for the mirror,
/// then the other loops, then the clients.
extension Lane {
  /// Reads the clock, once for all sockets of a turn.
  func turnBegan() {
    guard !isTurnEndScheduled else { return }
    now = loop.now.uptimeNanoseconds
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
    // Tasks run when all sockets of this turn have been read.
    loop.execute(turnEnd)
  }

  func endTurn() {
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
      peer.loop.execute {
        peer.turnBegan()
        crossing.unload(on: peer)
      }
    }
    // Two arrays take turns, so that a turn allocates none.
    swap(&dirty, &flushing)
    let hasAnswered = !flushing.isEmpty
    for session in flushing { session.flush() }
    flushing.removeAll(keepingCapacity: true)
    // Whoever was just given something to do may have our processor first: what they say meanwhile is read in one turn.
    if hasAnswered { settings.world.yield() }
    if !resuming.isEmpty {
      let sessions = resuming
      resuming = []
      turnBegan()
      resume(sessions)
    }
  }

  // MARK: Buffers that sessions borrow for a turn, so that an idle client holds none

  func borrowBuffer() -> ByteBuffer { spareBuffers.popLast() ?? ByteBuffer() }

  func giveBack(_ buffer: ByteBuffer) {
    guard spareBuffers.count < 64, buffer.capacity <= 1 << 17 else { return }
    var buffer = buffer
    buffer.clear()
    spareBuffers.append(buffer)
  }
}
