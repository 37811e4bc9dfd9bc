/// `BITFIELD`: integers of any width at any bit of a string.
extension MemoryEngine {
  mutating func bitfield(_ request: Request, isReadOnly: Bool, _ output: inout [UInt8]) throws {
    let steps = try BitfieldStep.steps(request, isReadOnly: isReadOnly)
    let place = try isReadOnly ? nil : findString(request[1])
    if !steps.contains(where: \.writes) {
      let value = try stringBytes(request[1])
      output.reply(arrayOf: steps.count)
      for step in steps { output.reply(integer: step.field.read(value)) }
      return
    }
    guard let place else { throw Refusal.syntax }
    let end = steps.filter(\.writes).map { ($0.field.offset + $0.field.width - 1) / 8 + 1 }.max() ?? 0
    var value = place.slot.map { store.slots[$0].withValue { [UInt8]($0) } } ?? []
    guard store.fits(keyCount: request[1].count, valueCount: max(end, value.count)) else {
      throw Refusal.outOfMemory
    }
    // Redis makes room for all writes before the first of them, whether or not they fail.
    if value.count < end { value.append(contentsOf: repeatElement(0, count: end - value.count)) }
    output.reply(arrayOf: steps.count)
    for step in steps {
      let old = step.field.read(value)
      switch step.action {
      case .get:
        output.reply(integer: old)
      case .set(let wanted):
        if let fresh = step.field.wrapped(wanted, plus: 0, step.overflow) {
          step.field.write(fresh, &value)
          output.reply(integer: old)
        } else {
          output.replyNull()
        }
      case .increment(let by):
        if let fresh = step.field.wrapped(old, plus: by, step.overflow) {
          step.field.write(fresh, &value)
          output.reply(integer: fresh)
        } else {
          output.replyNull()
        }
      }
    }
    if let slot = place.slot {
      store.replaceValue(slot, with: value.span, encoding: .raw)
    } else {
      put(request[1].span, place, value.span, expiresAt: Slot.noExpiry, encoding: .raw)
    }
  }
}

/// Which bits a step of `BITFIELD` speaks of.
struct BitfieldField {
  let isSigned: Bool
  /// 1 to 64 bits if signed, else 1 to 63.
  let width: Int
  let offset: Int

  /// The bits behind the end of the string are zero.
  func read(_ value: [UInt8]) -> Int64 {
    var bits: UInt64 = 0
    for bit in offset..<offset + width {
      let byte = bit >> 3 < value.count ? value[bit >> 3] : 0
      bits = bits << 1 | UInt64(byte >> UInt8(7 - bit & 7) & 1)
    }
    guard isSigned else { return Int64(bitPattern: bits) }
    let shift = Int64(64 - width)
    return (Int64(bitPattern: bits) << shift) >> shift
  }

  /// The string is long enough.
  func write(_ number: Int64, _ value: inout [UInt8]) {
    let bits = UInt64(bitPattern: number)
    for place in 0..<width {
      let bit = offset + place
      guard bit >> 3 < value.count else { return }
      let mask = UInt8(0x80) >> UInt8(bit & 7)
      if bits >> UInt64(width - 1 - place) & 1 == 1 {
        value[bit >> 3] |= mask
      } else {
        value[bit >> 3] &= ~mask
      }
    }
  }

  /// The sum as it fits the field, by the rule for what does not; nil where the rule is to fail.
  func wrapped(_ number: Int64, plus step: Int64, _ rule: BitfieldStep.Overflow) -> Int64? {
    let isHigh = isSigned ? isTooHigh(number, step) : isTooHigh(UInt64(bitPattern: number), step)
    let isLow = isSigned ? isTooLow(number, step) : isTooLow(UInt64(bitPattern: number), step)
    guard isHigh || isLow else { return number &+ step }
    switch rule {
    case .fail: return nil
    case .saturate: return isHigh ? most : least
    case .wrap:
      let bits = UInt64(bitPattern: number &+ step)
      let shift = UInt64(64 - width)
      if isSigned { return Int64(bitPattern: bits << shift) >> Int64(shift) }
      return Int64(bitPattern: (bits << shift) >> shift)
    }
  }

