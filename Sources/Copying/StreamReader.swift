/// Reads a stream: entries by their ids, and at the end, in one breath with the last of them, its groups, consumers and pending entries.
///
/// Entries are only added at the end, so reading catches up with them. What else is written to the stream meanwhile (groups, pending
/// entries) is read with the last piece; only what takes entries away concerns the pieces before it.
struct StreamReader {
  private enum Step {
    /// How many pending entries there are, and of which groups: a pending entry whose entry was deleted needs a place among the others.
    case groups
    case pending
    case entries
    case last
  }

  private let key: [UInt8]
  private let window: Int
  private let countsAreSet: Bool
  private var step = Step.groups
  private var groups: [[UInt8]] = []
  /// Ids of pending entries, ascending, that were not met among the entries yet.
  private var expected: [StreamID] = []
  /// Those of them that have no entry, and got one for the moment.
  private var substitutes: [StreamID] = []
  private var after: StreamID?
  private var hasBegun = false

  init(_ key: [UInt8], window: Int, countsAreSet: Bool) {
    self.key = key
    self.window = max(1, window / 2)
    self.countsAreSet = countsAreSet
  }

  /// More pending entries of one group than this are not asked for at once.
  private static let mostPending = 10_000

  func questions() -> [Words] {
    switch step {
    case .groups: return [Words("XINFO", Array("GROUPS".utf8)) + [key]]
    case .pending: return groups.map(pending)
    case .entries: return [range, Words("XLEN", key)]
    case .last:
      return [range, Words("XLEN", key), Words("XINFO", Array("STREAM".utf8)) + [key]]
        + [Words("XINFO", Array("GROUPS".utf8)) + [key]]
        + groups.flatMap { [pending($0), Words("XINFO", Array("CONSUMERS".utf8)) + [key, $0]] }
    }
  }

  private var range: Words {
    // Up to 6.2.0 there was no way to say "behind", so the next id it is.
    Words("XRANGE", key, after.map { "\($0.next)" } ?? "-", "+", "COUNT", "\(window)")
  }

  private func pending(_ group: [UInt8]) -> Words {
    Words("XPENDING", key) + [group] + ["-", "+", "\(StreamReader.mostPending)"].map { Array($0.utf8) }
  }

  mutating func take(_ answers: [Answer], into name: [UInt8]) -> PieceReader.Outcome {
    if let trouble = answers.compactMap(\.trouble).first {
      guard trouble.hasPrefix("NOGROUP"), step != .groups else {
        return trouble.contains("no such key") ? .gone : .failed(trouble)
      }
      // A group that was there is not there any more: which there are now is asked anew.
      (step, expected) = (.groups, [])
      return .more
    }
    switch step {
    case .groups:
      groups = (answers.first?.list ?? []).compactMap { $0["name"]?.text }
      step = groups.isEmpty ? .last : .pending
      return .more
    case .pending:
      var ids: Set<StreamID> = []
      for answer in answers {
        guard let found = answer.list, found.count < StreamReader.mostPending else {
          return .uncarried(.refused("a consumer group with more pending entries than are copied"))
        }
        ids.formUnion(found.compactMap { $0.list?.first?.text.flatMap { StreamID($0) } })
      }
      expected = ids.sorted()
      step = .last
      return .more
    case .entries, .last: return entries(answers, name)
    }
  }

  private mutating func entries(_ answers: [Answer], _ name: [UInt8]) -> PieceReader.Outcome {
    guard answers.count >= 2, let found = answers[0].list, let length = answers[1].number else {
      return .gone
    }
    let isLast = found.count < window
    // An empty stream is no key of other types: it exists by being made.
    var commands = hasBegun ? [] : StreamReader.empty(name)
    hasBegun = true
    for entry in found {
      guard let parts = entry.list, parts.count == 2, let text = parts[0].text, let id = StreamID(text),
        let fields = parts[1].list
      else { return .failed("an entry of a stream that is none") }
      commands += substitutes(upTo: id, name)
      if expected.first == id { expected.removeFirst() }
      commands.append(Words("XADD", name) + [text] + fields.compactMap(\.text))
      after = id
    }
    guard isLast else {
      step = .entries
      return .piece(commands, isLast: false, length: nil)
    }
    guard step == .last else {
      // All of it was met: the rest is asked for with what has come since.
      step = .last
      return commands.isEmpty ? .more : .piece(commands, isLast: false, length: nil)
    }
    commands += substitutes(upTo: nil, name)
    guard let end = self.end(answers, name) else {
      // A group has come or gone since.
      step = .groups
      expected = []
      return commands.isEmpty ? .more : .piece(commands, isLast: false, length: nil)
    }
    return .piece(commands + end, isLast: true, length: length)
  }

