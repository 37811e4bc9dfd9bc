import SluiceServers

/// One key's value on its way from one server to another: which question comes next, and which command writes what was answered.
///
///     TYPE, encoding ─▶ (length) ─▶ DUMP, time ─▶ RESTORE                          as it is, or with the other server's stamp
///                            └────▶ piece, length, time ─▶ written, …, renamed     by value, where no dump goes over or it is too big
///
/// A ladder: each way where the one before cannot. Who carries the steps out asks the questions of one step in one breath, so that their answers
/// stand at one place in the log, and sends what is written where the last of them stands. Small values are written at once; large ones under a
/// hidden name, and a write that comes meanwhile is told to `wasWritten`, which says what to do about it.
public struct ValueCopy {
  public enum Step: Equatable {
    /// Questions to the source.
    case ask([[[UInt8]]])
    /// Commands for the receiver that nobody sees the effect of.
    case write([[[UInt8]]])
    /// Commands for the receiver, behind which the value is there.
    case finish([[[UInt8]]])
    case end(Ending)
  }

  public enum Ending: Equatable {
    case copied(CopyWay)
    /// The source has no such key.
    case absent
    /// The receiver has one, and it was not to be replaced.
    case present
    case uncarried(Uncarried)
    /// In a server's words; worth another try.
    case failed(String)
  }

  /// What a write to the key means for a copy that is under way.
  public enum Interference: Equatable {
    case none
    /// The copy needs it as well.
    case repeated([[UInt8]])
  }

  private enum State {
    case sizing, weighing, dumping, reading
    case writing(isLast: Bool)
    case finishing, over
  }

  public let key: [UInt8]
  let source: ServerFacts
  let target: ServerFacts
  let bounds: CopyBounds
  let isReplacing: Bool
  /// Milliseconds that are added to expiries: the receiver's clock minus the source's.
  let shift: Int
  private var state = State.sizing
  private var kind = ValueKind.none
  private var window: Int
  private var reader: PieceReader?
  private var way = CopyWay.dump
  var usesRemaining: Bool
  var expiry = 0
  private var tries = 0
  private var changes = 0
  private var length: Int?
  /// Something was read that a later write is not in.
  private var hasRead = false
  private var mustBeginAnew = false
  /// Writes were told to the copy; and behind its last piece.
  private var hasRepeated = false
  private var isRepeating = false
  /// The source may have lost the key and made it anew meanwhile: only as many elements as it has prove that the copy is none of both.
  private var isDoubted = false
  /// Whether something stands under the hidden name.
  public private(set) var hasHidden = false
  /// What the copy meets when it is written; told before `sourceSaid`.
  public var met = OldValue.doubtful
  /// The dump is in a transaction.
  private var isBlock = false
  public let hiddenName: [UInt8]

  /// - Parameters:
  ///   - isReplacing: whether what the receiver has of the key goes.
  ///   - shift: milliseconds that are added to expiries.
  public init(
    _ key: [UInt8], from source: ServerFacts, to target: ServerFacts, isReplacing: Bool, shift: Int = 0,
    bounds: CopyBounds = CopyBounds()
  ) {
    self.key = key
    self.source = source
    self.target = target
    self.isReplacing = isReplacing
    self.bounds = bounds
    self.shift = shift
    window = bounds.pieceElements
    usesRemaining = !source.hasExpireTime
    hiddenName = HiddenName.of(key)
  }

  public mutating func begin() -> Step {
    state = .sizing
    return .ask([Words("TYPE", key), Words("OBJECT", Array("ENCODING".utf8)) + [key]])
  }

  /// The answers to the questions of one step.
  ///
  /// - Parameter now: milliseconds since 1970 by the clock of the receiver.
  public mutating func sourceSaid(_ replies: [[UInt8]], now: Int) -> Step {
    switch state {
    case .sizing: return sized(replies)
    case .weighing: return weighed(replies.map { Answer($0) })
    case .dumping: return dumped(replies, now: now)
    case .reading: return read(replies, now: now)
    case .writing, .finishing, .over: return end(.failed("an answer that nobody asked for"))
    }
  }

