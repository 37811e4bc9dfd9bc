import SluiceMemoryEngine
import SluiceRESP

/// A key of any type that one client alone writes: every reply can be foretold by an engine of the client's own.
///
/// After a command whose fate nobody knows the key is deleted, until a deletion is acknowledged; after one that may be carried out behind that,
/// from a connection that is gone, another key takes its place. After a fault that may have cost the key
/// there must be a moment at which it was lost, so that every reply since then is right: one value, and no half of one.
final class UnitKey {
  enum Kind: String, CaseIterable { case counter, text, hash, list, set, board, stream }

  struct Command {
    var words: [[UInt8]]
    var since: UInt64
    /// It deletes a key of which nobody knows what it is.
    var isDeletion = false
    var isRead = false
    /// Nothing is known of the key when it is answered.
    var number = 0
  }

  private unowned let world: SimWorld
  private let family: [UInt8]
  private var name: [UInt8]
  /// How many names it had before.
  private var ancestors = 0
  private let kind: Kind
  private let model: EngineBox
  private var isUnknown = false
  /// Since when it is known what the key holds.
  private var knownSince: UInt64
  private var sent = 0
  /// Replies to commands before this one say nothing.
  private var resyncAt = 0
  /// What was asked and answered since it is known what the key holds, as far back as anybody will look.
  private var log: [(command: Command, reply: [UInt8])] = []

  init(_ world: SimWorld, name: [UInt8], kind: Kind) {
    self.world = world
    (family, self.name) = (name, name)
    self.kind = kind
    model = EngineBox(world)
    knownSince = world.now
  }

  // MARK: Asking

  func next() -> Command {
    sent += 1
    if isUnknown {
      isUnknown = false
      resyncAt = sent
      return Command(words: [Array("DEL".utf8), name], since: world.now, isDeletion: true, number: sent)
    }
    let (words, isRead) = choice()
    return Command(words: words, since: world.now, isRead: isRead, number: sent)
  }

  private func choice() -> ([[UInt8]], Bool) {
    func made(_ verb: String, _ rest: String..., isRead: Bool = false) -> ([[UInt8]], Bool) {
      ([Array(verb.utf8), name] + rest.map { Array($0.utf8) }, isRead)
    }
    let some = "\(world.chance.below(12))"
    let choice = world.chance.below(100)
    if choice < 3 { return made("EXPIRE", "\(world.chance.between(1000, 9000))") }
    if choice < 5 { return made("PERSIST") }
    if choice < 8 { return made("DEL") }
    if choice < 9 { return made("EXISTS", isRead: true) }
    switch kind {
    case .counter:
      switch choice % 5 {
      case 0: return made("INCRBY", some)
      case 1: return made("DECR")
      case 2: return made("SET", some)
      case 3: return made("GET", isRead: true)
      default: return made("INCR")
      }
    case .text:
      switch choice % 6 {
      case 0: return made("SETRANGE", some, "xyz")
      case 1: return made("SETBIT", some, "\(choice & 1)")
      case 2: return made("GETRANGE", "-20", "-1", isRead: true)
      case 3: return made("STRLEN", isRead: true)
      case 4: return made("BITCOUNT", isRead: true)
      default: return made("APPEND", "<\(sent)>")
      }
    case .hash:
      switch choice % 6 {
      case 0: return made("HDEL", some)
      case 1: return made("HINCRBY", "n\(choice % 2)", some)
      case 2: return made("HGET", some, isRead: true)
      case 3: return made("HLEN", isRead: true)
      case 4: return made("HSETNX", some, "\(sent)")
      default: return made("HSET", some, "\(sent)")
      }
    case .list:
      switch choice % 7 {
      case 0: return made("LPUSH", "\(sent)")
      case 1: return made("LPOP")
      case 2: return made("RPOP", "2")
      case 3: return made("LRANGE", "0", "-1", isRead: true)
      case 4: return made("LTRIM", "0", "20")
      case 5: return made("LSET", "0", "\(sent)")
      default: return made("RPUSH", "\(sent)")
      }
    case .set:
      switch choice % 6 {
      case 0: return made("SREM", some)
      case 1: return made("SPOP")
      case 2: return made("SISMEMBER", some, isRead: true)
      case 3: return made("SCARD", isRead: true)
      default: return made("SADD", some, "\(world.chance.below(30))")
      }
    case .board:
      switch choice % 7 {
      case 0: return made("ZREM", some)
      case 1: return made("ZPOPMIN")
      case 2: return made("ZSCORE", some, isRead: true)
      case 3: return made("ZRANGE", "0", "-1", "WITHSCORES", isRead: true)
      case 4: return made("ZADD", "NX", "\(choice)", some)
      case 5: return made("ZINCRBY", some, "\(choice % 5)")
      default: return made("ZADD", "\(choice)", some)
      }
    case .stream:
      switch choice % 5 {
      case 0: return made("XLEN", isRead: true)
      case 1: return made("XREVRANGE", "+", "-", "COUNT", "3", isRead: true)
      case 2: return made("XTRIM", "MAXLEN", "8")
      default: return made("XADD", "*", "f", "\(sent)")
      }
    }
  }

  // MARK: Answers

