import SluiceAccess
import SluiceCommands
import SluiceRESP

/// `ACL …`: what can be told of the users in the configuration. Nothing here changes one.
extension ClientSession {
  func accessControl(_ words: [[UInt8]], _ spec: CommandSpec) {
    let texts = words.map { String(decoding: $0, as: UTF8.self) }
    switch spec.name {
    case "ACL|WHOAMI": answerBulks(principal.name)
    case "ACL|USERS": answerList(lane.access.all.map(\.name))
    case "ACL|LIST": answerList(lane.access.all.map { describe($0) })
    case "ACL|GETUSER": getUser(texts[2])
    case "ACL|CAT": categories(texts.dropFirst(2))
    case "ACL|GENPASS": generate(texts.dropFirst(2))
    case "ACL|DRYRUN": dryRun(words, texts[2])
    default: answerList(ClientSession.aclHelp, isSimple: true)
    }
  }

  /// A line of `ACL LIST`; what stands for a password tells nothing of it.
  private func describe(_ user: Principal) -> String {
    var words = ["user", user.name] + flags(of: user)
    words += passwords(of: user).map { "#\($0)" }
    if !user.access.rules.keysText.isEmpty { words.append(user.access.rules.keysText) }
    words += [channels(of: user).isEmpty ? "resetchannels" : "&*", commands(of: user)]
    return words.joined(separator: " ")
  }

  private func flags(of user: Principal) -> [String] {
    let isOpen =
      user.name == AccessUser.defaultName ? lane.settings.password == nil : user.access.takesAnyPassword
    return [user.access.isOn ? "on" : "off"] + (isOpen ? ["nopass"] : [])
  }

  private func passwords(of user: Principal) -> [String] {
    let count =
      user.name == AccessUser.defaultName ? (lane.settings.password == nil ? 0 : 1) : user.passwords.count
    return Array(repeating: "***", count: count)
  }

  /// Publish/subscribe is not carried, for nobody: only who may do everything is said to have all channels.
  private func channels(of user: Principal) -> String { user.access.rules == .everything ? "&*" : "" }

  /// With what nobody may do behind it.
  private func commands(of user: Principal) -> String {
    ([user.access.rules.commandsText]
      + lane.access.list.denied.map { CommandRule($0, isGiven: false).description }).joined(separator: " ")
  }

  private func getUser(_ name: String) {
    guard let user = lane.access[name] else {
      var reply: [UInt8] = []
      reply.appendNull(in: tail.wire)
      return answer(reply)
    }
    var reply: [UInt8] = []
    reply.appendMapHeader(6, in: tail.wire)
    reply.appendBulk("flags")
    let flags = flags(of: user)
    reply.append(contentsOf: "\(tail.wire == .resp3 ? "~" : "*")\(flags.count)\r\n".utf8)
    for flag in flags { reply.appendBulk(flag) }
    reply.appendBulk("passwords")
    let passwords = passwords(of: user)
    reply.appendArrayHeader(passwords.count)
    for password in passwords { reply.appendBulk(password) }
    for (name, value) in [
      ("commands", commands(of: user)), ("keys", user.access.rules.keysText),
      ("channels", channels(of: user)),
    ] {
      reply.appendBulk(name)
      reply.appendBulk(value)
    }
    reply.appendBulk("selectors")
    reply.appendArrayHeader(0)
    answer(reply)
  }

  private func categories(_ asked: ArraySlice<String>) {
    guard let name = asked.first else {
      // What a module has brought is there where one of its commands is.
      let there = lane.table.categories.reduce(CommandCategories.ofEveryServer) { $0.union($1) }
      return answerList(there.names)
    }
    guard asked.count == 1 else { return answerError("ERR wrong number of arguments for 'acl|cat' command") }
    guard let category = CommandCategories(named: name) else {
      return answerError("ERR Unknown category '\(name)'")
    }
    let table = lane.table
    answerList(
      table.specs.filter {
        $0.isListed && !$0.isOurs && !table.categories[$0.id].isDisjoint(with: category)
      }
      .map { $0.name.lowercased() })
  }

  private func generate(_ asked: ArraySlice<String>) {
    guard asked.count <= 1 else {
      return answerError("ERR wrong number of arguments for 'acl|genpass' command")
    }
    guard let bits = Int(asked.first ?? "256") else {
      return answerError("ERR value is not an integer or out of range")
    }
    guard (1...4096).contains(bits) else {
      return answerError(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
      )
    }
    answerBulks(server.desk.randomHex(digits: (bits + 3) / 4))
  }

  /// `ACL DRYRUN user command [argument …]`.
  private func dryRun(_ words: [[UInt8]], _ name: String) {
    guard let user = lane.access[name] else { return answerError("ERR User '\(name)' not found") }
    let frame = InlineRequest.frame(of: Array(words.dropFirst(3)))
    var reader = RequestFramer(limits: .measuredBefore)
    guard case .command = reader.next(frame.span) else { return answerError("ERR syntax error") }
    let arguments = reader.arguments
    let spec = lane.table.specs[lane.table.resolve(in: frame.span, arguments: arguments.span)]
    guard spec.isListed, !spec.isOurs else {
      return answerError("ERR Command '\(String(decoding: words[3], as: UTF8.self))' not found")
    }
    guard spec.accepts(count: arguments.count) else { return answerError(spec.wrongArityMessage) }
    guard
      let denial = user.permit?.denial(
        of: spec.id, in: lane.table, frame.span, arguments.span, &lane.keyIndices)
    else { return answer("+OK\r\n") }
    var key = ""
    if case .key(let index) = denial {
      key = frame.span.extracting(arguments[index].range).withUnsafeBufferPointer {
        String(decoding: $0, as: UTF8.self)
      }
    }
    answerBulks(
      AccessWords(version: lane.serverVersion).dryRun(denial, user: name, command: spec.name, key: key))
  }

  private func answerBulks(_ text: String) {
    var reply: [UInt8] = []
    reply.appendBulk(text)
    answer(reply)
  }

  private func answerList(_ lines: [String], isSimple: Bool = false) {
    var reply: [UInt8] = []
    reply.appendArrayHeader(lines.count)
    for line in lines {
      if isSimple { reply.append(contentsOf: "+\(line)\r\n".utf8) } else { reply.appendBulk(line) }
    }
    answer(reply)
  }

  private static let aclHelp = [
    "ACL CAT: the categories of commands; ACL CAT category: the commands in it",
    "ACL DRYRUN user command [argument ...]: whether that user may; nothing is carried out",
    "ACL GENPASS [bits]: a random password, of 256 bits unless told otherwise",
    "ACL GETUSER user: what that user may do",
    "ACL LIST: every user with its rules; for each password stands ***",
    "ACL USERS: the names alone",
    "ACL WHOAMI: who is logged in on this connection",
    "Users are in the configuration of sluice (users:); sluice reload reads them again.",
  ]
}
