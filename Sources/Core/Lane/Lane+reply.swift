import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting

/// The way back: from a stack's reply to the client, and to what the reply sets off.
extension Lane {
  /// Takes the next reply of a stack. `isClaimed`: its client has its bytes already. False when nobody has asked for it.
  func replyArrived(_ reply: Span<UInt8>, from connection: StackConnection, isClaimed: Bool) -> Bool {
    guard let command = connection.answeredNext() else { return false }
    if isClaimed && !command.isKept {
      count(reply, isError: reply[0] == UInt8(ascii: "-"), of: command, from: connection)
      command.sink?.release()
      return true
    }
    let sink = command.sink?.takeRetainedValue()
    let waiting = isClaimed ? nil : sink
    if command.isKept {
      let request = connection.takeKept(command)
      replyArrived(reply, to: command, waiting, request: request.span, from: connection)
    } else {
      replyArrived(reply, to: command, waiting, request: Span(), from: connection)
    }
    return true
  }

  /// Takes the reply to `command`. `request` is empty unless its bytes were kept.
  private func replyArrived(
    _ reply: Span<UInt8>, to command: Errand, _ sink: ReplySink?, request: Span<UInt8>,
    from connection: StackConnection
  ) {
    let isError = reply[0] == UInt8(ascii: "-")
    // What the lane asks on its own behalf is no traffic.
    if command.role.rawValue <= Errand.Role.comparedRead.rawValue {
      count(reply, isError: isError, of: command, from: connection)
    }
    switch command.role {
    case .primary:
      if connection.hasRefusedPurge {
        return withhold(reply, to: command, sink, request: request, from: connection)
      }
      if command.sequel.mayFill, fillsMiss(reply, of: command, sink, request) {
        if command.sequel == .fillOrCompare { figures.compare.ignore(.filled) }
        return
      }
      if let sink { deliver(reply, to: sink, slot: command.slot) }
      switch command.sequel {
      case .none, .fill: break
      // What the primary refused has changed nothing, so there is nothing to repeat (law 2).
      case .mirror:
        if !isError || hasChanged(by: command.command, reply) {
          mirror(request, command, reply, from: connection.stack)
        }
      case .compare, .fillOrCompare: compare(request, command, with: reply, from: connection.stack)
      }
    case .mirroredWrite:
      journal?.retire(command.recorded, primary: connection.stack.other)
      if isError {
        figures.compare.mirrorErrors &+= 1
        suspect(request, on: connection.stack)
      } else if tellsOfAnother(reply, to: command) {
        // A counter, a list, a set that came out otherwise did not start from the same value.
        suspect(request, on: connection.stack)
      }
    case .comparedRead:
      compared(reply, command, request: request, by: connection.stack)
    case .repair:
      repairAnswered(command, request: request, reply, by: connection)
    case .purge:
      purged(request, command, reply, on: connection)
    case .proof:
      proved(reply, command, request: request, by: connection)
    case .recheck, .copy:
      sink?.replyArrived(reply, slot: command.slot)
    case .question, .queued:
      if isError { connection.heardError(reply) }
    case .turn:
      if isError { connection.turnWasRefused(reply, to: command.tail) }
    }
  }

  /// A script that ends in an error has done all that it did before.
  func hasChanged(by command: UInt16, _ error: Span<UInt8>) -> Bool {
    table.specs[Int(command)].isScript && !ErrorWord.isAboutMissingScript(error)
  }