  /// The receiver's answers to what was written.
  public mutating func targetSaid(_ replies: [[UInt8]]) -> Step {
    switch state {
    case .writing(let isLast): return written(replies.map { Answer($0) }, isLast: isLast)
    case .finishing: return finished(replies.map { Answer($0) })
    case .sizing, .weighing, .dumping, .reading, .over:
      return end(.failed("an answer that nobody asked for"))
    }
  }

  mutating func end(_ ending: Ending) -> Step {
    state = .over
    return .end(ending)
  }

  // MARK: How large it is

  private mutating func sized(_ replies: [[UInt8]]) -> Step {
    guard replies.count == 2 else { return end(.failed("no answer to TYPE")) }
    if let trouble = Answer(replies[0]).trouble { return end(.failed(trouble)) }
    kind = ValueKind(reply: replies[0])
    if kind == .none { return end(.absent) }
    if case .other = kind { return dump() }
    if ValueCopy.isSmall(Answer(replies[1]).text) { return dump() }
    state = .weighing
    return .ask([
      kind.length(key) ?? [],
      Words("MEMORY", Array("USAGE".utf8)) + [key] + [Array("SAMPLES".utf8), Array("5".utf8)],
    ])
  }

  /// Encodings in one block of memory, by their nature short.
  private static func isSmall(_ encoding: [UInt8]?) -> Bool {
    guard let encoding else { return false }
    return ["int", "embstr", "listpack", "ziplist", "intset"].contains(
      String(decoding: encoding, as: UTF8.self))
  }

  private mutating func weighed(_ answers: [Answer]) -> Step {
    guard let count = answers.first?.number else { return becameAnother() }
    let bytes = kind == .string ? count : answers.count > 1 ? answers[1].number : nil
    window = bounds.piece(elements: kind == .string ? 1 : count, bytes: bytes)
    let isLong = kind == .string ? count > bounds.dumpBytes : count > bounds.dumpElements
    return isLong || (bytes ?? 0) > bounds.dumpBytes ? readAnew() : dump()
  }

  // MARK: By dump

  private mutating func dump() -> Step {
    if case .other = kind {
    } else if !DumpTable.takesAny(from: source.stamp, to: target.stamp) {
      return readAnew()
    }
    state = .dumping
    return .ask([Words("DUMP", key), timeQuestion])
  }

  private mutating func dumped(_ replies: [[UInt8]], now: Int) -> Step {
    guard replies.count == 2 else { return end(.failed("no answer to DUMP")) }
    if asksOtherwise(replies[1]) { return dump() }
    let answer = Answer(replies[0])
    if let trouble = answer.trouble {
      if case .other = kind { return end(.failed(trouble)) }
      return readAnew()
    }
    guard let payload = answer.text, let type = payload.first else { return end(.absent) }
    if let ending = takeTime(replies[1], now: now) { return end(ending) }
    // What bears no stamp is no dump: the receiver says so.
    guard let stamp = ServerFacts.stamp(of: payload.span) else {
      way = .dump
      return restore(payload)
    }
    switch DumpTable.way(ofType: type, from: stamp, to: target.stamp) {
    case .asIs:
      way = .dump
      return restore(payload)
    case .restamped(let stamp):
      guard let other = DumpTable.restamped(payload, to: stamp) else { return readAnew() }
      way = .restamped
      return restore(other)
    case .no:
      if case .other(let name) = kind { return end(.uncarried(.type(name))) }
      return readAnew()
    }
  }

