import SluiceServers

/// Reads a value piece by piece, and tells the commands that write each piece under another name.
///
/// Sets, hashes, sorted sets are scanned: what is there from the beginning to the end comes at least once, and what is written meanwhile is
/// written to the copy as well. Strings and lists are read in windows, which belong together only if nothing was written between them.
struct PieceReader {
  enum Outcome {
    /// - Parameter length: what the whole value has where the last piece was read; nil where it does not tell.
    case piece([Words], isLast: Bool, length: Int?)
    /// Something else has to be asked before the piece is whole.
    case more
    case gone
    case uncarried(Uncarried)
    case failed(String)
  }

  let kind: ValueKind
  private let key: [UInt8]
  private let asksFieldTimes: Bool
  private let takesFieldTimes: Bool
  private let window: Int
  private var offset = 0
  private var cursor = Array("0".utf8)
  /// Of a hash: the names of the piece that is read.
  private var fields: [[UInt8]] = []
  private var stream: StreamReader?
  private let shift: Int

  /// - Parameter shift: milliseconds that are added to the times of fields.
  init(
    _ kind: ValueKind, _ key: [UInt8], window: Int, bounds: CopyBounds, from source: ServerFacts,
    to target: ServerFacts, shift: Int
  ) {
    self.kind = kind
    self.shift = shift
    self.key = key
    asksFieldTimes = kind == .hash && source.hasFieldTimes
    takesFieldTimes = target.hasFieldTimes
    self.window = kind == .string ? bounds.pieceBytes : window
    if kind == .stream { stream = StreamReader(key, window: window, countsAreSet: target.hasStreamCounts) }
  }

  /// What to ask for the next piece, in one breath.
  func questions() -> [Words] {
    let length = kind.length(key) ?? []
    let last = "\(offset &+ window &- 1)"
    switch kind {
    case .string: return [Words("GETRANGE", key, "\(offset)", last), length]
    case .list: return [Words("LRANGE", key, "\(offset)", last), length]
    case .set: return [scan("SSCAN"), length]
    case .sortedSet: return [scan("ZSCAN"), length]
    case .hash where fields.isEmpty: return [scan("HSCAN"), length]
    case .hash:
      return [
        Words("HMGET", key) + fields, Words("HPEXPIRETIME", key, "FIELDS", "\(fields.count)") + fields,
        length,
      ]
    case .stream: return stream?.questions() ?? []
    case .none, .other: return []
    }
  }

  private func scan(_ name: String) -> Words {
    [Array(name.utf8), key, cursor, Array("COUNT".utf8), Array("\(window)".utf8)]
  }

  mutating func take(_ answers: [Answer], into name: [UInt8]) -> Outcome {
    if stream != nil { return stream?.take(answers, into: name) ?? .failed("no stream") }
    let isFields = !fields.isEmpty
    if let trouble = (isFields ? answers.first : answers.compactMap(\.trouble).first.map(Answer.error))?
      .trouble
    {
      return .failed(trouble)
    }
    switch kind {
    case .string: return string(answers, name)
    case .list: return list(answers, name)
    case .set, .sortedSet: return elements(answers, name)
    case .hash: return isFields ? timed(answers, name) : hash(answers, name)
    case .stream, .none, .other: return .failed("a value of this type is not read in pieces")
    }
  }

  private mutating func string(_ answers: [Answer], _ name: [UInt8]) -> Outcome {
    guard answers.count == 2, let text = answers[0].text, let length = answers[1].number else { return .gone }
    // Zero bytes long is a key, and no key as well: its time tells.
    let command = offset == 0 ? "SET" : "APPEND"
    offset &+= text.count
    let isLast = offset >= length
    guard isLast || !text.isEmpty else { return .gone }
    return .piece([Words(command, name) + [text]], isLast: isLast, length: length)
  }

  private mutating func list(_ answers: [Answer], _ name: [UInt8]) -> Outcome {
    guard answers.count == 2, let found = answers[0].list, let length = answers[1].number, length > 0 else {
      return .gone
    }
    offset &+= found.count
    let isLast = offset >= length
    guard !found.isEmpty else { return .gone }
    return .piece([Words("RPUSH", name) + found.compactMap(\.text)], isLast: isLast, length: length)
  }

  private mutating func elements(_ answers: [Answer], _ name: [UInt8]) -> Outcome {
    guard let found = next(answers), let length = answers[1].number, length > 0 else { return .gone }
    guard !found.isEmpty else { return .piece([], isLast: isOver, length: length) }
    guard kind == .sortedSet else {
      return .piece([Words("SADD", name) + found], isLast: isOver, length: length)
    }
    var words = Words("ZADD", name)
    for index in stride(from: 0, to: found.count - 1, by: 2) { words += [found[index + 1], found[index]] }
    return .piece([words], isLast: isOver, length: length)
  }

  private mutating func hash(_ answers: [Answer], _ name: [UInt8]) -> Outcome {
    guard let found = next(answers), let length = answers[1].number else { return .gone }
    guard asksFieldTimes else {
      guard length > 0 else { return .gone }
      return .piece(found.isEmpty ? [] : [Words("HSET", name) + found], isLast: isOver, length: length)
    }
    guard !found.isEmpty else { return .piece([], isLast: isOver, length: nil) }
    fields = stride(from: 0, to: found.count - 1, by: 2).map { found[$0] }
    return .more
  }

  /// Values and times of one piece's fields.
  private mutating func timed(_ answers: [Answer], _ name: [UInt8]) -> Outcome {
    guard let values = answers[0].list, values.count == fields.count else { return .gone }
    // A server that is not known to have no such times says that it does not know the command.
    let times = answers.count > 1 ? answers[1].list ?? [] : []
    var hash = Words("HSET", name)
    var expiring: [Int: [[UInt8]]] = [:]
    for (index, field) in fields.enumerated() {
      guard let value = values[index].text else { continue }
      hash += [field, value]
      if times.indices.contains(index), let time = times[index].number, time >= 0 {
        expiring[time, default: []].append(field)
      }
    }
    fields = []
    guard expiring.isEmpty || takesFieldTimes else { return .uncarried(.fieldTimes) }
    let length = answers.count > 2 && expiring.isEmpty ? answers[2].number : nil
    guard hash.count > 2 else { return .piece([], isLast: isOver, length: isOver ? length : nil) }
    let expiries = expiring.sorted { $0.key < $1.key }.map { time, fields in
      Words("HPEXPIREAT", name, "\(max(1, time &+ shift))", "FIELDS", "\(fields.count)") + fields
    }
    return .piece([hash] + expiries, isLast: isOver, length: hasTimes(expiring) ? nil : length)
  }

  /// A hash with such times counts fields that are gone.
  private var seenTimes = false
  private mutating func hasTimes(_ expiring: [Int: [[UInt8]]]) -> Bool {
    seenTimes = seenTimes || !expiring.isEmpty
    return seenTimes
  }

  private var isOver: Bool { cursor == Array("0".utf8) }

  /// Takes a page of a scan: what it names, and the cursor of the next one.
  private mutating func next(_ answers: [Answer]) -> [[UInt8]]? {
    guard answers.count == 2, let page = answers[0].list, page.count == 2, let cursor = page[0].text,
      let found = page[1].list
    else { return nil }
    self.cursor = cursor
    return found.compactMap(\.text)
  }
}
