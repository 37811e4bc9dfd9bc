/// `PFADD`, `PFCOUNT` and `PFMERGE`.
extension Command {
  static let counts: [Command] = [
    Command("pfadd", -2) { try $0.pfadd($1, &$2) },
    Command("pfcount", -2) { try $0.pfcount($1, &$2) },
    Command("pfmerge", -2) { try $0.pfmerge($1, &$2) },
  ]
}

extension MemoryEngine {
  /// What the string in a slot counts.
  private func counter(_ slot: Int) throws -> HyperLogLog {
    guard store.slots[slot].collection == nil else { throw Refusal.wrongType }
    do {
      return try HyperLogLog(store.slots[slot].withValue { [UInt8]($0) })
    } catch {
      switch error {
      case .notOne: throw Refusal.text("WRONGTYPE Key is not a valid HyperLogLog string value.")
      case .corrupt: throw Refusal.text("INVALIDOBJ Corrupted HLL object detected")
      }
    }
  }

  private mutating func store(_ bytes: [UInt8], _ key: [UInt8], _ place: Place) throws {
    guard store.fits(keyCount: key.count, valueCount: bytes.count) else { throw Refusal.outOfMemory }
    let expiresAt = place.slot.map { store.slots[$0].expiresAt } ?? Slot.noExpiry
    put(key.span, place, bytes.span, expiresAt: expiresAt, encoding: .raw)
  }

  mutating func pfadd(_ request: Request, _ output: inout [UInt8]) throws {
    let place = locate(request[1].span)
    var counter = try place.slot.map { try self.counter($0) } ?? HyperLogLog()
    var hasChanged = false
    for index in 2..<max(2, request.count) where counter.add(request[index]) { hasChanged = true }
    if hasChanged || place.slot == nil {
      try store(counter.bytes(), request[1], place)
    }
    output.reply(bool: hasChanged || place.slot == nil)
  }

  mutating func pfcount(_ request: Request, _ output: inout [UInt8]) throws {
    if request.count > 2 {
      var union = HyperLogLog()
      for index in 1..<request.count {
        if let slot = read(request[index].span) { union.merge(try counter(slot)) }
      }
      return output.reply(integer: Int64(clamping: union.estimate()))
    }
    guard let slot = read(request[1].span) else { return output.reply(integer: 0) }
    var counter = try self.counter(slot)
    if let known = counter.counted {
      return output.reply(integer: Int64(clamping: known))
    }
    let estimate = counter.estimate()
    try store(counter.bytes(counted: estimate), request[1], Place(hash: store.slots[slot].hash, slot: slot))
    output.reply(integer: Int64(clamping: estimate))
  }

  mutating func pfmerge(_ request: Request, _ output: inout [UInt8]) throws {
    var union = HyperLogLog()
    for index in 1..<request.count {
      if let slot = locate(request[index].span).slot { union.merge(try counter(slot), isFirst: index == 1) }
    }
    try store(union.bytes(), request[1], locate(request[1].span))
    output.replyOK()
  }
}
