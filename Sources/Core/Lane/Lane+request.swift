import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting

/// The way there: from a command whose keys are all this lane's to the connection of their primary.
extension Lane {
  /// Takes one command whose keys all belong to this lane.
  func request(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, command: Int, sink: ReplySink, slot: UInt32
  ) {
    let spec = table.specs[command]
    guard spec.hasSingleKeyAtOne else {
      return requestManyKeys(frame, arguments, spec, sink: sink, slot: slot)
    }
    let key = frame.extracting(arguments[1].range)
    if isFenced, mustHold(key) {
      return hold(frame, sink: sink, slot: slot, keys: 1)
    }
    if routing.refusesWrites, spec.access == .write, routing.snapshot.refusesWrites(to: key) {
      return refuseToWrite(spec, sink: sink, slot: slot)
    }
    let primary = routing.primary(of: key)
    if !connection(primary).suspects.isEmpty {
      if waitsForReturn(frame, key, on: connection(primary), sink: sink, slot: slot) { return }
      purge(key, on: primary)
    }
    forward(frame, spec, key: key, to: primary, sink: sink, slot: slot)
  }

  /// Takes one command with a single key if nothing is in its way, and returns the stack to whose connection its bytes must be
  /// appended. Nil: nothing was done.
  func accept(
    _ frame: Span<UInt8>, _ spec: CommandSpec, key: Span<UInt8>, from session: ClientSession
  ) -> StackID? {
    let primary = routing.primary(of: key)
    let connection = connection(primary)
    guard gate.isOpen(to: primary), session.tail == connection.tail || connection.reaches(session.tail) else {
      return nil
    }
    let sequel = sequel(of: spec, key: key, primary)
    var command = pending(spec, sequel, to: primary, session.tail, slot: session.openSlot())
    if sequel == .mirror, let journal { command.recorded = journal.record(key, primary: primary) }
    connection.expect(frame, command, sink: session)
    return primary
  }

  private func mustHold(_ key: Span<UInt8>) -> Bool {
    guard let fence else { return false }
    return fence.holds(key, current: routing.snapshot) || !held.isOpenForSingleKeys
      || (fence.isRetargeted && held.count > 0)
  }

  private func requestManyKeys(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, sink: ReplySink, slot: UInt32
  ) {
    keyIndices.removeAll(keepingCapacity: true)
    if case .invalid(let message) = spec.keyIndices(in: frame, arguments: arguments, into: &keyIndices) {
      return refuse(message, sink: sink, slot: slot)
    }
    // What waits for a key may go on meanwhile, and comes this way as well.
    let keys = keyIndices
    guard let first = keys.first else {
      // No key: any stack can answer; the one that holds the whole key space does.
      return forward(frame, spec, key: Span(), to: keyspacePrimary, sink: sink, slot: slot)
    }
    var isMoving = fence?.guest != nil
    var primaries = (legacy: false, new: false)
    for index in keys {
      let key = frame.extracting(arguments[index].range)
      if let fence, fence.holds(key, current: routing.snapshot) { isMoving = true }
      switch routing.primary(of: key) {
      case .legacy: primaries.legacy = true
      case .new: primaries.new = true
      }
    }
    // Nothing that is held may be overtaken on any of the keys; and one key alone is held where the next command on it would be, or that one
    // would overtake this.
    let isHeldBack =
      keys.count == 1
      ? mustHold(frame.extracting(arguments[first].range)) : fence != nil && held.count > 0
    if isMoving || isHeldBack {
      return hold(frame, sink: sink, slot: slot, keys: keys.count)
    }
    if refusesWrite(frame, arguments, spec, keys) {
      return refuseToWrite(spec, sink: sink, slot: slot)
    }
    purgeAll(frame, arguments, keys)
    if primaries.legacy && primaries.new {
      return split(frame, arguments, spec, keys: keys, sink: sink, slot: slot)
    }
    let key = frame.extracting(arguments[first].range)
    forward(frame, spec, key: key, to: primaries.new ? .new : .legacy, sink: sink, slot: slot)
  }

