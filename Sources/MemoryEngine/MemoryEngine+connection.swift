import SluiceRESP

/// Commands about the connection and the server.
extension MemoryEngine {
  func ping(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    switch arguments.count {
    case 1: output.reply(status: "PONG")
    case 2: output.reply(bulk: frame.extracting(arguments[1].range))
    default: output.reply(wrongArityFor: "ping")
    }
  }

  func select(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    if database(frame.extracting(arguments[1].range), &output) { output.replyOK() }
  }

  /// Whether the text names the one database there is; answers the error if not.
  func database(_ text: Span<UInt8>, _ output: inout [UInt8]) -> Bool {
    guard let number = IntegerText.parse(text) else {
      output.reply(error: ReplyError.notAnInteger)
      return false
    }
    if number == 0 { return true }
    let isIndex = number >= Int64(Int32.min) && number <= Int64(Int32.max)
    output.reply(
      error: isIndex
        ? "ERR DB index is out of range"
        : "ERR value is out of range, value must between -2147483648 and 2147483647")
    return false
  }

  /// As a Redis without a password.
  func auth(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    switch arguments.count {
    case 2:
      output.reply(
        error: """
          ERR AUTH <password> called without any password configured for the default user. Are you sure your \
          configuration is correct?
          """)
    case 3:
      let user = frame.extracting(arguments[1].range)
      if user.count == 7, "default".utf8.elementsEqual(0..<7, by: { $0 == user[$1] }) {
        output.replyOK()
      } else {
        output.reply(error: "WRONGPASS invalid username-password pair or user is disabled.")
      }
    default: output.reply(error: ReplyError.syntax)
    }
  }

  func client(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ session: inout MemorySession,
    _ output: inout [UInt8]
  ) {
    let word = frame.extracting(arguments[1].range)
    if word.isWord("ID") {
      guard arguments.count == 2 else { return output.reply(wrongArityFor: "client|id") }
      output.reply(integer: session.id)
    } else if word.isWord("GETNAME") {
      guard arguments.count == 2 else { return output.reply(wrongArityFor: "client|getname") }
      if session.name.isEmpty { output.replyNull() } else { output.reply(bulk: session.name.span) }
    } else if word.isWord("SETNAME") {
      guard arguments.count == 3 else { return output.reply(wrongArityFor: "client|setname") }
      let name = frame.extracting(arguments[2].range)
      for index in 0..<name.count where !(0x21...0x7E).contains(name[index]) {
        output.reply(error: "ERR Client names cannot contain spaces, newlines or special characters.")
        return
      }
      session.name = []
      session.name.append(contentsOf: name)
      output.replyOK()
    } else if word.isWord("SETINFO") {
      // Younger than 7.0, whose answer client libraries know to ignore.
      output.append(text: "-ERR unknown subcommand '")
      output.append(quoted: word)
      output.append(text: "'. Try CLIENT HELP.\r\n")
    } else {
      output.reply(unsupported: frame.extracting(arguments[0].range), word)
    }
  }

  mutating func config(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let word = frame.extracting(arguments[1].range)
    if word.isWord("GET") {
      guard arguments.count >= 3 else { return output.reply(wrongArityFor: "config|get") }
      configGet(frame, arguments, &output)
    } else if word.isWord("RESETSTAT") {
      guard arguments.count == 2 else { return output.reply(wrongArityFor: "config|resetstat") }
      hits = 0
      misses = 0
      commandsProcessed = 0
      store.evictedKeys = 0
      store.expiredKeys = 0
      output.replyOK()
    } else {
      output.reply(unsupported: frame.extracting(arguments[0].range), word)
    }
  }

  private func configGet(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let settings: [(name: StaticString, value: String)] = [
      ("maxmemory", String(store.maxBytes)), ("maxmemory-policy", "allkeys-lru"), ("databases", "1"),
      ("proto-max-bulk-len", String(MemoryEngine.longestString)), ("save", ""), ("appendonly", "no"),
      ("timeout", "0"),
    ]
    let wanted = settings.filter { setting in
      setting.name.withUTF8Buffer { name in
        arguments.dropFirst(2).contains {
          GlobPattern.matches(frame.extracting($0.range), name.span, ignoringCase: true)
        }
      }
    }
    output.reply(arrayOf: wanted.count * 2)
    for setting in wanted {
      output.reply(bulkText: setting.name)
      output.appendBulk(setting.value)
    }
  }

  func command(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard arguments.count > 1 else { return output.reply(arrayOf: 0) }
    let word = frame.extracting(arguments[1].range)
    if word.isWord("COUNT") {
      guard arguments.count == 2 else { return output.reply(wrongArityFor: "command|count") }
      output.reply(integer: Int64(table.count))
    } else if word.isWord("DOCS") {
      output.reply(arrayOf: 0)
    } else {
      output.reply(unsupported: frame.extracting(arguments[0].range), word)
    }
  }

  /// Whole milliseconds: the clock of the engine has no finer grain.
  func time(_ output: inout [UInt8]) {
    output.reply(arrayOf: 2)
    output.reply(bulkDecimal: now / 1000)
    output.reply(bulkDecimal: now % 1000 * 1000)
  }
}
