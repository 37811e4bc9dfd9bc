import SluiceCommands
import SluiceRESP

/// A command over many keys, taken apart into one command per group of keys: `MGET a b c` → `MGET a c`, `MGET b`.
struct SplitCommand {
  struct Part {
    /// What the keys of this part have in common, as the caller numbers it.
    let group: Int
    var frame: [UInt8]
    /// Where the part's first key stands in `frame`.
    var firstKey: ArgumentRange
    /// For each key of the part its place among the keys of the whole command.
    var positions: [Int]
  }

  let rule: Split
  let keyCount: Int
  private(set) var parts: [Part] = []

  /// - Parameters:
  ///   - keys: the indices of the arguments that are keys.
  ///   - group: the number of the group that the key at an argument's index belongs to.
  init(
    _ rule: Split, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, keys: [Int], group: (Int) -> Int
  ) {
    self.rule = rule
    keyCount = keys.count
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

  /// Puts the parts' replies, in the order of `parts`, together to the reply of the whole command.
  ///
  /// An error from any part is the answer: of `MSET` the other parts are written all the same, as each side is a
  /// server of its own.
  /// - Parameter wire: in which protocol the parts were answered.
  func merged(_ replies: [[UInt8]], in wire: Wire = .resp2) -> [UInt8] {
    if let error = replies.first(where: { $0.first == UInt8(ascii: "-") }) { return error }
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
  }

  private func mergedValues(_ replies: [[UInt8]], _ wire: Wire) -> [UInt8] {
    var places = [(part: Int, range: Range<Int>)?](repeating: nil, count: keyCount)
    for (number, part) in parts.enumerated() {
      let reply = replies[number]
      let elements = ReplyReader.elements(of: reply.span) ?? []
      for (element, position) in zip(elements, part.positions) { places[position] = (number, element) }
    }
    var whole: [UInt8] = []
    whole.appendArrayHeader(keyCount)
    for place in places {
      if let place { whole += replies[place.part][place.range] } else { whole.appendNull(in: wire) }
    }
    return whole
  }
}