  private mutating func restore(_ payload: [UInt8]) -> Step {
    var words = Words("RESTORE", key, "\(expiry)") + [payload]
    if isReplacing { words.append(Array("REPLACE".utf8)) }
    if expiry > 0 { words.append(Array("ABSTTL".utf8)) }
    state = .finishing
    isBlock = removesOld && met == .believed && target.hasTransactions
    guard removesOld else { return .finish([words]) }
    let block = [Words("UNLINK", key), words]
    return .finish(isBlock ? [[Array("MULTI".utf8)]] + block + [[Array("EXEC".utf8)]] : block)
  }

  /// `REPLACE` and `RENAME` free what was there before they answer, 300,000 members in 63 to 94 ms, and the whole server waits.
  private var removesOld: Bool { isReplacing && met != .nothing }

  // MARK: By value

  private mutating func readAnew() -> Step {
    tries += 1
    guard tries <= bounds.tries else { return end(.uncarried(.hot)) }
    reader = PieceReader(
      kind, key, window: window, bounds: bounds, from: source, to: target, shift: shift)
    (hasRead, mustBeginAnew, hasRepeated, isDoubted, isBlock) = (false, false, false, false, false)
    length = nil
    return ask()
  }

  private mutating func ask() -> Step {
    state = .reading
    return .ask((reader?.questions() ?? []) + [timeQuestion])
  }

  private mutating func read(_ replies: [[UInt8]], now: Int) -> Step {
    guard let time = replies.last else { return end(.failed("no answer")) }
    if asksOtherwise(time) {
      tries -= 1
      return readAnew()
    }
    if let ending = takeTime(time, now: now) { return end(ending) }
    if mustBeginAnew { return readAnew() }
    switch reader?.take(replies.dropLast().map { Answer($0) }, into: hiddenName) {
    case .piece(let commands, let isLast, let length):
      self.length = length
      if isLast { isRepeating = false }
      // A stream's end is read in one breath and must be written in one.
      if isLast, target.hasTransactions, !hasRead || kind == .stream { return finish(commands) }
      return write(commands, isLast: isLast)
    case .more: return ask()
    case .gone: return end(.absent)
    case .uncarried(let reason): return end(.uncarried(reason))
    case .failed(let trouble): return trouble.hasPrefix("WRONGTYPE") ? becameAnother() : end(.failed(trouble))
    case nil: return end(.failed("nothing was read"))
    }
  }

  /// Between two questions the key has become one of another type.
  private mutating func becameAnother() -> Step {
    changes += 1
    guard changes < bounds.tries else { return end(.failed("the key became another one each time")) }
    tries = 0
    return begin()
  }

  private mutating func write(_ commands: [Words], isLast: Bool) -> Step {
    // What is left of a copy before this one.
    let first = hasRead ? [] : [Words("UNLINK", hiddenName)]
    hasRead = true
    hasHidden = true
    way = .pieces
    state = .writing(isLast: isLast)
    let last = isLast ? [kind.length(hiddenName) ?? []] : []
    return .write(first + commands + [Words("PEXPIRE", hiddenName, "\(bounds.patience)")] + last)
  }

  private mutating func written(_ answers: [Answer], isLast: Bool) -> Step {
    if let trouble = answers.compactMap(\.trouble).first { return end(troubled(trouble)) }
    if mustBeginAnew { return readAnew() }
    guard isLast else { return ask() }
    // An eviction may have taken a part of it. Writes up to here are in both.
    if let length, answers.last?.number != length {
      return hasRepeated ? readAnew() : end(.failed("a part of the copy was lost on the way"))
    }
    if length == nil, isDoubted { return readAnew() }
    return finish([])
  }

