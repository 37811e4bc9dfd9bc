import SluiceCommands
import SluiceRESP

/// A command over many keys, taken apart into one command per group of keys: `MGET a b c` → `MGET a c`, `MGET b`. A transaction is taken
/// apart by its commands.
struct SplitCommand {
  struct Part {
    /// What the keys of this part have in common, as the caller numbers it.
    let group: Int
    var frame: [UInt8]
    /// Where the part's first key stands in `frame`.
    var firstKey: ArgumentRange
    /// For each key of the part its place among the keys of the whole command; of a transaction, for each command.
    var positions: [Int]
  }

  let rule: Rule
  /// How many keys, or commands, the whole has.
  let count: Int
  private(set) var parts: [Part] = []
  /// Commands of a transaction that have keys of several groups themselves, and can be taken apart, by their place.
  private var nested: [Int: SplitCommand] = [:]

  /// How the parts' replies become one.
  enum Rule: Equatable {
    case keys(Split)
    /// What one part cannot do, the others do all the same: each command has its own answer.
    case commands
  }

  /// - Parameters:
  ///   - keys: the indices of the arguments that are keys.
  ///   - group: the number of the group that the key at an argument's index belongs to.
  init(
    _ rule: Split, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, keys: [Int], group: (Int) -> Int
  ) {
    self.rule = .keys(rule)
    count = keys.count
    // MSET's values travel with their keys; the other commands are keys to the end.
    let width = rule == .allOK ? 2 : 1
    var members: [(group: Int, positions: [Int])] = []
    for (position, index) in keys.enumerated() {
      let number = group(index)
      if let known = members.firstIndex(where: { $0.group == number }) {
        members[known].positions.append(position)
      } else {
        members.append((number, [position]))
      }
    }
    for member in members {
      var bytes: [UInt8] = []
      bytes.appendArrayHeader(1 + member.positions.count * width)
      bytes.appendBulk(frame.extracting(arguments[0].range))
      var firstKey = ArgumentRange(offset: 0, length: 0)
      for position in member.positions {
        let index = keys[position]
        for offset in 0..<width where index + offset < arguments.count {
          let argument = frame.extracting(arguments[index + offset].range)
          bytes.appendBulk(argument)
          if firstKey.offset == 0 {
            firstKey = ArgumentRange(
              offset: Int32(truncatingIfNeeded: bytes.count - argument.count - 2),
              length: Int32(truncatingIfNeeded: argument.count))
          }
        }
      }
      parts.append(Part(group: member.group, frame: bytes, firstKey: firstKey, positions: member.positions))
    }
  }

  /// - Parameters:
  ///   - block: a transaction's, as `TransactionQueue.block` makes it.
  ///   - group: the number of the group that a key belongs to.
  /// - Returns: nil if one of its commands has keys of two groups, and cannot be taken apart.
  init?(
    transaction block: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ table: CommandTable,
    group: (Span<UInt8>) -> Int
  ) {
    guard let frames = TransactionQueue.frames(of: block, arguments) else { return nil }
    rule = .commands
    count = frames.count
    var inner = RequestFramer(limits: .measuredBefore)
    var indices: [Int] = []
    /// Whose each command is; nil for those without a key, which any stack can answer.
    var groups: [Int?] = []
    for (position, index) in frames.enumerated() {
      let frame = block.extracting(arguments[index].range)
      guard case .command = inner.next(frame) else { return nil }
      let words = inner.arguments.span
      let spec = table.specs[table.resolve(in: frame, arguments: words)]
      // As when it was queued: where its keys cannot be told, the server says what is wrong with it.
      if case .invalid = spec.keyIndices(in: frame, arguments: words, into: &indices) { indices = [] }
      let numbers = Set(indices.map { group(frame.extracting(words[$0].range)) })
      groups.append(numbers.first)
      guard numbers.count > 1 else { continue }
      guard spec.split != .none else { return nil }
      nested[position] = SplitCommand(spec.split, frame, words, keys: indices) {
        group(frame.extracting(words[$0].range))
      }
    }
    guard let any = groups.lazy.compactMap(\.self).first else { return nil }
    var members: [(group: Int, queue: TransactionQueue, positions: [Int])] = []
    func add(_ frame: Span<UInt8>, to number: Int, _ position: Int) -> Bool {
      guard case .command = inner.next(frame) else { return false }
      let words = inner.arguments.span
      let place = members.firstIndex { $0.group == number } ?? members.count
      if place == members.count { members.append((number, TransactionQueue(), [])) }
      let spec = table.specs[table.resolve(in: frame, arguments: words)]
      members[place].positions.append(position)
      return members[place].queue.append(frame, words, spec) == nil
    }
    for (position, index) in frames.enumerated() {
      if let command = nested[position] {
        for part in command.parts where !add(part.frame.span, to: part.group, position) { return nil }
      } else if !add(block.extracting(arguments[index].range), to: groups[position] ?? any, position) {
        return nil
      }
    }
    for member in members {
      let frame = member.queue.block
      guard member.queue.refusal == nil, case .command = inner.next(frame.span) else { return nil }
      parts.append(
        Part(group: member.group, frame: frame, firstKey: inner.arguments[2], positions: member.positions))
    }
  }

  /// Puts the parts' replies, in the order of `parts`, together to the reply of the whole command.
  ///
  /// An error from any part is the answer: of `MSET` the other parts are written all the same, as each side is a
  /// server of its own.
  /// - Parameter wire: in which protocol the parts were answered.
  func merged(_ replies: [[UInt8]], in wire: Wire = .resp2) -> [UInt8] {
    let error = replies.first { SplitCommand.isError($0) }
    switch rule {
    case .keys(let rule):
      if let error { return error }
      switch rule {
      case .sum:
        var whole: [UInt8] = []
        whole.appendInteger(replies.reduce(0) { $0 &+ (ReplyReader.integer($1.span) ?? 0) })
        return whole
      case .values:
        return mergedValues(replies, wire)
      case .allOK, .none:
        return replies.first ?? []
      }
    case .commands:
      if let error, replies.allSatisfy(SplitCommand.isError) { return error }
      return mergedValues(replies, wire)
    }
  }

  private func mergedValues(_ replies: [[UInt8]], _ wire: Wire) -> [UInt8] {
    var places = [(part: Int, range: Range<Int>)?](repeating: nil, count: count)
    // The answers of commands that were taken apart themselves, by the groups of their parts.
    var apart: [Int: [Int: [UInt8]]] = [:]
    for (number, part) in parts.enumerated() {
      let reply = replies[number]
      let isError = SplitCommand.isError(reply)
      let elements = isError ? [] : ReplyReader.elements(of: reply.span) ?? []
      for (index, position) in part.positions.enumerated() where isError || index < elements.count {
        let range = isError ? 0..<reply.count : elements[index]
        places[position] = (number, range)
        if nested[position] != nil { apart[position, default: [:]][part.group] = Array(reply[range]) }
      }
    }
    var whole: [UInt8] = []
    whole.appendArrayHeader(count)
    for (position, place) in places.enumerated() {
      if let command = nested[position], let answers = apart[position], answers.count == command.parts.count {
        whole += command.merged(command.parts.map { answers[$0.group] ?? [] }, in: wire)
      } else if let place {
        whole += replies[place.part][place.range]
      } else {
        whole.appendNull(in: wire)
      }
    }
    return whole
  }

  private static func isError(_ reply: [UInt8]) -> Bool { reply.first == UInt8(ascii: "-") }
}
