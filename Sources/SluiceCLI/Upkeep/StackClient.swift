import SluiceCacheLayers
import SluiceRedisClient

/// One stack's server as a walk sees it: its keys as clients name them, whatever prefix they have there.
struct StackClient {
  private let client: RedisClient
  private let prefix: KeyPrefix

  var endpoint: RedisEndpoint { client.endpoint }

  /// A connection for a walk: patient, because other clients of the server come first.
  static func connect(_ address: StackAddress, _ name: String) throws(Failure) -> StackClient {
    do {
      return StackClient(
        client: try RedisClient(address.endpoint, commandTimeout: .seconds(60)), prefix: address.prefix)
    } catch {
      throw Failure(
        error.code == .refused ? .permission : .unavailable, "the \(name) stack: \(error.message)")
    }
  }

  /// What the server calls its run; nil if it would not say.
  var run: String? {
    guard let info = try? send([["INFO", "server"].map { Array($0.utf8) }]).first?.text else { return nil }
    return info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }
      .map { String($0.dropFirst("run_id:".count)) }
  }

  /// Sends all commands in one go and returns their replies in order. The key of each is its second word.
  func all(_ commands: [[[UInt8]]]) throws(Failure) -> [Reply] {
    guard !prefix.bytes.isEmpty else { return try send(commands) }
    return try send(
      commands.map { command in
        guard command.count > 1 else { return command }
        let key = command[1]
        return [command[0], prefix.add(to: key.span)] + command[2...]
      })
  }

  /// Commands without keys.
  func ask(_ commands: [[[UInt8]]]) throws(Failure) -> [Reply] { try send(commands) }

  // MARK: Many at a time

  /// As the server has the key.
  func name(of key: [UInt8]) -> [UInt8] { prefix.bytes.isEmpty ? key : prefix.add(to: key.span) }

  /// Sends commands whose replies are taken later; the keys in them are those of the server.
  func begin(_ commands: FramedCommands) throws(Failure) {
    do {
      try client.append(commands)
      try client.send()
    } catch {
      throw Failure(.unavailable, error.message)
    }
  }

  /// Looks at the next reply.
  func withReply<Value>(_ body: (ReplyView) -> Value) throws(Failure) -> Value {
    do { return try client.withReply(body) } catch { throw Failure(.unavailable, error.message) }
  }

  /// Looks at the next replies of both.
  static func withReplies<Value>(
    of one: StackClient, and other: StackClient, _ body: (ReplyView, ReplyView) -> Value
  ) throws(Failure) -> Value {
    do { return try RedisClient.withReplies(of: one.client, and: other.client, body) } catch {
      throw Failure(.unavailable, error.message)
    }
  }

  /// Of these keys, those that the server does not have: one question for many, and one for each where some are there.
  func lacks(_ keys: [[UInt8]]) throws(Failure) -> [[UInt8]] {
    guard !keys.isEmpty else { return [] }
    var question = FramedCommands()
    question.begin(words: keys.count + 1)
    question.word("EXISTS")
    for key in keys { question.word(name(of: key)) }
    try begin(question)
    let count = try withReply { $0.integer }
    if count == 0 { return keys }
    if count == Int64(keys.count) { return [] }
    question.removeAll()
    for key in keys { question.add("EXISTS", name(of: key)) }
    try begin(question)
    var lacking: [[UInt8]] = []
    for key in keys {
      if try withReply({ $0.integer }) != 1 { lacking.append(key) }
    }
    return lacking
  }

  /// One page of `SCAN`: where to go on, and keys.
  ///
  /// - Parameter pattern: as `MATCH` has it; nil is every key of the stack.
  func page(from cursor: String, match pattern: String?, count: Int) throws(Failure) -> (String, [[UInt8]]) {
    var words = ["SCAN", cursor, "COUNT", "\(count)"].map { Array($0.utf8) }
    if pattern != nil || !prefix.bytes.isEmpty {
      words += [Array("MATCH".utf8), prefix.pattern(rest: Array((pattern ?? "*").utf8))]
    }
    do {
      try client.append(words)
      // Keys are taken from where they are: a walk meets every key there is.
      let page = try client.withReply { reply -> (String, [[UInt8]])? in
        guard reply.count == 2, let next = reply[0], next.length != nil, let found = reply[1],
          let count = found.count
        else { return nil }
        var keys: [[UInt8]] = []
        keys.reserveCapacity(count)
        for index in 0..<count {
          guard let name = found[index], name.length != nil else { continue }
          if prefix.bytes.isEmpty {
            keys.append(Array(name.bytes))
          } else if let key = prefix.strip(Array(name.bytes).span) {
            keys.append(key)
          }
        }
        return (String(decoding: next.bytes, as: UTF8.self), keys)
      }
      if let page { return page }
    } catch {
      throw Failure(.unavailable, error.message)
    }
    throw Failure(.unavailable, "\(endpoint) answers no SCAN")
  }

  private func send(_ commands: [[[UInt8]]]) throws(Failure) -> [Reply] {
    do {
      for command in commands { try client.append(command) }
      var replies: [Reply] = []
      for _ in commands { replies.append(try client.reply()) }
      return replies
    } catch {
      throw Failure(.unavailable, error.message)
    }
  }
}
