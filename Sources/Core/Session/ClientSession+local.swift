import SluiceCommands
import SluiceRESP

/// Commands that the proxy answers by itself, as one server would (docs/commands.md has the table).
extension ClientSession {
  func local(
    _ command: LocalCommand, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) {
    switch command {
    case .ping:
      if arguments.count > 2 {
        answerError(spec.wrongArityMessage)
      } else if arguments.count == 2 {
        answerBulk(frame.extracting(arguments[1].range))
      } else {
        answer("+PONG\r\n")
      }
    case .echo: answerBulk(frame.extracting(arguments[1].range))
    case .auth: authenticate(words(frame, arguments))
    case .hello:
      let words = words(frame, arguments)
      // What was asked before is answered in the old protocol.
      let asksForAnother = words.count > 1 && words[1] != Array("\(tail.wire.rawValue)".utf8)
      guard !asksForAnother || !mustWait(frame) else { return }
      hello(words, spec)
    case .select: select(words(frame, arguments)[1], spec)
    case .quit:
      answer("+OK\r\n")
      leave()
    case .reset:
      guard tail == .resp2 || !mustWait(frame) else { return }
      turn(to: .resp2)
      identity.reset()
      principal = lane.access.anybody
      mode.reset(isLocked: lane.isLockedAtTheDoor)
      answer("+RESET\r\n")
    case .multi: multi()
    case .exec: exec()
    case .discard: discard()
    // Nothing is watched: WATCH is refused.
    case .unwatch: answer("+OK\r\n")
    case .wait: wait(words(frame, arguments), spec)
    case .clientID: answer(":\(id)\r\n")
    case .clientGetName:
      let name = identity.name
      if name.isEmpty { answerNull() } else { answerBulk(name.span) }
    case .clientSetName:
      answerOK(orError: identity.setName(words(frame, arguments)[2]))
    case .clientSetInfo:
      let words = words(frame, arguments)
      answerOK(orError: identity.setInfo(words[2], words[3]))
    case .clientReply: clientReply(words(frame, arguments)[2])
    // What a client can do beyond the protocol's version (Valkey): nothing is done with it here.
    case .clientCapa: answer("+OK\r\n")
    case .clientNoEvict, .clientNoTouch:
      let word = String(decoding: words(frame, arguments)[2], as: UTF8.self).lowercased()
      if word == "on" || word == "off" { answer("+OK\r\n") } else { answerError("ERR syntax error") }
    case .clientInfo:
      var reply: [UInt8] = []
      reply.appendVerbatim(description(now: lane.now) + "\n", in: tail.wire)
      answer(reply)
    case .clientTracking: tracking(words(frame, arguments)[2], spec)
    // Nothing is tracked, for nobody.
    case .clientGetRedir: answer(":-1\r\n")
    case .clientList:
      clientList(words(frame, arguments).dropFirst(2).map { String(decoding: $0, as: UTF8.self) })
    case .time, .info, .configGet, .command, .commandCount, .commandDocs, .commandInfo, .commandList,
      .commandGetKeys, .commandGetKeysAndFlags, .askServer:
      // A real server knows better than any copy of it what it can do and how it is set up.
      askServer(frame, spec)
    case .onBothStacks: onBothStacks(frame, arguments, spec)
    case .accessControl: accessControl(words(frame, arguments), spec)
    }
  }

  private func answerOK(orError problem: String?) {
    if let problem { answerError(problem) } else { answer("+OK\r\n") }
  }

  /// `WAIT replicas timeout`: of no replica at all it waits for nothing, and says that it knows of none.
  private func wait(_ words: [[UInt8]], _ spec: CommandSpec) {
    guard let replicas = Int(String(decoding: words[1], as: UTF8.self)) else {
      return answerError("ERR value is not an integer or out of range")
    }
    guard let timeout = Int(String(decoding: words[2], as: UTF8.self)) else {
      return answerError("ERR timeout is not an integer or out of range")
    }
    if timeout < 0 { return answerError("ERR timeout is negative") }
    if replicas > 0 { refuse(.replication, spec) } else { answer(":0\r\n") }
  }