  private var most: Int64 {
    if isSigned { return width == 64 ? .max : (1 << Int64(width - 1)) - 1 }
    return Int64(bitPattern: (1 << UInt64(width)) - 1)
  }

  private var least: Int64 { isSigned ? -most - 1 : 0 }

  // Redis' own arithmetic, which wraps around where a number is far outside of the field: the lowest number
  // of all saturates to the highest of the field.

  private func isTooHigh(_ number: Int64, _ step: Int64) -> Bool {
    let room = most &- number
    return number > most || (width != 64 && step > room) || (number >= 0 && step > 0 && step > room)
  }

  private func isTooLow(_ number: Int64, _ step: Int64) -> Bool {
    let room = least &- number
    return number < least || (width != 64 && step < room) || (number < 0 && step < 0 && step < room)
  }

  private func isTooHigh(_ number: UInt64, _ step: Int64) -> Bool {
    let most = UInt64(bitPattern: most)
    return number > most || (step > 0 && UInt64(step) > most - number)
  }

  private func isTooLow(_ number: UInt64, _ step: Int64) -> Bool {
    step < 0 && step < 0 &- Int64(bitPattern: number)
  }
}

struct BitfieldStep {
  enum Action {
    case get
    case set(Int64)
    case increment(Int64)
  }

  enum Overflow { case wrap, saturate, fail }

  let field: BitfieldField
  let action: Action
  let overflow: Overflow

  var writes: Bool {
    switch action {
    case .get: false
    case .set, .increment: true
    }
  }

  static func steps(_ request: Request, isReadOnly: Bool) throws -> [BitfieldStep] {
    var steps: [BitfieldStep] = []
    var overflow = Overflow.wrap
    var index = 2
    while index < request.count {
      let left = request.count - index - 1
      if left >= 2, request.isWord(index, "GET") {
        steps.append(BitfieldStep(field: try field(request, index + 1), action: .get, overflow: overflow))
        index += 3
        continue
      }
      if left >= 1, request.isWord(index, "OVERFLOW") {
        if request.isWord(index + 1, "WRAP") {
          overflow = .wrap
        } else if request.isWord(index + 1, "SAT") {
          overflow = .saturate
        } else if request.isWord(index + 1, "FAIL") {
          overflow = .fail
        } else {
          throw Refusal.text("ERR Invalid OVERFLOW type specified")
        }
        index += 2
        continue
      }
      let isSet = request.isWord(index, "SET")
      guard left >= 3, isSet || request.isWord(index, "INCRBY") else { throw Refusal.syntax }
      let field = try field(request, index + 1)
      let number = try request.integer(index + 3)
      steps.append(
        BitfieldStep(field: field, action: isSet ? .set(number) : .increment(number), overflow: overflow))
      index += 4
    }
    if isReadOnly, steps.contains(where: \.writes) {
      throw Refusal.text("ERR BITFIELD_RO only supports the GET subcommand")
    }
    return steps
  }

  private static func field(_ request: Request, _ index: Int) throws -> BitfieldField {
    let type = request[index]
    let isSigned = type.first == UInt8(ascii: "i")
    let digits = Array(type.dropFirst())
    guard isSigned || type.first == UInt8(ascii: "u"), let width = IntegerText.parse(digits.span),
      width >= 1, width <= (isSigned ? 64 : 63)
    else {
      throw Refusal.text(
        """
        ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        """)
    }
    // `#3` counts in fields of this width.
    let text = request[index + 1]
    let isMultiple = text.first == UInt8(ascii: "#")
    let number = isMultiple ? Array(text.dropFirst()) : text
    guard let offset = IntegerText.parse(number.span) else { throw Refusal.text(MemoryEngine.badBitOffset) }
    // Around the end, as in C.
    let bits = offset &* (isMultiple ? width : 1)
    guard bits >= 0, bits >> 3 < MemoryEngine.longestString else {
      throw Refusal.text(MemoryEngine.badBitOffset)
    }
    return BitfieldField(isSigned: isSigned, width: Int(width), offset: Int(bits))
  }
}
