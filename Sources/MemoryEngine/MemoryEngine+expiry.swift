import SluiceRESP

/// `EXPIRE` and `TTL` in their four forms each, and `PERSIST`.
extension MemoryEngine {
  /// - Parameter base: what the time counts from, in milliseconds: now, or 0 for an absolute time.
  mutating func expire(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ unit: TimeUnit, from base: Int64,
    _ name: StaticString,
    _ output: inout [UInt8]
  ) {
    guard let conditions = ExpireConditions(frame, arguments, &output) else { return }
    guard let value = IntegerText.parse(frame.extracting(arguments[2].range)) else {
      output.reply(error: ReplyError.notAnInteger)
      return
    }
    // A negative time is in the past, which deletes; only overflow is an error.
    let (milliseconds, overflow) = value.multipliedReportingOverflow(by: unit == .seconds ? 1000 : 1)
    let (at, overflow2) = milliseconds.addingReportingOverflow(base)
    guard !overflow, !overflow2 else {
      output.reply(invalidExpireFor: name)
      return
    }
    guard let slot = locate(frame.extracting(arguments[1].range)).slot,
      conditions.allow(at, current: store.slots[slot].expiresAt)
    else {
      output.reply(bool: false)
      return
    }
    if at <= now { store.remove(slot) } else { store.setExpiry(slot, at: at) }
    output.reply(bool: true)
  }

  mutating func ttl(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ unit: TimeUnit, absolute: Bool,
    _ output: inout [UInt8]
  ) {
    guard let slot = read(frame.extracting(arguments[1].range), touching: false) else {
      output.reply(integer: -2)
      return
    }
    let at = store.slots[slot].expiresAt
    guard at >= 0 else {
      output.reply(integer: -1)
      return
    }
    let value = absolute ? at : max(0, at - now)
    // To the nearest second; unsigned, as a time near the end of the range must not overflow.
    let rounded = Int64((UInt64(value) + 500) / 1000)
    output.reply(integer: unit == .milliseconds ? value : rounded)
  }

  mutating func persist(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let slot = locate(frame.extracting(arguments[1].range)).slot, store.slots[slot].expiresAt >= 0
    else {
      output.reply(bool: false)
      return
    }
    store.setExpiry(slot, at: Slot.noExpiry)
    output.reply(bool: true)
  }
}

/// The conditions of `EXPIRE`: `NX`, `XX`, `GT`, `LT`.
private struct ExpireConditions {
  var onlyIfNone = false
  var onlyIfThere = false
  var onlyIfLater = false
  var onlyIfSooner = false

  /// Nil after an error reply.
  init?(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    for argument in arguments.dropFirst(3) {
      let word = frame.extracting(argument.range)
      if word.isWord("NX") {
        onlyIfNone = true
      } else if word.isWord("XX") {
        onlyIfThere = true
      } else if word.isWord("GT") {
        onlyIfLater = true
      } else if word.isWord("LT") {
        onlyIfSooner = true
      } else {
        output.append(text: "-ERR Unsupported option ")
        output.append(quoted: word)
        output.append(text: "\r\n")
        return nil
      }
    }
    if onlyIfNone, onlyIfThere || onlyIfLater || onlyIfSooner {
      output.reply(error: "ERR NX and XX, GT or LT options at the same time are not compatible")
      return nil
    }
    if onlyIfLater, onlyIfSooner {
      output.reply(error: "ERR GT and LT options at the same time are not compatible")
      return nil
    }
  }

  /// No expiry counts as later than any.
  func allow(_ wanted: Int64, current: Int64) -> Bool {
    let hasExpiry = current >= 0
    if onlyIfNone, hasExpiry { return false }
    if onlyIfThere, !hasExpiry { return false }
    if onlyIfLater, !hasExpiry || wanted <= current { return false }
    if onlyIfSooner, hasExpiry, wanted >= current { return false }
    return true
  }
}
