import SluiceRESP

/// Commands about keys, whatever their value.
extension MemoryEngine {
  mutating func del(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    var removed: Int64 = 0
    for index in 1..<arguments.count {
      guard let slot = locate(frame.extracting(arguments[index].range), touching: false).slot else {
        continue
      }
      store.remove(slot)
      removed += 1
    }
    output.reply(integer: removed)
  }

  /// `EXISTS` and `TOUCH`: a key that is named twice counts twice.
  mutating func exists(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    var found: Int64 = 0
    for index in 1..<arguments.count where read(frame.extracting(arguments[index].range)) != nil {
      found += 1
    }
    output.reply(integer: found)
  }

  mutating func type(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let slot = read(frame.extracting(arguments[1].range), touching: false)
    output.reply(status: slot.map { typeName($0) } ?? "none")
  }

  mutating func rename(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], onlyIfNone: Bool, _ output: inout [UInt8]
  ) {
    let key = frame.extracting(arguments[1].range)
    let target = frame.extracting(arguments[2].range)
    guard let slot = locate(key).slot else {
      output.reply(error: ReplyError.noSuchKey)
      return
    }
    if key.isEqual(to: target) {
      if onlyIfNone { output.reply(bool: false) } else { output.replyOK() }
      return
    }
    let place = locate(target)
    if onlyIfNone, place.slot != nil {
      output.reply(bool: false)
      return
    }
    guard admits(target, valueCount: valueCost(slot), &output) else { return }
    let moved = copied(slot, to: target, sharing: true)
    if let old = place.slot { store.remove(old) }
    store.remove(slot)
    insert(moved, target, place.hash)
    if onlyIfNone { output.reply(bool: true) } else { output.replyOK() }
  }

  mutating func copy(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    var replaces = false
    var index = 3
    while index < arguments.count {
      let word = frame.extracting(arguments[index].range)
      if word.isWord("REPLACE") {
        replaces = true
      } else if word.isWord("DB"), index + 1 < arguments.count {
        index += 1
        guard database(frame.extracting(arguments[index].range), &output) else { return }
      } else {
        output.reply(error: ReplyError.syntax)
        return
      }
      index += 1
    }
    let key = frame.extracting(arguments[1].range)
    let target = frame.extracting(arguments[2].range)
    if key.isEqual(to: target) {
      output.reply(error: "ERR source and destination objects are the same")
      return
    }
    guard let slot = read(key) else {
      output.reply(bool: false)
      return
    }
    let place = locate(target)
    if place.slot != nil, !replaces {
      output.reply(bool: false)
      return
    }
    guard admits(target, valueCount: valueCost(slot), &output) else { return }
    let copy = copied(slot, to: target)
    if let old = place.slot { store.remove(old) }
    insert(copy, target, place.hash)
    output.reply(bool: true)
  }

  private struct Copied {
    let bytes: [UInt8]
    let expiresAt: Int64
    let encoding: Slot.Encoding
    let collection: Collection?
  }

  private func valueCost(_ slot: Int) -> Int {
    store.slots[slot].collection?.cost ?? store.slots[slot].valueCount
  }

  /// - Parameter sharing: whether the one that is copied goes.
  private func copied(_ slot: Int, to key: Span<UInt8>, sharing: Bool = false) -> Copied {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(key.count + store.slots[slot].valueCount)
    bytes.append(contentsOf: key)
    store.slots[slot].withValue { bytes.append(contentsOf: $0) }
    let collection = store.slots[slot].collection
    return Copied(
      bytes: bytes, expiresAt: store.slots[slot].expiresAt, encoding: store.slots[slot].encoding,
      collection: sharing ? collection : collection?.copied())
  }

  private mutating func insert(_ copy: consuming Copied, _ key: Span<UInt8>, _ hash: UInt32) {
    store.insert(
      bytes: copy.bytes, keyCount: key.count, hash: hash, expiresAt: copy.expiresAt, encoding: copy.encoding,
      collection: copy.collection, seconds: seconds)
  }

  /// `OBJECT`: what can be said of a value. It does not touch the order of use.
  mutating func object(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let word = frame.extracting(arguments[1].range)
    let subcommands: [(StaticString, StaticString)] = [
      ("ENCODING", "object|encoding"), ("IDLETIME", "object|idletime"), ("FREQ", "object|freq"),
      ("REFCOUNT", "object|refcount"),
    ]
    guard let subcommand = subcommands.firstIndex(where: { word.isWord($0.0) }) else {
      output.reply(unsupported: frame.extracting(arguments[0].range), word)
      return
    }
    guard arguments.count == 3 else {
      output.reply(wrongArityFor: subcommands[subcommand].1)
      return
    }
    guard let slot = read(frame.extracting(arguments[2].range), touching: false) else {
      output.replyNull()
      return
    }
    switch subcommand {
    case 0: output.reply(bulkText: encoding(of: slot))
    case 1: output.reply(integer: max(0, Int64(seconds) - Int64(store.slots[slot].usedAt)))
    case 2:
      output.reply(
        error: """
          ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
          between policies at runtime LRU and LFU data will take some time to adjust.
          """)
    default: output.reply(integer: 1)
    }
  }

  private func encoding(of slot: Int) -> StaticString {
    let entry = store.slots[slot]
    if let collection = entry.collection { return collection.encoding }
    switch entry.encoding {
    case .raw: return "raw"
    case .stored where entry.withValue({ IntegerText.parse($0) }) != nil: return "int"
    case .stored, .text: return entry.valueCount <= 44 ? "embstr" : "raw"
    }
  }

  mutating func flush(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    if arguments.count > 1 {
      let word = frame.extracting(arguments[1].range)
      guard arguments.count == 2, word.isWord("SYNC") || word.isWord("ASYNC") else {
        output.reply(error: ReplyError.syntax)
        return
      }
    }
    store.removeAll()
    output.replyOK()
  }
}
