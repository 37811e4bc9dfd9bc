import SluiceRedisClient

/// The quick look: two questions about each key to each server, both servers at a time, and nothing is copied to compare it.
///
/// What is equal byte by byte is equal by meaning. All else is looked at again, the long way.
extension KeyComparer {
  private enum First {
    case equal, structured, look
  }

  /// The keys that are not known to be equal after a quick look.
  mutating func unsettled(_ keys: [[UInt8]]) throws(Failure) -> [[UInt8]] {
    guard !keys.isEmpty else { return [] }
    try legacy.begin(questions(keys, legacy, times.legacy))
    try new.begin(questions(keys, new, times.new))
    let now = ServerTimes.now()
    var (rest, structured): ([[UInt8]], [[UInt8]]) = ([], [])
    for key in keys {
      let expiries = try StackClient.withReplies(of: legacy, and: new) { one, other -> (Int64, Int64) in
        (Self.moment(one, times.legacy, now), Self.moment(other, times.new, now))
      }
      let first = try StackClient.withReplies(of: legacy, and: new) { Self.look($0, $1) }
      switch first {
      case .equal where expiries.0 == KeyComparer.gone && expiries.1 == KeyComparer.gone: break
      case .equal where areEqualTimes(expiries.0, expiries.1): break
      case .structured where areEqualTimes(expiries.0, expiries.1): structured.append(key)
      case .equal, .structured, .look: rest.append(key)
      }
    }
    return rest + (try differing(structured))
  }

  private static let gone: Int64 = -2

  private func questions(_ keys: [[UInt8]], _ client: StackClient, _ times: ServerTimes) -> FramedCommands {
    var questions = FramedCommands()
    for key in keys {
      let name = client.name(of: key)
      if times.areAbsolute { questions.add("PEXPIRETIME", name) } else { questions.add("PTTL", name) }
      // As `GET`, but never of more than fits into one turn of the server.
      questions.add("GETRANGE", name, "0", "16383")
    }
    return questions
  }

  private static func look(_ one: ReplyView, _ other: ReplyView) -> First {
    if one.isError && other.isError { return .structured }
    guard let length = one.length, length < 16_384 else { return .look }
    return one.isSameString(as: other) ? .equal : .look
  }

  /// When the key expires, -1 for never, -2 where it is not there.
  private static func moment(_ reply: ReplyView, _ times: ServerTimes, _ now: Int64) -> Int64 {
    guard let answer = reply.integer else { return .min }
    return times.areAbsolute || answer < 0 ? answer : now &+ answer
  }

  private func areEqualTimes(_ one: Int64, _ other: Int64) -> Bool {
    if one < 0 || other < 0 { return one == other && one == -1 }
    return abs(one &- other) <= tolerance
  }

  /// Of keys that are no strings, those that are large, or whose dumps are not the same bytes. Servers of different versions have
  /// different dumps: then they are not asked for.
  private mutating func differing(_ keys: [[UInt8]]) throws(Failure) -> [[UInt8]] {
    guard !keys.isEmpty, dumps.isWorthIt else { return keys }
    var questions = FramedCommands()
    for key in keys {
      questions.begin(words: 3)
      questions.word("OBJECT")
      questions.word("ENCODING")
      questions.word(legacy.name(of: key))
    }
    try legacy.begin(questions)
    var (small, rest): ([[UInt8]], [[UInt8]]) = ([], [])
    for key in keys {
      if try legacy.withReply(StackClient.isOneBlock) { small.append(key) } else { rest.append(key) }
    }
    for client in [legacy, new] {
      questions.removeAll()
      for key in small { questions.add("DUMP", client.name(of: key)) }
      try client.begin(questions)
    }
    for key in small {
      let areSame = try StackClient.withReplies(of: legacy, and: new) { $0.isSameString(as: $1) }
      dumps.note(areSame)
      if !areSame { rest.append(key) }
    }
    return rest
  }
}
