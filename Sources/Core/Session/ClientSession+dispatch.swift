import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Who answers a command: the lane of its keys, the proxy itself, the whole key space, or nobody.
extension ClientSession {
  /// The way of nearly every command, one with a single key that is this lane's and nothing in its way: returns the stack to
  /// whose connection the caller must append the frame. Nil: nothing was done, and `dispatch` is the way.
  func straight(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> StackID? {
    guard isPlain, arguments.count > 1 else {
      return isPlain ? nil : straightWithinPermit(frame, arguments)
    }
    let command = lane.table.lookup(frame.extracting(arguments[0].range))
    let spec = lane.table.specs[command]
    guard spec.isPlain, spec.accepts(count: arguments.count) else { return nil }
    let key = frame.extracting(arguments[1].range)
    guard lane.owner(of: key) === lane else { return nil }
    lastCommand = command
    return lane.accept(frame, spec, key: key, from: self)
  }

  /// - Parameter isOwn: it was kept back, and may be what this client's `EXEC` was made into.
  func dispatch(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, isOwn: Bool = false) {
    var command = lane.table.resolve(in: frame, arguments: arguments)
    // Names that are ours go no further: behind a hold, and on another loop, a frame is looked up by its name.
    let isUnheardOf = !isOwn && lane.table.specs[command].isOurs
    if isUnheardOf { command = CommandTable.unknownID }
    lastCommand = command
    if command == CommandTable.unknownID, isForSomebodyElse(frame, arguments) {
      // It is answered, or the door is closed.
    } else if isPlain || mayPass(frame, arguments, lane.table.specs[command], isOwn: isOwn) {
      if isUnheardOf {
        answerError(CommandSpec.unknownCommandMessage(frame, arguments))
      } else {
        carryOut(frame, arguments, command: command)
      }
    }
    // What is kept back comes here again.
    if !isPlain, keptBack == nil { mode.commandEnded() }
  }

  private func carryOut(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, command: Int) {
    let spec = lane.table.specs[command]
    guard spec.accepts(count: arguments.count) else { return answerError(spec.wrongArityMessage) }
    switch spec.scope {
    case .keyed:
      if spec.isScript, isRuled(frame, arguments, spec) { return }
      if spec.refusedOption != .none, isAnsweredForItsOption(frame, arguments, spec) { return }
      toItsLane(frame, arguments, spec)
    case .local(let local):
      self.local(local, frame, arguments, spec)
    case .keyspace(let keyspace):
      self.keyspace(keyspace, frame, arguments, spec)
    case .refused(let refusal):
      refuse(refusal, spec)
    case .unknownSubcommand:
      answerError(CommandSpec.unknownSubcommandMessage(frame, arguments))
    }
  }

  /// Where replies go: to the client, unless it wants none.
  var sink: ReplySink { isPlain || !mode.isMuted ? self : Muffler(self) }

  func inline(_ line: Span<UInt8>) {
    guard let words = InlineRequest.arguments(of: line) else {
      answer(ProtocolError(.unbalancedQuotes, at: 0).reply)
      return leave()
    }
    guard !words.isEmpty else { return }
    let frame = InlineRequest.frame(of: words)
    var reader = RequestFramer(limits: lane.settings.limits)
    guard case .command = reader.next(frame.span) else {
      answer(ProtocolError(.invalidMultibulkLength, at: 0).reply)
      return leave()
    }
    dispatch(frame.span, reader.arguments.span)
  }

  /// A browser, or an order of the control port.
  private func isForSomebodyElse(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    guard arguments.count > 0 else { return false }
    let name = ClientSession.word(frame.extracting(arguments[0].range))
    if ClientSession.http.contains(name) {
      // Nor is what came in the same packet looked at any more.
      leave()
      close()
      return true
    }
    guard ClientSession.controlWords.contains(name) else { return false }
    countRefusal(CommandTable.unknownID, "control_order")
    answerError(
      "ERR sluice: \(name) is an order of the control port, and this one is for clients of the cache; "
        + "the control port is 6401 unless serve was told otherwise")
    return true
  }

  /// A browser that a web page has sent here: Redis closes on these words too, before their lines are taken for commands.
  private static let http: Set<String> = ["POST", "HOST:"]

  /// What an operator in a hurry may send to the wrong port. No Redis has such commands.
  private static let controlWords: Set<String> = ["ROLLBACK", "REARM", "STAGE", "RAMP", "STATUS"]

  private static func word(_ name: Span<UInt8>) -> String {
    name.withUnsafeBufferPointer { String(decoding: $0.prefix(9), as: UTF8.self) }.uppercased()
  }

  /// Answers a command at once, in its turn.
  func answer(_ reply: String) { answer(Array(reply.utf8)) }

  func answer(_ reply: [UInt8]) {
    if !isPlain, mode.isMuted { return }
    replyArrived(reply.span, slot: openSlot())
  }

  func answerError(_ message: String) {
    var reply: [UInt8] = []
    reply.appendError(message)
    answer(reply)
  }

  /// Asks a server about itself; the answer is passed on as it is.
  func askServer(_ frame: Span<UInt8>, _ spec: CommandSpec) {
    lane.ask(frame, spec, lane.serverToAsk, sink: sink, slot: openSlot())
  }

  /// Whether an option was refused, or the command is on its way without it.
  private func isAnsweredForItsOption(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) -> Bool {
    switch spec.databaseOption(in: frame, arguments: arguments) {
    case .none, .other: break
    case .invalid(let message):
      answerError(message)
      return true
    case .served(let kept):
      let words = kept.map { index in
        frame.extracting(arguments[index].range).withUnsafeBufferPointer { Array($0) }
      }
      let shorter = InlineRequest.frame(of: words)
      var reader = RequestFramer(limits: lane.settings.limits)
      guard case .command = reader.next(shorter.span) else { return false }
      toItsLane(shorter.span, reader.arguments.span, spec)
      return true
    }
    guard let refusal = spec.refusal(in: frame, arguments: arguments) else { return false }
    if refusal == .scriptWithoutKeys, runsReadOnly(frame, arguments, spec) { return true }
    refuse(refusal, spec)
    return true
  }

  /// A script that declares no key may read, or compute, and not write: the server sees to it, where it has the form for that (7.0).
  /// Not while keys are on both stacks: whose key it reads nobody can tell.
  private func runsReadOnly(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) -> Bool {
    let name = Array("\(spec.name)_RO".utf8)
    let reading = lane.table.specs[lane.table.lookup(name.span)]
    guard lane.routing.keyspaceOwner != nil, reading.isKnown(to: .legacy, count: arguments.count),
      reading.isKnown(to: .new, count: arguments.count)
    else { return false }
    let words = (1..<arguments.count).map { ClientSession.bytes(frame.extracting(arguments[$0].range)) }
    let other = InlineRequest.frame(of: [name] + words)
    var reader = RequestFramer(limits: .measuredBefore)
    guard case .command = reader.next(other.span) else { return false }
    toItsLane(other.span, reader.arguments.span, reading)
    return true
  }

  func toItsLane(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    if lane.peers.count == 1, arguments.count > 1 {
      lane.request(frame, arguments, command: spec.id, sink: sink, slot: openSlot())
    } else {
      keyed(frame, arguments, spec)
    }
  }

  /// A command with keys when there are several lanes, or without a key when its name is in no table.
  private func keyed(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    guard arguments.count > 1 else { return withoutKey(frame, arguments, spec) }
    if spec.hasSingleKeyAtOne {
      return pass(frame, arguments, spec, to: lane.owner(of: frame.extracting(arguments[1].range)))
    }
    var keys: [Int] = []
    if case .invalid(let message) = spec.keyIndices(in: frame, arguments: arguments, into: &keys) {
      return answerError(message)
    }
    guard let first = keys.first else { return withoutKey(frame, arguments, spec) }
    let owner = lane.owner(of: frame.extracting(arguments[first].range))
    if keys.allSatisfy({ lane.owner(of: frame.extracting(arguments[$0].range)) === owner }) {
      return pass(frame, arguments, spec, to: owner)
    }
    guard spec.split != .none else { return runExclusively(frame) }
    let parts = SplitCommand(spec.split, frame, arguments, keys: keys) { index in
      lane.owner(of: frame.extracting(arguments[index].range)).index
    }
    let gather = Gather(parts, on: lane, sink: sink, slot: openSlot())
    for (number, part) in parts.parts.enumerated() {
      lane.send(part.frame.span, to: lane.peers[part.group], sink: gather, slot: UInt32(number))
    }
  }

  /// A command of a keyed kind that names none: what it does is unknown, so it counts as a write of the empty key.
  private func withoutKey(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    lane.forward(frame, spec, key: Span(), to: lane.routing.primary(of: Span()), sink: sink, slot: openSlot())
  }

  private func pass(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, to owner: Lane
  ) {
    if owner === lane {
      lane.request(frame, arguments, command: spec.id, sink: sink, slot: openSlot())
    } else {
      lane.send(frame, to: owner, sink: sink, slot: openSlot())
    }
  }
}

extension Lane {
  /// Hands a command to the lane of its keys, at the end of this turn if that is another loop's.
  func send(_ frame: Span<UInt8>, to owner: Lane, sink: ReplySink, slot: UInt32) {
    if owner === self {
      receive(frame, sink: sink, slot: slot)
    } else {
      outbound[owner.index].append(command: frame, sink: sink, slot: slot)
      scheduleTurnEnd()
    }
  }
}
