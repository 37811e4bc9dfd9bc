import NIOCore
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
    case .hello: hello(words(frame, arguments))
    case .select: select(words(frame, arguments))
    case .quit:
      answer("+OK\r\n")
      leave()
    case .reset:
      name = []
      isAuthenticated = lane.settings.password == nil
      answer("+RESET\r\n")
    case .clientID: answer(":\(id)\r\n")
    case .clientGetName:
      let name = name
      if name.isEmpty { answer("$-1\r\n") } else { answerBulk(name.span) }
    case .clientSetName:
      let given = words(frame, arguments)[2]
      if let problem = ClientSession.problem(ofName: given) { return answerError(problem) }
      name = given
      answer("+OK\r\n")
    case .clientSetInfo: answer("+OK\r\n")
    case .clientNoEvict:
      let word = String(decoding: words(frame, arguments)[2], as: UTF8.self).lowercased()
      if word == "on" || word == "off" { answer("+OK\r\n") } else { answerError("ERR syntax error") }
    case .clientInfo: answerBulk(Array((description(now: lane.now) + "\n").utf8).span)
    case .clientList:
      clientList(words(frame, arguments).dropFirst(2).map { String(decoding: $0, as: UTF8.self) })
    case .time, .info, .configGet, .command, .commandCount, .commandDocs, .commandInfo, .commandList,
      .commandGetKeys, .commandGetKeysAndFlags:
      // A real server knows better than any copy of it what it can do and how it is set up.
      forwardToKeyspacePrimary(frame, spec)
    }
  }

  private func words(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> [[UInt8]] {
    (0..<arguments.count).map { index in
      frame.extracting(arguments[index].range).withUnsafeBufferPointer { Array($0) }
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
    if let problem = tryPassword(user: words.count == 3 ? words[1] : nil, words[words.count - 1]) {
      answerError(problem)
    } else {
      answer("+OK\r\n")
    }
  }

  /// Nil if the client may come in, else the error. The one password belongs to the user `default`, as in Redis.
  private func tryPassword(user: [UInt8]?, _ given: [UInt8]) -> String? {
    guard lane.settings.password != nil || user != nil else {
      return "ERR AUTH <password> called without any password configured for the default user. "
        + "Are you sure your configuration is correct?"
    }
    // Without a password the user `default` may come in with any.
    guard user.map({ $0 == Array("default".utf8) }) ?? true,
      lane.settings.password.map({ ClientSession.isEqual($0, given) }) ?? true
    else {
      return "WRONGPASS invalid username-password pair or user is disabled."
    }
    isAuthenticated = true
    return nil
  }

  /// Takes the same time wherever the first difference is.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// `HELLO [2 [AUTH user password] [SETNAME name]]` (https://redis.io/docs/latest/commands/hello/).
  private func hello(_ words: [[UInt8]]) {
    var index = 1
    if words.count > 1 {
      guard words[1] == Array("2".utf8) else {
        return answerError(
          words[1] == Array("3".utf8)
            ? Refusal.resp3.message
            : Int(String(decoding: words[1], as: UTF8.self)) == nil
              ? "ERR Protocol version is not an integer or out of range"
              : "NOPROTO unsupported protocol version")
      }
      index = 2
    }
    while index < words.count {
      switch String(decoding: words[index], as: UTF8.self).uppercased() {
      case "AUTH" where index + 2 < words.count:
        if let problem = tryPassword(user: words[index + 1], words[index + 2]) { return answerError(problem) }
        index += 3
      case "SETNAME" where index + 1 < words.count:
        if let problem = ClientSession.problem(ofName: words[index + 1]) { return answerError(problem) }
        name = words[index + 1]
        index += 2
      default:
        return answerError(
          "ERR Syntax error in HELLO option '\(String(decoding: words[index], as: UTF8.self))'")
      }
    }
    guard isAuthenticated else {
      return answerError(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> "
          + "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol "
          + "version at the same time")
    }
    var reply: [UInt8] = []
    reply.appendArrayHeader(14)
    for (key, value) in [("server", "redis"), ("version", "7.0.0")] {
      reply.appendBulk(key)
      reply.appendBulk(value)
    }
    reply.appendBulk("proto")
    reply.appendInteger(2)
    reply.appendBulk("id")
    reply.appendInteger(id)
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
      reply.appendBulk(key)
      reply.appendBulk(value)
    }
    reply.appendBulk("modules")
    reply.appendArrayHeader(0)
    answer(reply)
  }

  /// One database: the stack's address says which.
  private func select(_ words: [[UInt8]]) {
    switch Int(String(decoding: words[1], as: UTF8.self)) {
    case 0: answer("+OK\r\n")
    case .some:
      answerError(
        "ERR sluice: only database 0 can be selected here; which database that is on each stack is said in the "
          + "stack's address (redis://host:port/3)")
    case nil: answerError("ERR value is not an integer or out of range")
    }
  }

  // MARK: CLIENT

  /// Nil if a client may be called so: the name stands in the lines of `CLIENT LIST`.
  private static func problem(ofName name: [UInt8]) -> String? {
    name.allSatisfy { (0x21...0x7e).contains($0) }
      ? nil : "ERR Client names cannot contain spaces, newlines or special characters."
  }

  /// A line in the format of Redis' CLIENT LIST, with the fields that mean something here.
  func description(now: UInt64) -> String {
    "id=\(id) addr=\(address) name=\(String(decoding: name, as: UTF8.self)) "
      + "age=\((now &- connectedAt) / 1_000_000_000) db=0 resp=2 lane=\(lane.index)"
  }

  /// Every client of every lane, or those that `TYPE` or `ID` chooses.
  private func clientList(_ filter: [String]) {
    var chosen: Set<Int>?
    switch (filter.first?.uppercased(), filter.count) {
    case (nil, _): break
    case ("TYPE", 2):
      let types = ["normal", "replica", "slave", "pubsub", "master"]
      guard types.contains(filter[1].lowercased()) else {
        return answerError("ERR Unknown client type '\(filter[1])'")
      }
      if filter[1].lowercased() != "normal" { chosen = [] }
    case ("ID", 2...):
      let ids = filter.dropFirst().compactMap { Int($0) }
      guard ids.count == filter.count - 1 else { return answerError("ERR Invalid client ID") }
      chosen = Set(ids)
    default: return answerError("ERR syntax error")
    }
    let isChosen = chosen
    let slot = openSlot()
    let home = lane
    let lists = home.peers.map { peer in
      peer.loop.submit {
        peer.sessions.values.filter { isChosen?.contains($0.id) ?? true }.map {
          $0.description(now: peer.now)
        }
      }
    }
    EventLoopFuture.whenAllSucceed(lists, on: home.loop).whenSuccess { lists in
      var reply: [UInt8] = []
      reply.appendBulk(lists.joined().map { $0 + "\n" }.joined())
      self.replyArrived(reply.span, slot: slot)
    }
  }
}