  /// No reply will come to `command`: the connection was lost or cut.
  func replyFailed(
    _ kind: ErrorKind, of command: Errand, _ sink: ReplySink?, request: Span<UInt8>,
    from connection: StackConnection
  ) {
    let isOwed = connection.owesOldest
    connection.owesOldest = false
    // Found out before anybody had to pay for it.
    if command.role.isNobodys { return }
    // What the lane asks on its own behalf is no traffic here either: one write that is lost would count with all the questions behind it.
    if command.role.rawValue <= Errand.Role.comparedRead.rawValue {
      figures.recordUnanswered(
        kind, on: connection.stack, command.role == .primary ? .primary : .mirror,
        table.specs[Int(command.command)].commandClass, command: command.command)
    }
    switch command.role {
    case .primary:
      // Nobody knows whether it happened: if it did, the mirror lacks it.
      if command.sequel == .mirror { suspect(request, on: connection.stack.other) }
      guard let sink, !retry(request, command, on: connection.stack, sink: sink) else { return }
      let fate =
        table.specs[Int(command.command)].mayHaveWritten ? "; the write may or may not have happened" : ""
      refuse(
        "STACKDOWN sluice: stack '\(connection.stack.name)' (\(connection.endpoint.label)) "
          + "\(connection.health.reason ?? "lost the connection")\(fate)", sink: sink, slot: command.slot)
    case .mirroredWrite:
      figures.compare.mirrorErrors &+= 1
      suspect(request, on: connection.stack)
    case .repair, .purge:
      if command.role == .repair {
        returnToSuspects(request, on: connection)
      } else {
        if let name = Lane.firstKey(of: request) { _ = connection.suspects.endDeletion(name) }
        suspect(request, on: connection.stack)
      }
      confirm(request, on: connection)
      if isOwed, let name = Lane.firstKey(of: request) { tookTooLong(name) }
    case .comparedRead:
      if isOwed {
        timedOut(command, request: request, on: connection.stack)
      } else {
        figures.compare.dropped &+= 1
      }
    case .proof:
      suspect(request, on: command.sequel == .compare ? connection.stack.other : connection.stack)
    case .recheck, .copy:
      if isOwed, let key = (sink as? KeyQuestion)?.key { tookTooLong(key) }
      sink?.replyFailed(slot: command.slot)
    case .question, .queued, .turn: break
    }
  }

  /// Brings a reply to whoever waits for it, on this loop or on another.
  func deliver(_ reply: Span<UInt8>, to sink: ReplySink, slot: UInt32) {
    if sink.home == index {
      sink.replyArrived(reply, slot: slot)
    } else {
      outbound[sink.home].append(reply: reply, to: sink, slot: slot)
      scheduleTurnEnd()
    }
  }

  /// Passes the words of an error on, if they are not said all the time.
  private func sample(_ reply: Span<UInt8>, of command: Errand, from stack: StackID) {
    let word = ErrorWord.packed(reply.extracting(ErrorWord.range(in: reply)))
    guard troubles.admits(word, of: stack, at: now) else { return }
    var text: [UInt8] = []
    for index in 1..<min(reply.count, 201) {
      if reply[index] == 0x0d || reply[index] == 0x0a { break }
      text.append(reply[index])
    }
    report(.trouble(stack, command: command.command, words: String(decoding: text, as: UTF8.self)))
  }

  @inline(__always)
  private func count(
    _ reply: Span<UInt8>, isError: Bool, of command: Errand, from connection: StackConnection
  ) {
    let elapsed = Int64(truncatingIfNeeded: now &- command.sentAt)
    let role = command.role == .primary ? Role.primary : .mirror
    let isHeld = command.held > 0
    if !isError, !isHeld,
      figures.recordAlike(
        connection.stack, role, command: command.command, nanoseconds: elapsed,
        isNull: ReplyReader.isNull(reply))
    {
      return
    }
    countAnew(reply, isError: isError, of: command, role, elapsed, isHeld: isHeld, from: connection)
  }

  private func countAnew(
    _ reply: Span<UInt8>, isError: Bool, of command: Errand, _ role: Role, _ elapsed: Int64, isHeld: Bool,
    from connection: StackConnection
  ) {
    let stack = connection.stack
    let spec = table.specs[Int(command.command)]
    let commandClass = spec.commandClass
    if isHeld {
      figures.waits.waited(commandClass, nanoseconds: UInt64(clamping: elapsed) &+ command.held)
      figures.waits.replaced(commandClass, nanoseconds: UInt64(clamping: elapsed))
    }
    var outcome = CommandFigures.Outcome.done
    if isError {
      // What its commands have changed of the link they have not.
      if spec.isTransaction { connection.tailIsUnknown() }
      let isTrouble = ErrorWord(of: reply).isTrouble(ofScript: spec.isScript)
      outcome = isTrouble ? .failed : .refused
      figures.errors[stack, isTrouble ? .trouble : .reply] &+= 1
      if isTrouble {
        figures.troubles.record(stack, ErrorWord.place(of: reply))
        sample(reply, of: command, from: stack)
      }
      // A script of a client's may say whatever it likes.
      if isTrouble, !spec.isScript { connection.heardError(reply) }
    } else if spec.isHitMiss {
      outcome = ReplyReader.isNull(reply) ? .miss : .hit
    }
    figures.record(
      stack, role, commandClass, command: command.command, nanoseconds: elapsed,
      isSlow: elapsed > guards.limits.slowAbove[Int(commandClass.rawValue)], outcome)
  }
}