  /// No key may be answered for by a stack on which it is a suspect.
  func purgeAll(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ keys: [Int]) {
    guard !legacy.suspects.isEmpty || !new.suspects.isEmpty else { return }
    for index in keys {
      let key = frame.extracting(arguments[index].range)
      // Whoever waits for one of them was there before.
      if isFilling, let fill = fills[key.withUnsafeBufferPointer { Array($0) }], fill.held.count > 0 {
        fill.end(.overtaken)
      }
      purge(key, on: routing.primary(of: key))
    }
  }

  /// Keys on both sides: taken apart if the command can be, refused if not (law 8).
  func split(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, keys: [Int],
    sink: ReplySink, slot: UInt32
  ) {
    let parts: SplitCommand
    if spec.isTransaction {
      guard settings.splitsTransactions,
        let blocks = SplitCommand(
          transaction: frame, arguments, table, group: { Int(routing.primary(of: $0).rawValue) })
      else { return refuseBothSides(spec, sink: sink, slot: slot) }
      // What is known to fail is not begun.
      for stack in StackID.allCases where !connection(stack).isUp && !mayPostpone(on: stack) {
        return refuse(downMessage(connection(stack)), sink: sink, slot: slot)
      }
      figures.splitTransactions &+= 1
      parts = blocks
    } else {
      guard spec.split != .none else { return refuseBothSides(spec, sink: sink, slot: slot) }
      parts = SplitCommand(spec.split, frame, arguments, keys: keys) { index in
        Int(routing.primary(of: frame.extracting(arguments[index].range)).rawValue)
      }
    }
    let gather = Gather(parts, on: self, sink: sink, slot: slot)
    for (number, part) in parts.parts.enumerated() {
      let bytes = part.frame.span
      let key = bytes.extracting(part.firstKey.range)
      forward(
        bytes, spec, key: key, to: part.group == 0 ? .legacy : .new, sink: gather, slot: UInt32(number))
    }
  }

  /// Asks one stack something that is about no key: passed on and answered, neither mirrored nor compared.
  func ask(_ frame: Span<UInt8>, _ spec: CommandSpec, _ stack: StackID, sink: ReplySink, slot: UInt32) {
    send(frame, spec, to: stack, sequel: .none, sink: sink, slot: slot)
  }

  /// Sends a command to its primary, or answers at once that the primary is down.
  func forward(
    _ frame: Span<UInt8>, _ spec: CommandSpec, key: Span<UInt8>, to primary: StackID, sink: ReplySink,
    slot: UInt32
  ) {
    if case .keyspace = spec.scope { epoch &+= 1 }
    if isFilling { overtakeFills(frame, spec, key: key) }
    var sequel = sequel(of: spec, key: key, primary)
    if spec.isOneSided { sequel = heedOneSided(spec, frame, sequel, primary, sink) }
    send(frame, spec, to: primary, sequel: sequel, sink: sink, slot: slot)
  }

  /// What the reply will set off.
  private func sequel(of spec: CommandSpec, key: Span<UInt8>, _ primary: StackID) -> Errand.Sequel {
    if spec.access == .write {
      connection(primary).writes &+= 1
      return routing.mirrorsWrites ? .mirror : .none
    }
    let sequel = comparing(spec, key: key, primary)
    if sequel == .none, spec.changesOnRead, routing.mirrorsWrites { return .mirror }
    return settings.warmOnMiss ? sequelOfMiss(spec, primary, else: sequel) : sequel
  }

  private func comparing(_ spec: CommandSpec, key: Span<UInt8>, _ primary: StackID) -> Errand.Sequel {
    guard routing.compares(key) else { return .none }
    if spec.comparison != .never { return .compare }
    if connection(primary).isUp { figures.compare.ignore(.neverCompared) }
    return .none
  }

  private func pending(
    _ spec: CommandSpec, _ sequel: Errand.Sequel, to stack: StackID, _ tail: LinkTail, slot: UInt32
  ) -> Errand {
    Errand(
      slot: slot, command: UInt16(truncatingIfNeeded: spec.id), role: .primary, sequel: sequel,
      isKept: sequel != .none || (keepsForLegacy && stack == .new), tail: tail, sentAt: now,
      note: Errand.held(since: waitingSince, sentAt: now))
  }

