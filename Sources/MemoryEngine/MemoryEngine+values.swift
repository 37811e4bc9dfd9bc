import SluiceRESP

/// Commands that change or read a part of a value.
extension MemoryEngine {
  mutating func append(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let key = frame.extracting(arguments[1].range)
    let tail = frame.extracting(arguments[2].range)
    let place = locate(key)
    guard let slot = place.slot else {
      guard admits(key, valueCount: tail.count, &output) else { return }
      put(key, place, tail, expiresAt: Slot.noExpiry)
      output.reply(integer: Int64(tail.count))
      return
    }
    guard isString(slot, &output) else { return }
    let total = store.slots[slot].valueCount + tail.count
    guard total <= MemoryEngine.longestString else {
      output.reply(error: ReplyError.tooLong)
      return
    }
    guard admits(key, valueCount: total, &output) else { return }
    store.appendValue(slot, tail)
    output.reply(integer: Int64(total))
  }

  mutating func strlen(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let slot = read(frame.extracting(arguments[1].range))
    if let slot, !isString(slot, &output) { return }
    output.reply(integer: slot.map { Int64(store.slots[$0].valueCount) } ?? 0)
  }

  mutating func getrange(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard var start = IntegerText.parse(frame.extracting(arguments[2].range)),
      var end = IntegerText.parse(frame.extracting(arguments[3].range))
    else {
      output.reply(error: ReplyError.notAnInteger)
      return
    }
    guard let slot = read(frame.extracting(arguments[1].range)) else {
      output.reply(bulkText: "")
      return
    }
    guard isString(slot, &output) else { return }
    let length = Int64(store.slots[slot].valueCount)
    let isBackwards = start < 0 && end < 0 && start > end
    if start < 0 { start = max(0, start + length) }
    if end < 0 { end = max(0, end + length) }
    end = min(end, length - 1)
    guard !isBackwards, start <= end else {
      output.reply(bulkText: "")
      return
    }
    // 0 <= start <= end < length here, so both are positions in the value.
    let part = Int(start)..<Int(end) + 1
    store.slots[slot].withValue { output.reply(bulk: $0.extracting(part)) }
  }

  mutating func setrange(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let offset = IntegerText.parse(frame.extracting(arguments[2].range)) else {
      output.reply(error: ReplyError.notAnInteger)
      return
    }
    guard offset >= 0 else {
      output.reply(error: "ERR offset is out of range")
      return
    }
    let key = frame.extracting(arguments[1].range)
    let part = frame.extracting(arguments[3].range)
    let place = locate(key)
    if let slot = place.slot, !isString(slot, &output) { return }
    let length = place.slot.map { store.slots[$0].valueCount } ?? 0
    if part.count == 0 {
      output.reply(integer: Int64(length))
      return
    }
    let (end, overflow) = offset.addingReportingOverflow(Int64(part.count))
    guard !overflow, end <= MemoryEngine.longestString else {
      output.reply(error: ReplyError.tooLong)
      return
    }
    let total = max(length, Int(end))
    guard admits(key, valueCount: total, &output) else { return }
    if let slot = place.slot {
      store.overwriteValue(slot, at: Int(offset), with: part)
    } else {
      var value = [UInt8](repeating: 0, count: total)
      value.overwrite(from: Int(offset), with: part)
      put(key, place, value.span, expiresAt: Slot.noExpiry, encoding: .raw)
    }
    output.reply(integer: Int64(total))
  }

  // MARK: Counters

  mutating func incrby(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let step = IntegerText.parse(frame.extracting(arguments[2].range)) else {
      output.reply(error: ReplyError.notAnInteger)
      return
    }
    increment(frame, arguments, by: step, &output)
  }

  mutating func decrby(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    guard let step = IntegerText.parse(frame.extracting(arguments[2].range)) else {
      output.reply(error: ReplyError.notAnInteger)
      return
    }
    guard step != .min else {
      output.reply(error: "ERR decrement would overflow")
      return
    }
    increment(frame, arguments, by: -step, &output)
  }

  mutating func increment(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], by step: Int64, _ output: inout [UInt8]
  ) {
    let key = frame.extracting(arguments[1].range)
    let place = locate(key)
    var old: Int64 = 0
    if let slot = place.slot {
      guard isString(slot, &output) else { return }
      guard let value = store.slots[slot].withValue({ IntegerText.parse($0) }) else {
        output.reply(error: ReplyError.notAnInteger)
        return
      }
      old = value
    }
    let (sum, overflow) = old.addingReportingOverflow(step)
    guard !overflow else {
      output.reply(error: "ERR increment or decrement would overflow")
      return
    }
    var digits: [UInt8] = []
    digits.append(decimal: sum)
    guard admits(key, valueCount: digits.count, &output) else { return }
    put(key, place, digits.span, expiresAt: expiry(of: place))
    output.reply(integer: sum)
  }

  mutating func incrbyfloat(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    let key = frame.extracting(arguments[1].range)
    let place = locate(key)
    var old: LongDouble = 0
    if let slot = place.slot {
      guard isString(slot, &output) else { return }
      guard let value = store.slots[slot].withValue({ FloatText.parse($0) }) else {
        output.reply(error: ReplyError.notAFloat)
        return
      }
      old = value
    }
    guard let step = FloatText.parse(frame.extracting(arguments[2].range)) else {
      output.reply(error: ReplyError.notAFloat)
      return
    }
    let sum = old + step
    guard sum.isFinite else {
      output.reply(error: "ERR increment would produce NaN or Infinity")
      return
    }
    let text = FloatText.format(sum)
    guard admits(key, valueCount: text.count, &output) else { return }
    put(key, place, text.span, expiresAt: expiry(of: place), encoding: .text)
    output.reply(bulk: text.span)
  }

  private func expiry(of place: Place) -> Int64 {
    place.slot.map { store.slots[$0].expiresAt } ?? Slot.noExpiry
  }
}
