import SluiceAccess
import SluiceCommands
import SluiceRESP

/// Commands of a client in a special mode (`SessionMode`): most of them are answered here, and go nowhere.
extension ClientSession {
  /// Whether the command goes the way of all commands; if not, it is answered.
  ///
  /// - Parameter isOwn: it was kept back, and may be a whole transaction, whose commands were asked for one by one.
  func mayPass(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, isOwn: Bool
  ) -> Bool {
    if mode.access == .locked {
      if spec.isAllowedUnauthenticated { return true }
      answer("-NOAUTH Authentication required.\r\n")
      return false
    }
    if mode.transaction != .none { return mayPassTransaction(frame, arguments, spec) }
    if !(isOwn && spec.isOurs), isForbidden(frame, arguments, spec) { return false }
    guard mode.access == .astray, !spec.isAllowedAstray else { return true }
    refuse(.behindSelect, spec)
    return false
  }

  /// Inside of `MULTI` … `EXEC`: each command gets the word that Redis has for it when it queues it, and none is kept.
  private func mayPassTransaction(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) -> Bool {
    if let wrong = spec.problem(frame, arguments) {
      if spec.scope == .local(.exec) {
        mode.ended()
        answerError("EXECABORT Transaction discarded because of: \(wrong.dropFirst("ERR ".count))")
      } else {
        mode.commandWasWrong()
        answerError(wrong)
      }
      return false
    }
    if let words = forbids(frame, arguments, spec) {
      if spec.scope == .local(.exec) {
        mode.ended()
        answerError("EXECABORT Transaction discarded because of: \(words)")
      } else {
        mode.commandWasWrong()
        answerError(words)
      }
      return false
    }
    switch spec.scope {
    case .local(.exec), .local(.discard), .local(.quit), .local(.reset):
      return true
    case .local(.multi):
      answerError("ERR MULTI calls can not be nested")
    case .refused(.transaction):
      answerError("ERR WATCH inside MULTI is not allowed")
    default:
      let wrong = queue(frame, arguments, spec)
      if queued.bytes > ClientBacklog.grain { weigh() }
      if let wrong {
        mode.commandWasWrong()
        answerError(wrong)
      } else {
        mode.commandQueued()
        answer("+QUEUED\r\n")
      }
    }
    return false
  }

  func multi() {
    mode.began()
    queued = TransactionQueue()
    hasRulesSinceMulti = false
    answer("+OK\r\n")
  }

  /// The end of a transaction: it goes to its stack as one piece, or is refused here, and nothing of it was carried out.
  func exec() {
    let transaction = mode.transaction
    mode.ended()
    if hasRulesSinceMulti, transaction != .none, let words = forbidsSomethingQueued() {
      queued = TransactionQueue()
      return answerError(AccessWords.changedSince(words))
    }
    let queued = self.queued
    self.queued = TransactionQueue()
    switch transaction {
    case .none: answerError("ERR EXEC without MULTI")
    case .spoiled: answerError("EXECABORT Transaction discarded because of previous errors.")
    case .queueing:
      if mode.access == .astray { return refuseTransaction(.behindSelect) }
      if let refusal = queued.refusal { return refuseTransaction(refusal) }
      if queued.isEmpty { return answer("*0\r\n") }
      let block = queued.block
      var reader = RequestFramer(limits: .measuredBefore)
      guard case .command = reader.next(block.span) else { return refuseTransaction(.transaction) }
      let arguments = reader.arguments.span
      toItsLane(
        block.span, arguments, lane.table.specs[lane.table.resolve(in: block.span, arguments: arguments)])
    }
  }

  private func refuseTransaction(_ refusal: Refusal) {
    countRefusal(lane.multi, refusal.rawValue)
    answerError(refusal.abortMessage)
  }

  func discard() {
    guard mode.transaction != .none else { return answerError("ERR DISCARD without MULTI") }
    mode.ended()
    queued = TransactionQueue()
    answer("+OK\r\n")
  }

  /// One database: the stack's address says which.
  func select(_ number: [UInt8], _ spec: CommandSpec) {
    let text = String(decoding: number, as: UTF8.self)
    guard let database = Int(text), "\(database)" == text else {
      return answerError("ERR value is not an integer or out of range")
    }
    mode.selected(isServed: database == 0)
    if database == 0 { answer("+OK\r\n") } else { refuse(.select, spec) }
  }

  func clientReply(_ word: [UInt8]) {
    switch String(decoding: word, as: UTF8.self).uppercased() {
    case "ON":
      mode.repliesWanted(.on)
      answer("+OK\r\n")
    case "OFF": mode.repliesWanted(.off)
    case "SKIP": mode.repliesWanted(.skipNext)
    default: answerError("ERR syntax error")
    }
  }
}

extension CommandSpec {
  fileprivate var isAllowedUnauthenticated: Bool {
    switch scope {
    case .local(.auth), .local(.hello), .local(.quit), .local(.reset): true
    default: false
    }
  }

  /// Behind a refused `SELECT`: what has nothing to do with a database, and what keeps the client's replies in step.
  fileprivate var isAllowedAstray: Bool {
    switch scope {
    case .local(.select), .local(.auth), .local(.hello), .local(.quit), .local(.reset): true
    case .local(.multi), .local(.exec), .local(.discard), .local(.clientReply): true
    default: false
    }
  }

  /// Redis's error for a command that it would not even queue.
  fileprivate func problem(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> String? {
    if id == CommandTable.unknownID, case .keyed = scope {
      return CommandSpec.unknownCommandMessage(frame, arguments)
    }
    if scope == .unknownSubcommand { return CommandSpec.unknownSubcommandMessage(frame, arguments) }
    if !accepts(count: arguments.count) { return wrongArityMessage }
    return flags.contains(.noMulti) ? "ERR Command not allowed inside a transaction" : nil
  }
}
