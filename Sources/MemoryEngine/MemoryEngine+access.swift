import SluiceKeyIndexing

/// How the commands reach an entry: expiry on access, order of use, hits and misses.
extension MemoryEngine {
  enum TimeUnit { case seconds, milliseconds }

  var seconds: UInt32 { UInt32(truncatingIfNeeded: now / 1000) }

  /// A key that a command asked about, and where it stands.
  struct Place {
    let hash: UInt32
    let slot: Int?
  }

  /// Finds a key, and forgets it if its time is up.
  mutating func locate(_ key: Span<UInt8>, touching: Bool = true) -> Place {
    let hash = KeyIndex.hash(key)
    guard let slot = store.find(key, hash: hash) else { return Place(hash: hash, slot: nil) }
    if store.isExpired(slot, now: now) {
      store.expire(slot)
      return Place(hash: hash, slot: nil)
    }
    if touching { store.touch(slot, seconds: seconds) }
    return Place(hash: hash, slot: slot)
  }

  /// Finds a key for a command that reads: counts a hit or a miss.
  mutating func read(_ key: Span<UInt8>, touching: Bool = true) -> Int? {
    let slot = locate(key, touching: touching).slot
    if slot == nil { misses &+= 1 } else { hits &+= 1 }
    return slot
  }

  /// Sets a key to a value. The caller has asked `store.fits`.
  mutating func put(
    _ key: Span<UInt8>, _ place: Place, _ value: Span<UInt8>, expiresAt: Int64,
    encoding: Slot.Encoding = .stored
  ) {
    if let slot = place.slot {
      if store.slots[slot].expiresAt != expiresAt { store.setExpiry(slot, at: expiresAt) }
      store.replaceValue(slot, with: value, encoding: encoding)
    } else {
      store.insert(
        key, hash: place.hash, value: value, expiresAt: expiresAt, encoding: encoding, seconds: seconds)
    }
  }

  /// Whether an entry can be kept; answers the error if it can't.
  func admits(_ key: Span<UInt8>, valueCount: Int, _ output: inout [UInt8]) -> Bool {
    if store.fits(keyCount: key.count, valueCount: valueCount) { return true }
    output.reply(error: ReplyError.outOfMemory)
    return false
  }

  func replyValue(_ slot: Int, _ output: inout [UInt8]) {
    store.slots[slot].withValue { output.reply(bulk: $0) }
  }

  func replyKey(_ slot: Int, _ output: inout [UInt8]) {
    store.slots[slot].withKey { output.reply(bulk: $0) }
  }
}

extension [UInt8] {
  mutating func reply(unsupported name: Span<UInt8>, _ subcommand: Span<UInt8>? = nil) {
    append(text: "-ERR sluice: the embedded memory engine has no command '")
    append(quoted: name)
    if let subcommand {
      append(0x20)
      append(quoted: subcommand)
    }
    append(text: "'; use a Redis for this stack\r\n")
  }

  mutating func reply(wrongArityFor name: StaticString) {
    append(text: "-ERR wrong number of arguments for '")
    append(text: name)
    append(text: "' command\r\n")
  }

  mutating func reply(invalidExpireFor name: StaticString) {
    append(text: "-ERR invalid expire time in '")
    append(text: name)
    append(text: "' command\r\n")
  }
}