  private func send(
    _ frame: Span<UInt8>, _ spec: CommandSpec, to stack: StackID, sequel: Errand.Sequel, sink: ReplySink,
    slot: UInt32
  ) {
    let connection = connection(stack)
    guard connection.isUp else {
      if postpone(frame, spec, on: stack, sink: sink, slot: slot) { return }
      figures.recordUnanswered(
        .refused, on: stack, .primary, spec.commandClass, command: UInt16(truncatingIfNeeded: spec.id))
      return refuse(downMessage(connection), sink: sink, slot: slot)
    }
    guard connection.reaches(sink.tail) else {
      figures.recordUnanswered(
        .refused, on: stack, .primary, spec.commandClass, command: UInt16(truncatingIfNeeded: spec.id))
      return refuse(cannotReach(sink.tail, connection), sink: sink, slot: slot)
    }
    if sequel == .mirror, LawBreak.mirrorAtSend.isOn {
      repeatWrite(frame, pending(spec, sequel, to: stack, sink.tail, slot: slot), nil, from: stack)
      return connection.send(frame, pending(spec, .none, to: stack, sink.tail, slot: slot), sink: sink)
    }
    if spec.isRuledScript, refusesPrefixes(of: frame, on: stack, sink: sink, slot: slot) { return }
    if spec.isTransaction, !connection.hasTransactions {
      return refuseTransaction(.transaction, sink: sink, slot: slot)
    }
    var command = pending(spec, sequel, to: stack, sink.tail, slot: slot)
    if sequel == .mirror, let journal { command.recorded = record(frame, spec, in: journal, primary: stack) }
    if spec.isTransaction { return sendTransaction(frame, command, to: connection, sink: sink) }
    connection.expect(frame, command, sink: sink)
    if spec.isRuledScript { appendScript(frame, to: connection) } else { connection.append(frame) }
  }

  /// The keys of one whole command, whichever lane they belong to.
  func keys(of frame: Span<UInt8>) -> [[UInt8]] {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(frame) else { return [] }
    let arguments = framer.arguments
    var indices: [Int] = []
    _ = table.specs[table.resolve(in: frame, arguments: arguments.span)].keyIndices(
      in: frame, arguments: arguments.span, into: &indices)
    return indices.map { frame.extracting(arguments[$0].range).withUnsafeBufferPointer { Array($0) } }
  }

  /// Answers with an error of our own; `message` begins with the error's word.
  func refuse(_ message: String, sink: ReplySink, slot: UInt32) {
    var reply: [UInt8] = []
    reply.appendError(message)
    deliver(reply.span, to: sink, slot: slot)
  }

  /// The stack to ask about the whole key space: the one that has it all, or where none has, legacy.
  var keyspacePrimary: StackID { routing.keyspaceOwner ?? .legacy }

  /// The stack to ask about the server: the same, or where keys are on both sides one that is there.
  var serverToAsk: StackID {
    let first = keyspacePrimary
    return routing.keyspaceOwner == nil && !connection(first).isUp && connection(first.other).isUp
      ? first.other : first
  }

  /// The version that `INFO` tells too. 7.0 is that of our table: what there is to say as long as no server has answered.
  var serverVersion: [UInt8] {
    let asked = serverToAsk
    return connection(asked).history.version ?? connection(asked.other).history.version ?? Array("7.0.0".utf8)
  }

  /// Whether a client that asks for RESP3 must be told that there is none: it has its replies from both stacks, today or after a flip.
  var lacksRESP3: Bool { stacks.contains { $0.history.hasRESP3 == false } }

  /// The server behind the stack is another one since this client has said `HELLO 3`.
  private func cannotReach(_ tail: LinkTail, _ connection: StackConnection) -> String {
    "STACKDOWN sluice: stack '\(connection.stack.name)' (\(connection.endpoint.label)) does not speak RESP\(tail.wire.rawValue), "
      + "which this connection has asked for; connect anew"
  }

  func downMessage(_ connection: StackConnection) -> String {
    "STACKDOWN sluice: stack '\(connection.stack.name)' (\(connection.endpoint.label)) cannot be used: "
      + (connection.health.reason ?? "not connected yet")
  }
}

extension CommandSpec {
  /// Whether a command without an answer may have changed something: what asks about a server or its clients has not.
  var mayHaveWritten: Bool {
    if case .local = scope { return false }
    return access == .write
  }

  /// The class under which the command is counted.
  var commandClass: SluiceFigures.CommandClass { access == .read ? .read : .write }
}