  private static func empty(_ name: [UInt8]) -> [Words] {
    let group = "sluice"
    return [
      Words("XGROUP", Array("CREATE".utf8)) + [name] + [group, "0", "MKSTREAM"].map { Array($0.utf8) },
      Words("XGROUP", Array("DESTROY".utf8)) + [name, Array(group.utf8)],
    ]
  }

  /// Entries in the place of deleted ones that are pending still; an id up to one that has an entry.
  private mutating func substitutes(upTo id: StreamID?, _ name: [UInt8]) -> [Words] {
    var commands: [Words] = []
    while let next = expected.first, id.map({ next < $0 }) ?? true {
      expected.removeFirst()
      // Nothing is added before what is there already.
      guard after.map({ next > $0 }) ?? true else { continue }
      substitutes.append(next)
      after = max(after ?? next, next)
      commands.append(Words("XADD", name, "\(next)", "f", "v"))
    }
    return commands
  }

  /// Groups, consumers, pending entries and counts; nil if the groups are others than those that were asked for.
  private func end(_ answers: [Answer], _ name: [UInt8]) -> [Words]? {
    guard answers.count == 4 + 2 * groups.count, let infos = answers[3].list,
      infos.compactMap({ $0["name"]?.text }) == groups
    else { return nil }
    var commands: [Words] = []
    for (index, info) in infos.enumerated() {
      let group = groups[index]
      guard let delivered = info["last-delivered-id"]?.text else { return nil }
      var create = Words("XGROUP", Array("CREATE".utf8)) + [name, group, delivered]
      if countsAreSet, let read = info["entries-read"]?.text {
        create += [Array("ENTRIESREAD".utf8), read]
      }
      commands.append(create)
      for consumer in answers[5 + 2 * index].list ?? [] {
        guard let consumer = consumer["name"]?.text else { continue }
        commands.append(Words("XGROUP", Array("CREATECONSUMER".utf8)) + [name, group, consumer])
      }
      for entry in answers[4 + 2 * index].list ?? [] {
        guard let parts = entry.list, parts.count == 4, let id = parts[0].text, let consumer = parts[1].text,
          let idle = parts[2].text, let count = parts[3].text
        else { continue }
        commands.append(
          Words("XCLAIM", name) + [group, consumer, Array("0".utf8), id, Array("IDLE".utf8), idle]
            + [Array("RETRYCOUNT".utf8), count, Array("FORCE".utf8), Array("JUSTID".utf8)])
      }
    }
    for id in substitutes { commands.append(Words("XDEL", name, "\(id)")) }
    if let last = answers[2]["last-generated-id"]?.text {
      var set = Words("XSETID", name) + [last]
      if countsAreSet, let added = answers[2]["entries-added"]?.text,
        let deleted = answers[2]["max-deleted-entry-id"]?.text
      {
        set += [Array("ENTRIESADDED".utf8), added, Array("MAXDELETEDID".utf8), deleted]
      }
      commands.append(set)
    }
    return commands
  }
}

/// The id of an entry: two numbers.
struct StreamID: Comparable, Hashable, CustomStringConvertible {
  let time: UInt64
  let number: UInt64

  init?(_ text: [UInt8]) {
    let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 2, let time = UInt64(String(decoding: parts[0], as: UTF8.self)),
      let number = UInt64(String(decoding: parts[1], as: UTF8.self))
    else { return nil }
    self.init(time: time, number: number)
  }

  private init(time: UInt64, number: UInt64) {
    self.time = time
    self.number = number
  }

  var next: StreamID {
    number == .max ? StreamID(time: time &+ 1, number: 0) : StreamID(time: time, number: number + 1)
  }

  var description: String { "\(time)-\(number)" }

  static func < (one: StreamID, other: StreamID) -> Bool {
    (one.time, one.number) < (other.time, other.number)
  }
}
