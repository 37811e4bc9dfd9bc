import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Keys on which a stack may differ from the other: how they become suspects, how they are repaired in the background, and why no
/// client is ever answered from one (law 7).
///
/// A repair copies the key from the other stack (`KeyRepair`). The copy is sent at the place in the log where the last question was
/// answered: writes before it are in the copy, writes behind it are mirrored behind it. Whoever asks a stack for a suspect before that waits a
/// moment until the key is back from the other stack (`Lane+return.swift`), or finds it deleted there: a cache may forget, it may not lie.
/// The other stack keeps what it has right.
extension Lane {
  /// A write may not have happened on `stack`: its keys are doubtful there.
  ///
  /// - Parameter isToBeCopied: the write has just been acknowledged by the other stack and is not repeated at all. A copy of
  ///   the key that is under way already will hold it: both go by the same connection.
  func suspect(_ request: Span<UInt8>, on stack: StackID, isToBeCopied: Bool = false) {
    if LawBreak.noSuspects.isOn, !isToBeCopied { return }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request) else {
      // No command that anybody could have sent: its keys cannot be told.
      return doubtEverything(on: stack)
    }
    let arguments = framer.arguments
    let spec = table.specs[table.resolve(in: request, arguments: arguments.span)]
    var keys: [Int] = []
    _ = spec.keyIndices(in: request, arguments: arguments.span, into: &keys)
    if case .keyspace = spec.scope { return doubtEverything(on: stack) }
    // An exclusive command may have touched keys of other lanes: only a key's own lane knows the order of its writes.
    for index in keys {
      let key = request.extracting(arguments[index].range)
      let name = key.withUnsafeBufferPointer { Array($0) }
      on(owner(of: key)) { lane in
        lane.equalKeys.remove(name)
        if isToBeCopied, lane === self, self.fence?.guest == nil,
          lane.connection(stack).suspects.contains(name)
        {
          return
        }
        lane.connection(stack).suspects.insert(name)
        if lane.connection(stack).suspects.isEverything { lane.doubtEverything(on: stack) }
      }
    }
  }

  /// Now if it is about this lane, else as soon as that one's loop comes to it.
  func on(_ lane: Lane, _ work: @escaping @Sendable (Lane) -> Void) {
    if lane === self { work(self) } else { want(.post(lane) { work(lane) }) }
  }

  /// Called before `stack` is asked for a key as its primary, and only if it has suspects at all.
  ///
  /// The deletion is ahead of the command that asks; until it is acknowledged the key is suspect, and commands on it stand behind the
  /// one deletion. If the stack refuses it, the command behind it is answered with an error.
  ///
  /// - Parameter asking: how many commands the deletion is for: one, or none in the background.
  func purge(_ key: Span<UInt8>, on stack: StackID, asking: Int = 1) {
    let connection = connection(stack)
    guard connection.isUp, !LawBreak.serveSuspects.isOn else { return }
    if connection.suspects.isEverything { return doubtEverything(on: stack) }
    let name = key.withUnsafeBufferPointer { Array($0) }
    guard let mark = connection.suspects.mark(of: name), !connection.suspects.isAbsent(name),
      connection.suspects.beginDeletion(name, asking: asking)
    else { return }
    overtakeFill(of: key)
    connection.writes &+= 1
    send(
      [Array("UNLINK".utf8), name], to: connection, command: deletion, role: .purge, sequel: .none,
      note: .mark(mark)
    )
  }

  /// Sends a command of our own; if it fails, its keys are suspects again.
  private func send(
    _ words: [[UInt8]], to connection: StackConnection, command: Int, role: Errand.Role,
    sequel: Errand.Sequel, note: Errand.Note = .nothing, slot: UInt32 = 0
  ) {
    let frame = InlineRequest.frame(of: words)
    var pending = Errand(
      slot: slot, command: UInt16(truncatingIfNeeded: command), role: role, sequel: sequel, isKept: true,
      tail: .any, sentAt: now, note: note)
    if sequel == .mirror, let journal {
      pending.recorded = record(frame.span, table.specs[command], in: journal, primary: connection.stack)
    }
    connection.send(frame.span, pending, sink: nil)
  }

  /// The stack has answered the deletion of a suspect.
  func purged(
    _ request: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>, on connection: StackConnection
  ) {
    let name = Lane.firstKey(of: request) ?? []
    let followers = connection.suspects.endDeletion(name)
    guard reply[0] != UInt8(ascii: "-") else {
      switch followers {
      case .nobody: break
      case .next: connection.hasRefusedPurge = true
      // Which of the next answers are theirs, nobody knows: none of them may be read.
      case .some: connection.cut("refused to delete a key that may be wrong", kind: .refused)
      }
      return
    }
    guard case .mark(let mark) = command.note else { return }
    let other = self.connection(connection.stack.other).suspects
    if routing.mirrorsWrites, !other.isEverything, !other.contains(name) {
      // The other stack has it right, and it comes home.
      if connection.suspects.mark(of: name) == mark {
        connection.suspects.becameAbsent(name, .waiting)
      }
    } else {
      connection.suspects.wasDeleted(name, mark: mark)
      confirm(request, on: connection)
    }
  }

  /// The answer to a command on a suspect that could not be deleted: it may be old, and must not be seen.
  func withhold(
    _ reply: Span<UInt8>, to command: Errand, _ sink: ReplySink?, request: Span<UInt8>,
    from connection: StackConnection
  ) {
    connection.hasRefusedPurge = false
    // A write that went through all the same: nobody is told so, and nobody knows what it has made.
    if command.sequel == .mirror, reply[0] != UInt8(ascii: "-") {
      suspect(request, on: connection.stack.other)
    }
    guard let sink else { return }
    refuse(
      "STACKDOWN sluice: stack '\(connection.stack.name)' (\(connection.endpoint.label)) may hold an old value of the key "
        + "and refuses to delete it; look at its log, it takes no writes", sink: sink, slot: command.slot)
  }

  static func firstKey(of request: Span<UInt8>) -> [UInt8]? {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request), framer.arguments.count > 1 else { return nil }
    return request.extracting(framer.arguments[1].range).withUnsafeBufferPointer { Array($0) }
  }

  /// What a repair comes to when the stack has taken it; the slot of its command.
  enum RepairEnd: UInt32 {
    /// The key stays doubtful.
    case nothing
    /// Both stacks hold the same.
    case equal
    /// There is no copy, and what was doubtful is gone; the key stays a suspect.
    case withheld
  }

  /// Brings a key to the mirror as a repair has found it.
  func restore(_ words: [[UInt8]], on connection: StackConnection, end: RepairEnd) {
    send(
      words, to: connection, command: CommandTable.unknownID, role: .repair, sequel: .none, slot: end.rawValue
    )
  }

  /// The mirror has answered a repair.
  func repairAnswered(
    _ command: Errand, request: Span<UInt8>, _ reply: Span<UInt8>, by connection: StackConnection
  ) {
    if reply[0] == UInt8(ascii: "-") {
      connection.heardError(reply)
      return repairRefused(command, request, reply, by: connection)
    }
    confirm(request, on: connection)
    let end = RepairEnd(rawValue: command.slot) ?? .nothing
    guard end != .nothing || !slowKeys.isEmpty, let key = Lane.firstKey(of: request) else { return }
    slowKeys[key] = nil
    switch end {
    case .nothing: break
    case .equal: connection.suspects.wasRepaired(key, isDeletion: false)
    case .withheld:
      if let why = connection.suspects.isGoing[key] { connection.suspects.becameAbsent(key, why) }
    }
  }

  /// The mirror refused a deletion that a repair has come to. It is an error, and tried again after a growing pause.
  private func repairRefused(
    _ command: Errand, _ request: Span<UInt8>, _ reply: Span<UInt8>, by connection: StackConnection
  ) {
    returnToSuspects(request, on: connection)
    guard command.slot != RepairEnd.nothing.rawValue, let key = Lane.firstKey(of: request) else {
      return confirm(request, on: connection)
    }
    figures.compare.mirrorErrors &+= 1
    connection.suspects.pauses.wasRefused(
      key, speaksOfItself: ErrorWord(of: reply).isTrouble(ofScript: false), at: now)
    confirm(request, on: connection)
  }

  /// A key's copy did not arrive.
  func returnToSuspects(_ request: Span<UInt8>, on connection: StackConnection) {
    guard !LawBreak.noSuspects.isOn, let key = Lane.firstKey(of: request) else { return }
    equalKeys.remove(key)
    connection.suspects.insert(key, isReturning: true)
    if connection.suspects.isEverything { doubtEverything(on: connection.stack) }
  }

  /// Called a few times a second, and with the end of a turn in which keys were to be copied: goes on with the repairs, at a bounded
  /// rate.
  func repairSome(atMost limit: Int = Lane.maximumRepairs) {
    // A fence that waits for the copies under way gets no more of them.
    if let fence, fence.guest != nil || fence.step.isCopying { return }
    startRepairs(atMost: limit)
  }

  /// The mirror is repaired. A suspect on its own primary is brought home: deleted there, and filled if nothing was written meanwhile.
  ///
  /// - Returns: how many suspects were looked at.
  @discardableResult
  func startRepairs(atMost limit: Int) -> Int {
    guard routing.mirrorsWrites, legacy.isUp, new.isUp else { return 0 }
    var looked = 0
    for connection in stacks where !connection.suspects.isEmpty {
      // A mirror that cannot keep up with the traffic is not given more.
      guard connection.mirrorQueue <= settings.mirrorCommands / 2, !connection.mirrorIsFull(adding: 0) else {
        continue
      }
      if connection.suspects.isEverything {
        if !isFenced { doubtEverything(on: connection.stack) }
        continue
      }
      let room = min(limit, connection.suspects.pauses.room(at: now))
      for _ in 0..<min(connection.suspects.count, room) where repairs < limit {
        guard let next = connection.suspects.next() else { break }
        looked += 1
        if mayRepair(next.key, on: connection) {
          repairs += 1
          connection.suspects.pauses.begins(at: now)
          KeyRepair(of: next.key, mark: next.mark, on: connection.stack, in: self).start()
        } else {
          if !isFenced, routing.primary(of: next.key.span) == connection.stack {
            bringHome(next.key, to: connection)
          }
          connection.suspects.wasNotRepaired(next.key)
        }
      }
    }
    return looked
  }

  private func mayRepair(_ key: [UInt8], on connection: StackConnection) -> Bool {
    guard routing.primary(of: key.span) != connection.stack, !isLetAlone(key), carrying[key] == nil,
      connection.suspects.pauses.isDue(key, at: now)
    else { return false }
    let source = self.connection(connection.stack.other).suspects
    // Doubtful on both: there is nothing to copy from, and nobody may ever ask. Behind a fence its deletion would come too late.
    if source.contains(key), !isFenced {
      if !source.isAbsent(key) {
        purge(key.span, on: connection.stack.other, asking: 0)
      } else if fills[key] == nil {
        // It is missing there, and nothing that is right can come home: so that is how it is. If it was written there just now, somebody looks.
        self.connection(connection.stack.other).suspects.settle(key)
      }
    }
    // Nothing can be learned from a stack that is doubtful itself.
    return !source.isEverything && !self.connection(connection.stack.other).suspects.contains(key)
  }

  /// A question of ours about this key took longer than any command may, and its stack was cut off for it: it waits for the next one,
  /// each time twice as long, from two seconds to an hour. A value that takes too long would take its stack away for ever.
  func tookTooLong(_ key: [UInt8]) {
    if slowKeys.count >= Lane.maximumSlowKeys { slowKeys = slowKeys.filter { now < $0.value.until } }
    let times = min((slowKeys[key]?.times ?? 0) + 1, 12)
    slowKeys[key] = (times, now &+ 1_000_000_000 << UInt64(times))
  }

  func isLetAlone(_ key: [UInt8]) -> Bool { slowKeys[key].map { now < $0.until } ?? false }

  /// Above it those whose time is over are forgotten.
  private static let maximumSlowKeys = 1000
  /// Copies under way at once: with a tick, and with the end of a turn in which keys were to be copied.
  static let maximumRepairs = 256
  static let promptRepairs = 32
}
