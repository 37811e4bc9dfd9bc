import NIOCore
import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Who answers a command: the lane of its keys, the proxy itself, the whole key space, or nobody.
extension ClientSession {
  /// The way of nearly every command, one with a single key that is this lane's and nothing in its way: returns the stack to
  /// whose connection the caller must append the frame. Nil: nothing was done, and `dispatch` is the way.
  func straight(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> StackID? {
    guard isAuthenticated, arguments.count > 1, !lane.isFenced else { return nil }
    let command = lane.table.lookup(frame.extracting(arguments[0].range))
    let spec = lane.table.specs[command]
    guard spec.isPlain, spec.accepts(count: arguments.count) else { return nil }
    let key = frame.extracting(arguments[1].range)
    guard lane.owner(of: key) === lane else { return nil }
    return lane.accept(frame, spec, key: key, from: self)
  }

  func dispatch(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let command = lane.table.resolve(in: frame, arguments: arguments)
    let spec = lane.table.specs[command]
    if command == CommandTable.unknownID, arguments.count > 0 {
      let name = ClientSession.word(frame.extracting(arguments[0].range))
      if ClientSession.http.contains(name) {
        // Nor is what came in the same packet looked at any more.
        leave()
        return close()
      }
      if ClientSession.controlWords.contains(name) {
        return answerError(
          "ERR sluice: \(name) is an order of the control port, and this one is for clients of the cache; "
            + "the control port is 6401 unless serve was told otherwise")
      }
    }
    guard isAuthenticated || spec.isAllowedUnauthenticated else {
      return answer("-NOAUTH Authentication required.\r\n")
    }
    guard spec.accepts(count: arguments.count) else { return answerError(spec.wrongArityMessage) }
    switch spec.scope {
    case .keyed:
      if spec.refusedOption != .none, let refusal = spec.refusal(in: frame, arguments: arguments) {
        return answerError(refusal.message)
      }
      if lane.peers.count == 1, arguments.count > 1 {
        lane.request(frame, arguments, command: command, sink: self, slot: openSlot())
      } else {
        keyed(frame, arguments, spec)
      }
    case .local(let local):
      self.local(local, frame, arguments, spec)
    case .keyspace(let keyspace):
      self.keyspace(keyspace, frame, arguments, spec)
    case .refused(let refusal):
      answerError(refusal.message)
    }
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

  func answer(_ reply: [UInt8]) { replyArrived(reply.span, slot: openSlot()) }

  func answerError(_ message: String) {
    var reply: [UInt8] = []
    reply.appendError(message)
    answer(reply)
  }

  /// Asks the stack that has the whole key space; the answer is passed on as it is.
  func forwardToKeyspacePrimary(_ frame: Span<UInt8>, _ spec: CommandSpec) {
    lane.ask(frame, spec, lane.keyspacePrimary, sink: self, slot: openSlot())
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
    let gather = Gather(parts, on: lane, sink: self, slot: openSlot())
    for (number, part) in parts.parts.enumerated() {
      lane.send(part.frame.span, to: lane.peers[part.group], sink: gather, slot: UInt32(number))
    }
  }

  /// A command of a keyed kind that names none: what it does is unknown, so it counts as a write of the empty key.
  private func withoutKey(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    lane.forward(frame, spec, key: Span(), to: lane.routing.primary(of: Span()), sink: self, slot: openSlot())
  }

  private func pass(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, to owner: Lane
  ) {
    if owner === lane {
      lane.request(frame, arguments, command: spec.id, sink: self, slot: openSlot())
    } else {
      lane.send(frame, to: owner, sink: self, slot: openSlot())
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