  /// - Parameter commands: what is left to be written under the hidden name, or all of it.
  private mutating func finish(_ commands: [Words]) -> Step {
    let lifetime =
      expiry > 0 ? Words("PEXPIREAT", hiddenName, "\(expiry)") : Words("PERSIST", hiddenName)
    let rename = Words(isReplacing ? "RENAME" : "RENAMENX", hiddenName) + [key]
    state = .finishing
    guard target.hasTransactions else {
      return .finish([lifetime] + (removesOld ? [Words("UNLINK", key)] : []) + [rename])
    }
    var block = [[Array("MULTI".utf8)]]
    if !hasRead {
      way = .value
      block.append(Words("UNLINK", hiddenName))
    }
    block += commands
    block.append(kind.length(hiddenName) ?? [])
    block.append(lifetime)
    if isReplacing { block.append(Words("UNLINK", key)) }
    block += [rename, [Array("EXEC".utf8)]]
    return .finish(block)
  }

  private mutating func finished(_ answers: [Answer]) -> Step {
    if !isBlock, way == .dump || way == .restamped {
      // Whatever came of the old value, the new one has taken its place, or has not.
      if let trouble = answers.last?.trouble { return refused(trouble) }
      return end(.copied(way))
    }
    if let trouble = answers.compactMap(\.trouble).first(where: { !$0.hasPrefix("EXECABORT") }) {
      return refused(trouble)
    }
    if isBlock {
      guard let restored = answers.last?.list?.last else {
        return end(.failed("the copy was not carried out"))
      }
      return restored.trouble.map { refused($0) } ?? end(.copied(way))
    }
    hasHidden = false
    let results = target.hasTransactions ? answers.last?.list ?? [] : answers
    if let trouble = results.compactMap(\.trouble).first { return refused(trouble) }
    guard let renamed = results.last else { return end(.failed("the copy was not carried out")) }
    if !isReplacing, renamed.number == 0 {
      hasHidden = true
      return end(.present)
    }
    // Behind it stand the time, perhaps the old value, and the name.
    let counted = results.count - (isReplacing ? 4 : 3)
    if target.hasTransactions, let length, !isRepeating, results.indices.contains(counted),
      results[counted].number != length
    {
      return end(.failed("a part of the copy was lost on the way"))
    }
    return end(.copied(way))
  }

  private mutating func refused(_ trouble: String) -> Step {
    if trouble.hasPrefix("BUSYKEY") { return end(.present) }
    let isFormat =
      trouble.contains("DUMP payload version or checksum") || trouble.contains("Bad data format")
    guard isFormat else { return end(troubled(trouble)) }
    if case .other(let name) = kind { return end(.uncarried(.type(name))) }
    return way == .value || way == .pieces ? end(.failed(trouble)) : readAnew()
  }

  private func troubled(_ trouble: String) -> Ending {
    let lacksTimes = trouble.contains("unknown command") && trouble.uppercased().contains("HPEXPIREAT")
    return lacksTimes ? .uncarried(.fieldTimes) : .failed(trouble)
  }

  // MARK: Writes meanwhile

  /// The key is written, at this place in the log, which is behind all that was answered so far and ahead of all that was not.
  ///
  /// - Parameter effect: the words that the mirror repeats; nil where nobody knows what was done.
  public mutating func wasWritten(_ effect: [[UInt8]]?) -> Interference {
    switch state {
    case .sizing, .weighing, .dumping, .finishing, .over: return .none
    case .reading, .writing: break
    }
    guard hasRead else { return .none }
    guard let effect, effect.count > 1, effect[1] == key else {
      mustBeginAnew = true
      return .none
    }
    switch ElementEffect(effect, on: kind) {
    case .isReadLater where !target.hasTransactions: mustBeginAnew = true
    case .isReadLater: return .none
    case .elements:
      (hasRepeated, isRepeating) = (true, true)
      return .repeated([effect[0], hiddenName] + effect[2...])
    case .whole: mustBeginAnew = true
    }
    return .none
  }

  /// What the receiver said of the key behind a write is not what the source said. It has no such key yet, but the source may have made its own anew.
  public mutating func wasDoubted() { isDoubted = isDoubted || hasRead }

  /// The copy could not be told of a write.
  public mutating func missedWrite() { if hasRead { mustBeginAnew = true } }
}