  private func words(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> [[UInt8]] {
    (0..<arguments.count).map { index in
      frame.extracting(arguments[index].range).withUnsafeBufferPointer { Array($0) }
    }
  }

  private func answerNull() {
    var reply: [UInt8] = []
    reply.appendNull(in: tail.wire)
    answer(reply)
  }

  /// Off it is already.
  private func tracking(_ word: [UInt8], _ spec: CommandSpec) {
    switch String(decoding: word, as: UTF8.self).uppercased() {
    case "OFF": answer("+OK\r\n")
    case "ON": refuse(.tracking, spec)
    default: answerError("ERR syntax error")
    }
  }

  private func answerBulk(_ bytes: Span<UInt8>) {
    var reply: [UInt8] = []
    reply.appendBulk(bytes)
    answer(reply)
  }

  // MARK: Letting in

  private func authenticate(_ words: [[UInt8]]) {
    guard words.count <= 3 else { return answerError("ERR syntax error") }
    login(user: words.count == 3 ? words[1] : nil, words[words.count - 1]) { problem in
      var reply: [UInt8] = []
      if let problem { reply.appendError(problem) } else { reply = Array("+OK\r\n".utf8) }
      return reply
    }
  }

  /// `HELLO [2|3 [AUTH user password] [SETNAME name]]` (https://redis.io/docs/latest/commands/hello/).
  private func hello(_ words: [[UInt8]], _ spec: CommandSpec) {
    var index = 1
    var user: [UInt8]?
    var password: [UInt8]?
    var newName: [UInt8]?
    var wire = tail.wire
    if words.count > 1 {
      switch words[1] {
      case Array("2".utf8): wire = .resp2
      case Array("3".utf8):
        if lane.lacksRESP3 { return refuse(.resp3, spec) }
        wire = .resp3
      default:
        return answerError(
          Int(String(decoding: words[1], as: UTF8.self)) == nil
            ? "ERR Protocol version is not an integer or out of range"
            : "NOPROTO unsupported protocol version")
      }
      index = 2
    }
    while index < words.count {
      switch String(decoding: words[index], as: UTF8.self).uppercased() {
      case "AUTH" where index + 2 < words.count:
        (user, password) = (words[index + 1], words[index + 2])
        index += 3
      case "SETNAME" where index + 1 < words.count:
        if let problem = ClientIdentity.problem(ofName: words[index + 1]) { return answerError(problem) }
        newName = words[index + 1]
        index += 2
      default:
        return answerError(
          "ERR Syntax error in HELLO option '\(String(decoding: words[index], as: UTF8.self))'")
      }
    }
    guard let password else {
      guard mode.access != .locked else {
        return answerError(
          "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> "
            + "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol "
            + "version at the same time")
      }
      return answer(greeting(newName, wire))
    }
    login(user: user, password) { [newName, wire] problem in
      guard let problem else { return self.greeting(newName, wire) }
      var reply: [UInt8] = []
      reply.appendError(problem)
      return reply
    }
  }

  /// What `HELLO` answers to whom it lets in, under the name that it brought and in the protocol that it asked for.
  private func greeting(_ newName: [UInt8]?, _ wire: Wire) -> [UInt8] {
    if let newName { _ = identity.setName(newName) }
    turn(to: wire)
    var reply: [UInt8] = []
    reply.appendMapHeader(7, in: wire)
    reply.appendBulk("server")
    reply.appendBulk("redis")
    reply.appendBulk("version")
    reply.appendBulk(lane.serverVersion.span)
    reply.appendBulk("proto")
    reply.appendInteger(Int(wire.rawValue))
    reply.appendBulk("id")
    reply.appendInteger(id)
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
      reply.appendBulk(key)
      reply.appendBulk(value)
    }
    reply.appendBulk("modules")
    reply.appendArrayHeader(0)
    return reply
  }
}
