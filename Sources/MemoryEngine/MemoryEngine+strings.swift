import SluiceKeyIndexing
import SluiceRESP

/// `GET`, `SET` and their relatives.
extension MemoryEngine {
  mutating func get(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    if let slot = read(frame.extracting(arguments[1].range)) {
      if isString(slot, &output) { replyValue(slot, &output) }
    } else {
      output.replyNull()
    }
  }

  mutating func set(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let key = frame.extracting(arguments[1].range)
    let value = frame.extracting(arguments[2].range)
    if arguments.count == 3 {
      guard admits(key, valueCount: value.count, &output) else { return }
      put(key, locate(key), value, expiresAt: Slot.noExpiry)
      output.replyOK()
      return
    }
    guard let options = SetOptions(frame, arguments, from: 3, isSet: true) else {
      output.reply(error: ReplyError.syntax)
      return
    }
    guard var expiresAt = expiry(options.expiry, frame, arguments, "set", &output),
      admits(key, valueCount: value.count, &output)
    else { return }
    let place = locate(key)
    if options.get {
      if let slot = place.slot {
        hits &+= 1
        guard isString(slot, &output) else { return }
        replyValue(slot, &output)
      } else {
        misses &+= 1
        output.replyNull()
      }
    }
    if (options.onlyIfNone && place.slot != nil) || (options.onlyIfThere && place.slot == nil) {
      if !options.get { output.replyNull() }
      return
    }
    if options.keepExpiry, let slot = place.slot { expiresAt = store.slots[slot].expiresAt }
    put(key, place, value, expiresAt: expiresAt)
    if !options.get { output.replyOK() }
  }

  mutating func setnx(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let key = frame.extracting(arguments[1].range)
    let value = frame.extracting(arguments[2].range)
    guard admits(key, valueCount: value.count, &output) else { return }
    let place = locate(key)
    if place.slot == nil { put(key, place, value, expiresAt: Slot.noExpiry) }
    output.reply(bool: place.slot == nil)
  }

  mutating func setex(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ unit: TimeUnit, _ name: StaticString,
    _ output: inout [UInt8]
  ) {
    let key = frame.extracting(arguments[1].range)
    let value = frame.extracting(arguments[3].range)
    guard let expiresAt = expiry(frame.extracting(arguments[2].range), unit, from: now, name, &output),
      admits(key, valueCount: value.count, &output)
    else { return }
    put(key, locate(key), value, expiresAt: expiresAt)
    output.replyOK()
  }

  mutating func getset(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let key = frame.extracting(arguments[1].range)
    let value = frame.extracting(arguments[2].range)
    guard admits(key, valueCount: value.count, &output) else { return }
    if let slot = read(key) {
      guard isString(slot, &output) else { return }
      replyValue(slot, &output)
      put(key, Place(hash: store.slots[slot].hash, slot: slot), value, expiresAt: Slot.noExpiry)
    } else {
      output.replyNull()
      put(key, Place(hash: KeyIndex.hash(key), slot: nil), value, expiresAt: Slot.noExpiry)
    }
  }

  mutating func getdel(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let slot = read(frame.extracting(arguments[1].range)) else {
      output.replyNull()
      return
    }
    guard isString(slot, &output) else { return }
    replyValue(slot, &output)
    store.remove(slot)
  }

  mutating func getex(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let options = SetOptions(frame, arguments, from: 2, isSet: false) else {
      output.reply(error: ReplyError.syntax)
      return
    }
    guard let slot = read(frame.extracting(arguments[1].range)) else {
      output.replyNull()
      return
    }
    guard isString(slot, &output),
      let expiresAt = expiry(options.expiry, frame, arguments, "getex", &output)
    else { return }
    replyValue(slot, &output)
    if options.persist {
      store.setExpiry(slot, at: Slot.noExpiry)
    } else if expiresAt >= 0 {
      // Only an absolute time can be over already.
      if expiresAt <= now { store.remove(slot) } else { store.setExpiry(slot, at: expiresAt) }
    }
  }

  mutating func mget(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    output.reply(arrayOf: arguments.count - 1)
    for index in 1..<arguments.count {
      if let slot = read(frame.extracting(arguments[index].range)), store.slots[slot].collection == nil {
        replyValue(slot, &output)
      } else {
        output.replyNull()
      }
    }
  }

  /// `MSET`, and `MSETNX`, which sets nothing if one of the keys is there. One entry too large refuses them
  /// whole.
  mutating func mset(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], onlyIfNone: Bool, _ output: inout [UInt8]
  ) {
    guard arguments.count % 2 == 1 else {
      output.reply(wrongArityFor: onlyIfNone ? "msetnx" : "mset")
      return
    }
    for index in stride(from: 1, to: arguments.count, by: 2) {
      let key = frame.extracting(arguments[index].range)
      guard admits(key, valueCount: Int(arguments[index + 1].length), &output) else { return }
      if onlyIfNone, locate(key).slot != nil {
        output.reply(bool: false)
        return
      }
    }
    for index in stride(from: 1, to: arguments.count, by: 2) {
      let key = frame.extracting(arguments[index].range)
      put(key, locate(key), frame.extracting(arguments[index + 1].range), expiresAt: Slot.noExpiry)
    }
    if onlyIfNone { output.reply(bool: true) } else { output.replyOK() }
  }
}
