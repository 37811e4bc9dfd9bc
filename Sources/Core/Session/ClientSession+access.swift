import SluiceAccess
import SluiceCommands
import SluiceRESP
import SluiceRouting

/// What a client may do, decided before its command goes anywhere: it is not routed, queued, held, or carried out here (law 8).
extension ClientSession {
  /// `straight` for who may not do everything: the bit of the command, the patterns of its key, then the same way.
  func straightWithinPermit(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> StackID? {
    guard let permit = principal.permit, mode == .plain, arguments.count > 1 else {
      return nil
    }
    let command = lane.table.lookup(frame.extracting(arguments[0].range))
    let spec = lane.table.specs[command]
    guard spec.isPlain, spec.accepts(count: arguments.count), permit.allows(command: command) else {
      return nil
    }
    let key = frame.extracting(arguments[1].range)
    guard
      permit.hasAllKeys
        || permit.allows(key: key, lane.table.needs(of: command, in: frame, arguments).first)
    else { return nil }
    guard lane.owner(of: key) === lane else { return nil }
    lastCommand = command
    return lane.accept(frame, spec, key: key, from: self)
  }

  /// Whether the command may not be, and is answered.
  ///
  /// What is no command, or has too few words, is said first, as Redis does. A name that no server has told of is never sent on for
  /// somebody whose keys or commands are limited.
  func isForbidden(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) -> Bool {
    guard let words = forbids(frame, arguments, spec) else { return false }
    answerError(words)
    return true
  }

  /// Why the command may not be; nil if it may. Counted.
  func forbids(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) -> String? {
    guard let permit = principal.permit, spec.scope != .unknownSubcommand else { return nil }
    guard spec.isListed else { return CommandSpec.unknownCommandMessage(frame, arguments) }
    guard spec.accepts(count: arguments.count),
      let denial = permit.denial(of: spec.id, in: lane.table, frame, arguments, &lane.keyIndices)
    else { return nil }
    countRefusal(spec.id, ClientSession.noPermission)
    return AccessWords(version: lane.serverVersion).noPermission(
      denial, user: principal.name, command: spec.name)
  }

  /// The reason under which it is counted.
  static let noPermission = "no_permission"

  /// The commands of a `MULTI` were allowed when they came; the rules have changed since.
  func forbidsSomethingQueued() -> String? {
    guard principal.permit != nil else { return nil }
    var reader = RequestFramer(limits: .measuredBefore)
    for queued in queued.frames {
      // Of a script with a rule, what the client has sent.
      let place = RuledScript.parts(of: queued.span)?.frame
      let frame = place.map { ClientSession.bytes(queued.span.extracting($0)) } ?? queued
      guard case .command = reader.next(frame.span) else { continue }
      let arguments = reader.arguments
      let spec = lane.table.specs[lane.table.resolve(in: frame.span, arguments: arguments.span)]
      if let words = forbids(frame.span, arguments.span, spec) { return words }
    }
    return nil
  }

  /// `ACL SETUSER` of Redis: the rules act at once.
  func isUnderOtherRules(_ now: Principal) {
    principal = now
    if mode.transaction != .none { hasRulesSinceMulti = true }
  }
}
