import SluiceRESP

/// The options of `SET` and `GETEX`, with Redis' rules for which may stand together.
struct SetOptions {
  enum Expiry {
    case none
    case seconds(Int)
    case milliseconds(Int)
    case secondsAt(Int)
    case millisecondsAt(Int)
  }

  /// The expiry, with the index of the argument that holds the time.
  var expiry = Expiry.none
  var onlyIfNone = false
  var onlyIfThere = false
  var keepExpiry = false
  var persist = false
  var get = false

  /// - Parameter start: the index of the first option.
  /// - Returns: nil is a syntax error.
  init?(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], from start: Int, isSet: Bool) {
    var index = start
    while index < arguments.count {
      let word = frame.extracting(arguments[index].range)
      let hasNext = index + 1 < arguments.count
      if isSet, !onlyIfThere, word.isWord("NX") {
        onlyIfNone = true
      } else if isSet, !onlyIfNone, word.isWord("XX") {
        onlyIfThere = true
      } else if isSet, word.isWord("GET") {
        get = true
      } else if isSet, !persist, case .none = expiry, word.isWord("KEEPTTL") {
        keepExpiry = true
      } else if !isSet, !keepExpiry, case .none = expiry, word.isWord("PERSIST") {
        persist = true
      } else if hasNext, !keepExpiry, !persist, let next = expiry.joined(by: word, at: index + 1) {
        expiry = next
        index += 1
      } else {
        return nil
      }
      index += 1
    }
  }
}

extension SetOptions.Expiry {
  /// The expiry that `word` asks for; nil if it is no such word or of another kind than the one before.
  fileprivate func joined(by word: Span<UInt8>, at index: Int) -> Self? {
    let wanted: Self
    if word.isWord("EX") {
      wanted = .seconds(index)
    } else if word.isWord("PX") {
      wanted = .milliseconds(index)
    } else if word.isWord("EXAT") {
      wanted = .secondsAt(index)
    } else if word.isWord("PXAT") {
      wanted = .millisecondsAt(index)
    } else {
      return nil
    }
    switch (self, wanted) {
    case (.none, _), (.seconds, .seconds), (.milliseconds, .milliseconds), (.secondsAt, .secondsAt),
      (.millisecondsAt, .millisecondsAt):
      return wanted
    default:
      return nil
    }
  }
}

extension MemoryEngine {
  /// The absolute expiry that options ask for, `Slot.noExpiry` for none; nil after an error reply.
  func expiry(
    _ wanted: SetOptions.Expiry, _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ name: StaticString,
    _ output: inout [UInt8]
  ) -> Int64? {
    switch wanted {
    case .none: Slot.noExpiry
    case .seconds(let index):
      expiry(frame.extracting(arguments[index].range), .seconds, from: now, name, &output)
    case .milliseconds(let index):
      expiry(frame.extracting(arguments[index].range), .milliseconds, from: now, name, &output)
    case .secondsAt(let index):
      expiry(frame.extracting(arguments[index].range), .seconds, from: 0, name, &output)
    case .millisecondsAt(let index):
      expiry(frame.extracting(arguments[index].range), .milliseconds, from: 0, name, &output)
    }
  }

  func expiry(
    _ text: Span<UInt8>, _ unit: TimeUnit, from base: Int64, _ name: StaticString, _ output: inout [UInt8]
  ) -> Int64? {
    guard let value = IntegerText.parse(text) else {
      output.reply(error: ReplyError.notAnInteger)
      return nil
    }
    let (milliseconds, overflow) = value.multipliedReportingOverflow(by: unit == .seconds ? 1000 : 1)
    let (at, overflow2) = milliseconds.addingReportingOverflow(base)
    guard value > 0, !overflow, !overflow2 else {
      output.reply(invalidExpireFor: name)
      return nil
    }
    return at
  }
}
