import SluiceRESP

/// `DUMP` and `RESTORE`, by which keys are copied from stack to stack.
extension MemoryEngine {
  mutating func dump(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let slot = read(frame.extracting(arguments[1].range)) else {
      output.replyNull()
      return
    }
    let payload =
      store.slots[slot].collection.map { DumpedValue.payload(of: $0) }
      ?? store.slots[slot].withValue { DumpedString.payload(of: $0) }
    output.reply(bulk: payload.span)
  }

  /// The checks in Redis' order: options, the key, the time, the payload.
  mutating func restore(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let options = RestoreOptions(frame, arguments, &output) else { return }
    let key = frame.extracting(arguments[1].range)
    let place = locate(key)
    if place.slot != nil, !options.replaces {
      output.reply(error: "BUSYKEY Target key name already exists.")
      return
    }
    guard let time = IntegerText.parse(frame.extracting(arguments[2].range)) else {
      output.reply(error: ReplyError.notAnInteger)
      return
    }
    guard time >= 0 else {
      output.reply(error: "ERR Invalid TTL value, must be >= 0")
      return
    }
    guard let value = restored(frame.extracting(arguments[3].range), &output) else { return }
    let (end, overflow) = time.addingReportingOverflow(options.isAbsolute ? 0 : now)
    guard !overflow else {
      output.reply(invalidExpireFor: "restore")
      return
    }
    let cost =
      switch value {
      case .string(let bytes): bytes.count
      case .collection(let collection): collection.cost
      }
    guard admits(key, valueCount: cost, &output) else { return }
    let expiresAt = time == 0 ? Slot.noExpiry : end
    if expiresAt >= 0, expiresAt <= now {
      // Over before it began: only what stood there goes.
      if let slot = place.slot { store.remove(slot) }
    } else {
      switch value {
      case .string(let bytes): put(key, place, bytes.span, expiresAt: expiresAt)
      case .collection(let collection):
        if let slot = place.slot { store.remove(slot) }
        store.insert(
          key, hash: place.hash, collection: collection, expiresAt: expiresAt, seconds: seconds)
      }
      setIdle(key, options.idle)
    }
    output.replyOK()
  }

  /// The value in a payload; nil after an error reply.
  private func restored(_ payload: Span<UInt8>, _ output: inout [UInt8]) -> DumpedValue? {
    do {
      return try DumpedValue(payload, longest: store.maxBytes)
    } catch {
      switch error {
      case .versionOrChecksum: output.reply(error: "ERR DUMP payload version or checksum are wrong")
      case .otherType:
        output.reply(
          error:
            "ERR sluice: the embedded memory engine does not read this kind of dump; use a Redis for this stack"
        )
      case .badFormat: output.reply(error: "ERR Bad data format")
      case .tooLong: output.reply(error: ReplyError.outOfMemory)
      }
      return nil
    }
  }

  /// What `OBJECT IDLETIME` counts from. In the order of use a restored key is the newest all the same: that
  /// order is a list, and a place in its middle would have to be looked for.
  private mutating func setIdle(_ key: Span<UInt8>, _ idle: Int64) {
    guard idle > 0, let slot = locate(key, touching: false).slot else { return }
    store.slots[slot].usedAt = seconds - UInt32(clamping: min(idle, Int64(seconds)))
  }
}

/// The options of `RESTORE`: `REPLACE`, `ABSTTL`, `IDLETIME seconds`, `FREQ frequency`.
private struct RestoreOptions {
  var replaces = false
  var isAbsolute = false
  /// Seconds without use.
  var idle: Int64 = 0

  /// Nil after an error reply.
  init?(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    var hasIdle = false
    var hasFrequency = false
    var index = 4
    while index < arguments.count {
      let word = frame.extracting(arguments[index].range)
      let hasNext = index + 1 < arguments.count
      if word.isWord("REPLACE") {
        replaces = true
      } else if word.isWord("ABSTTL") {
        isAbsolute = true
      } else if hasNext, !hasFrequency, word.isWord("IDLETIME") {
        guard let number = IntegerText.parse(frame.extracting(arguments[index + 1].range)) else {
          output.reply(error: ReplyError.notAnInteger)
          return nil
        }
        guard number >= 0 else {
          output.reply(error: "ERR Invalid IDLETIME value, must be >= 0")
          return nil
        }
        (idle, hasIdle) = (number, true)
        index += 1
      } else if hasNext, !hasIdle, word.isWord("FREQ") {
        // Checked and forgotten, as by a Redis whose policy is LRU.
        guard let number = IntegerText.parse(frame.extracting(arguments[index + 1].range)) else {
          output.reply(error: ReplyError.notAnInteger)
          return nil
        }
        guard (0...255).contains(number) else {
          output.reply(error: "ERR Invalid FREQ value, must be >= 0 and <= 255")
          return nil
        }
        hasFrequency = true
        index += 1
      } else {
        output.reply(error: ReplyError.syntax)
        return nil
      }
      index += 1
    }
  }
}
