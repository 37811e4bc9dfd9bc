import SluiceKeyIndexing

/// How the commands of collections reach, keep and drop them.
extension MemoryEngine {
  /// A key that a command may change, and the collection that stands there.
  struct Found<Value: Collection> {
    let key: [UInt8]
    let place: Place
    let value: Value?
  }

  /// The collection at a key, for a command that changes it.
  mutating func find<Value: Collection>(_ type: Value.Type, _ key: [UInt8]) throws -> Found<Value> {
    let place = locate(key.span)
    guard let slot = place.slot else { return Found(key: key, place: place, value: nil) }
    guard let value = store.slots[slot].collection as? Value else { throw Refusal.wrongType }
    return Found(key: key, place: place, value: value)
  }

  /// The collection at a key, for a command that reads it.
  mutating func look<Value: Collection>(_ type: Value.Type, _ key: [UInt8]) throws -> Value? {
    guard let slot = read(key.span) else { return nil }
    guard let value = store.slots[slot].collection as? Value else { throw Refusal.wrongType }
    return value
  }

  /// Whether so much more can stand at a key at all.
  func admit<Value: Collection>(_ found: Found<Value>, adding bytes: Int) throws {
    guard store.fits(keyCount: found.key.count, valueCount: (found.value?.cost ?? 0) + bytes) else {
      throw Refusal.outOfMemory
    }
  }

  /// As `admit`, for the words of a request from `start` on, at a fixed part for each of them.
  func admit<Value: Collection>(_ found: Found<Value>, _ request: Request, from start: Int, each: Int) throws
  {
    var bytes = 0
    for index in start..<max(start, request.count) { bytes += request[index].count + each }
    try admit(found, adding: bytes)
  }

  /// After a change: counts what grew or shrank, and drops what is empty.
  mutating func keep<Value: Collection>(_ found: Found<Value>, _ value: Value) {
    if let slot = found.place.slot {
      // Another key's growth may have pushed this one out since it was found.
      guard store.slots[slot].collection === value else { return }
      if value.isEmpty { store.remove(slot) } else { store.recount(slot) }
    } else if !value.isEmpty {
      store.insert(
        found.key.span, hash: found.place.hash, collection: value, expiresAt: Slot.noExpiry, seconds: seconds)
    }
  }

  /// Puts a result at a key, whatever stood there; an empty one only removes. The expiry goes.
  mutating func place(_ value: Collection, at key: [UInt8]) throws {
    guard value.isEmpty || store.fits(keyCount: key.count, valueCount: value.cost) else {
      throw Refusal.outOfMemory
    }
    let place = locate(key.span)
    if let slot = place.slot { store.remove(slot) }
    guard !value.isEmpty else { return }
    store.insert(
      key.span, hash: place.hash, collection: value, expiresAt: Slot.noExpiry, seconds: seconds)
  }

  /// Answers the error if a key holds no string.
  func isString(_ slot: Int, _ output: inout [UInt8]) -> Bool {
    if store.slots[slot].collection == nil { return true }
    output.reply(error: ReplyError.wrongType)
    return false
  }

  /// The name of a value's type, as `TYPE` says it.
  func typeName(_ slot: Int) -> StaticString { store.slots[slot].collection?.kind.name ?? "string" }
}