  private func tell(_ command: Command, _ reply: String) {
    let words = command.words.map { String(decoding: $0.prefix(20), as: UTF8.self) }.joined(separator: " ")
    world.tell("client: #\(command.number)\(command.isDeletion ? " (begins anew)" : "") \(words) → \(reply)")
  }

  /// - Parameter mayComeLater: it may be carried out behind what is asked from now on.
  func failed(_ command: Command, mayComeLater: Bool) {
    if world.story != nil { tell(command, "nobody knows") }
    guard !command.isRead || command.isDeletion, command.words[1] == name else { return }
    isUnknown = !mayComeLater
    resyncAt = mayComeLater ? sent : .max
    guard mayComeLater else { return }
    forget()
    ancestors += 1
    name = family + Array(".\(ancestors)".utf8)
    log = []
    knownSince = world.now
  }

  func answered(_ command: Command, _ reply: Span<UInt8>) {
    if world.story != nil { tell(command, excerpt(reply)) }
    if command.isDeletion {
      // One that was sent before somebody else's fate became unknown proves nothing.
      guard command.number == resyncAt else { return }
      guard ReplyReader.integer(reply) != nil else { return violated(command, reply, "an integer") }
      forget()
      log = []
      knownSince = world.now
      resyncAt = 0
      return
    }
    guard resyncAt == 0 || (resyncAt != .max && command.number > resyncAt) else { return }
    let reply = reply.withUnsafeBufferPointer { Array($0) }
    log.append((command, reply))
    if log.count > UnitKey.memory {
      // Longer than anybody looks back: whatever happened before has happened.
      log.removeFirst()
      knownSince = max(knownSince, log[0].command.since)
    }
    // A wrong guess leaves its trace on the model; where the reply may be that of a stack without the key, that is taken back.
    let before = world.mayHaveLost(since: knownSince) && !command.isRead ? contents : nil
    if matches(command, reply) { return }
    if let before { restore(before) }
    guard world.mayHaveLost(since: knownSince) else { return violated(command, reply.span, "something else") }
    if isOfAbsent(command, reply) { return }
    for place in log.indices.reversed() where replays(from: place) { return }
    violated(command, reply.span, "something else, and no loss explains it")
  }

  /// How many commands are looked back at.
  private static let memory = 150

  /// Whether the key was lost just before that command: every reply since then is right then.
  private func replays(from place: Int) -> Bool {
    forget()
    for (command, reply) in log[place...] {
      let before = command.isRead ? nil : contents
      if matches(command, reply) { continue }
      if let before { restore(before) }
      guard isOfAbsent(command, reply) else { return false }
    }
    return true
  }

  /// What the model holds, to come back to.
  private var contents: (dump: [UInt8], expiry: [UInt8]) {
    (model.ask([Array("DUMP".utf8), name]), model.ask([Array("PEXPIRETIME".utf8), name]))
  }

  private func restore(_ contents: (dump: [UInt8], expiry: [UInt8])) {
    forget()
    guard let range = ReplyReader.string(contents.dump.span) else { return }
    let time = Array("\(max(0, ReplyReader.integer(contents.expiry.span) ?? 0))".utf8)
    _ = model.ask([Array("RESTORE".utf8), name, time, Array(contents.dump[range]), Array("ABSTTL".utf8)])
  }

  private func forget() { _ = model.ask([Array("DEL".utf8), name]) }

  /// Whether the reply is that of a key that is not there, and leaves none: a stack has lost the key, and the other one may have it still.
  /// What was taken away is taken away there, too.
  private func isOfAbsent(_ command: Command, _ reply: [UInt8]) -> Bool {
    let absent = Array("absent".utf8)
    var words = command.words
    words[1] = absent
    let isAnswer = model.ask(words) == reply
    let isThere = model.ask([Array("DEL".utf8), absent]) == Array(":1\r\n".utf8)
    guard isAnswer, !isThere else { return false }
    let verb = command.words[0]
    if UnitKey.removals.contains(Word(verb.span)) { _ = model.ask(command.words) }
    return true
  }

  private static let removals: Set<Word> = ["DEL", "SREM", "HDEL", "ZREM", "LTRIM", "XTRIM"]

  /// Carries the command out on the model, as the reply says that it went.
  private func matches(_ command: Command, _ reply: [UInt8]) -> Bool {
    let name = self.name
    let first = command.words[0]
    let verb = Word(first.span)
    if verb == "SPOP" || verb == "XADD", let range = ReplyReader.string(reply.span) {
      let word = Array(reply[range])
      if verb == "SPOP" { return model.ask([Array("SREM".utf8), name, word]) == Array(":1\r\n".utf8) }
      var words = command.words
      words[2] = word
      return model.ask(words) == reply
    }
    return model.ask(command.words) == reply
  }

  private func violated(_ command: Command, _ reply: Span<UInt8>, _ expected: String) {
    let words = command.words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    let before = log.suffix(12).map { entry in
      "\(entry.command.words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")) → \(excerpt(entry.reply.span))"
    }
    world.violated(
      "\(words) was answered \(excerpt(reply)) where \(expected) is right; before it: \(before.joined(separator: ", "))"
    )
    log = []
    // One lie is told once.
    isUnknown = true
    resyncAt = .max
  }
}
