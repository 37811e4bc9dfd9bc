import SluiceRESP

/// `KEYS`, `SCAN` and `RANDOMKEY`: walks over the slab.
extension MemoryEngine {
  mutating func keys(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let pattern = frame.extracting(arguments[1].range)
    var found: [UInt8] = []
    var count = 0
    for slot in store.slots.indices where isListed(slot, pattern) {
      replyKey(slot, &found)
      count += 1
    }
    output.reply(arrayOf: count)
    output.append(contentsOf: found)
  }

  /// `SCAN`: the cursor is the next slot of the slab. A key that is there during the whole scan keeps its
  /// slot, so it is returned, and once only. `COUNT` is the number of slots to look at, empty ones not
  /// counted.
  mutating func scan(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let cursor = IntegerText.parseCursor(frame.extracting(arguments[1].range)) else {
      output.reply(error: "ERR invalid cursor")
      return
    }
    var count: Int64 = 10
    var pattern: Int?
    var type: Int?
    var index = 2
    while index < arguments.count {
      let word = frame.extracting(arguments[index].range)
      guard index + 1 < arguments.count else {
        output.reply(error: ReplyError.syntax)
        return
      }
      let operand = frame.extracting(arguments[index + 1].range)
      if word.isWord("COUNT") {
        guard let number = IntegerText.parse(operand) else {
          output.reply(error: ReplyError.notAnInteger)
          return
        }
        guard number >= 1 else {
          output.reply(error: ReplyError.syntax)
          return
        }
        count = number
      } else if word.isWord("MATCH") {
        pattern = index + 1
      } else if word.isWord("TYPE") {
        type = index + 1
      } else {
        output.reply(error: ReplyError.syntax)
        return
      }
      index += 2
    }

    var slot = cursor < UInt64(store.slots.count) ? Int(cursor) : store.slots.count
    // Redis' bound too: ten empty places per key asked for, so that a sparse slab cannot hold the turn.
    var emptyLeft = count > Int64.max / 10 ? Int64.max : count * 10
    var found: [UInt8] = []
    var listed = 0
    while slot < store.slots.count, count > 0, emptyLeft > 0 {
      if store.slots[slot].isFree {
        emptyLeft -= 1
      } else {
        count -= 1
        let isWanted: Bool
        if let pattern {
          isWanted = isListed(slot, frame.extracting(arguments[pattern].range))
        } else {
          isWanted = !store.isExpired(slot, now: now)
        }
        if isWanted, type.map({ frame.extracting(arguments[$0].range).isWord(typeName(slot)) }) ?? true {
          replyKey(slot, &found)
          listed += 1
        }
      }
      slot += 1
    }
    output.reply(arrayOf: 2)
    output.reply(bulkDecimal: slot < store.slots.count ? Int64(slot) : 0)
    output.reply(arrayOf: listed)
    output.append(contentsOf: found)
  }

  /// Guesses, then walks on from the last guess: fair while the slab is dense, and always bounded.
  mutating func randomkey(_ output: inout [UInt8]) {
    guard store.count > 0 else {
      output.replyNull()
      return
    }
    var last = 0
    for _ in 0..<64 {
      last = Int.random(in: store.slots.indices, using: &random)
      if !store.slots[last].isFree, !store.isExpired(last, now: now) {
        replyKey(last, &output)
        return
      }
    }
    for offset in store.slots.indices {
      let slot = (last + offset) % store.slots.count
      if !store.slots[slot].isFree, !store.isExpired(slot, now: now) {
        replyKey(slot, &output)
        return
      }
    }
    output.replyNull()
  }

  private func isListed(_ slot: Int, _ pattern: Span<UInt8>) -> Bool {
    guard !store.slots[slot].isFree, !store.isExpired(slot, now: now) else { return false }
    if pattern.count == 1, pattern[0] == UInt8(ascii: "*") { return true }
    return store.slots[slot].withKey { GlobPattern.matches(pattern, $0) }
  }
}
