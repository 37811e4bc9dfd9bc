import NIOCore
import SluiceCacheLayers
import SluiceCommands
import SluiceRESP

/// Commands that look into the bytes of a string, which may be stored in another form.
extension LayeredClient {
  // MARK: Computed from the value

  func strlen(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    fetch(frame.extracting(arguments[1].range)) { value, reply in reply.appendInteger(value.count) }
  }

  /// `GETRANGE` and `SUBSTR` (`getrangeCommand` of `t_string.c`).
  func getrange(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    guard let start = frame.extracting(arguments[2].range).integer,
      let end = frame.extracting(arguments[3].range).integer
    else { return forwardOddly(frame, arguments) }
    fetch(frame.extracting(arguments[1].range)) { value, reply in
      reply.appendBulk(value.extracting(LayeredClient.range(start, end, of: value.count)))
    }
  }

  private static func range(_ start: Int, _ end: Int, of count: Int) -> Range<Int> {
    if start < 0, end < 0, start > end { return 0..<0 }
    let first = max(0, start < 0 ? count + max(start, -count - 1) : start)
    let last = min(count - 1, max(0, end < 0 ? count + max(end, -count - 1) : end))
    return first > last ? 0..<0 : first..<last + 1
  }

  /// Arguments that are no numbers: the endpoint says so.
  private func forwardOddly(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    send(.pass) { write(frame, arguments, into: &$0) }
  }

  /// Asks L1 or the endpoint for the value; nothing, and what cannot be read, is empty.
  private func fetch(_ key: Span<UInt8>, _ compute: @escaping (Span<UInt8>, inout [UInt8]) -> Void) {
    let core = core
    let answer: (Span<UInt8>) -> [UInt8] = { stored in
      var reply: [UInt8] = []
      switch core.decode(stored) {
      case .asStored: compute(stored, &reply)
      case .value(let value): compute(value.span, &reply)
      case .corrupt: compute(Span(), &reply)
      }
      return reply
    }
    if let known = core.l1Value(key), let text = ReplyReader.string(known.span) {
      var reply: [UInt8] = []
      compute(known.span.extracting(text), &reply)
      return self.answer(reply)
    }
    let answered = Then.closure { [unowned self] reply in
      if reply[0] == UInt8(ascii: "-") { return output.append(reply) }
      let text = ReplyReader.string(reply) ?? 0..<0
      output.writeBytes(answer(reply.extracting(text)))
    }
    send(answered) { ask("GET", key, into: &$0) }
  }

  // MARK: Fetch, change, store

  func append(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let tail = frame.extracting(arguments[2].range).array
    change(frame, arguments) { old in
      let value = (old ?? []) + tail
      guard value.count <= CompressionCodec.redisLimit else { return .answer(LayeredClient.tooLong) }
      return .store(value, answer: Array(":\(value.count)\r\n".utf8))
    }
  }

  /// `setrangeCommand` of `t_string.c`.
  func setrange(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    guard let offset = frame.extracting(arguments[2].range).integer, offset >= 0 else {
      return forwardOddly(frame, arguments)
    }
    let patch = frame.extracting(arguments[3].range).array
    change(frame, arguments) { old in
      var value = old ?? []
      if patch.isEmpty { return .answer(Array(":\(value.count)\r\n".utf8)) }
      let (end, isTooFar) = offset.addingReportingOverflow(patch.count)
      guard !isTooFar, end <= CompressionCodec.redisLimit else { return .answer(LayeredClient.tooLong) }
      if value.count < end { value += [UInt8](repeating: 0, count: end - value.count) }
      value.replaceSubrange(offset..<end, with: patch)
      return .store(value, answer: Array(":\(value.count)\r\n".utf8))
    }
  }

  private static let tooLong = Array(
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n".utf8)

  private enum Change {
    case answer([UInt8])
    case store([UInt8], answer: [UInt8])
  }

  private func change(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ compute: @escaping ([UInt8]?) -> Change
  ) {
    let key = core.prefix.add(to: frame.extracting(arguments[1].range))
    block(mark(frame, arguments))
    change(key, compute, attempts: 5)
  }

  /// `XX` and `NX` keep a key that expired between the two steps from living on without its expiry: then all is done
  /// again.
  private func change(_ key: [UInt8], _ compute: @escaping ([UInt8]?) -> Change, attempts: Int) {
    ask([Array("GET".utf8), key]) { [unowned self] reply in
      if reply[0] == UInt8(ascii: "-") { return finish(reply.array) }
      let old = stored(reply)
      switch compute(old) {
      case .answer(let answer): finish(answer)
      case .store(let value, let answer):
        store(value, at: key, isThere: !ReplyReader.isNull(reply)) { [unowned self] reply in
          if reply[0] == UInt8(ascii: "-") { return finish(reply.array) }
          guard ReplyReader.isNull(reply) else { return finish(answer) }
          if attempts > 1 { return change(key, compute, attempts: attempts - 1) }
          refuseStep("the key came and went while it was changed; try again")
        }
      }
    }
  }

  /// The value of a reply to `GET`; nil if there is none, or if nobody can read it.
  private func stored(_ reply: Span<UInt8>) -> [UInt8]? {
    guard let text = ReplyReader.string(reply) else { return nil }
    let stored = reply.extracting(text)
    switch core.decode(stored) {
    case .asStored: return stored.array
    case .value(let value): return value
    case .corrupt: return nil
    }
  }

  private func store(
    _ value: [UInt8], at key: [UInt8], isThere: Bool, _ answered: @escaping (Span<UInt8>) -> Void
  ) {
    var words = [Array("SET".utf8), key, core.encode(value.span) ?? value]
    words.append(Array((isThere ? "XX" : "NX").utf8))
    if isThere {
      words.append(Array("KEEPTTL".utf8))
    } else if core.defaultMilliseconds > 0 {
      words += [Array("PX".utf8), Array("\(core.defaultMilliseconds)".utf8)]
    }
    ask(words, answered)
  }

  private func refuseStep(_ why: String) {
    core.counts.refused &+= 1
    var reply: [UInt8] = []
    reply.appendError("ERR sluice: layer compression of \(core.settings.label): \(why)")
    finish(reply)
  }

  // MARK: Stored plain first

  /// Bitmaps, HyperLogLogs and `LCS`: the endpoint does the work, on plain values.
  ///
  /// The first bytes of each key are looked at; what is encoded is stored as it is, once, and stays so until it is
  /// written again. Behind a command that can make any bytes, the first ones are looked at again: they must not be
  /// taken for a stored form.
  func bytes(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    var keys: [[UInt8]] = []
    for index in keyIndices { keys.append(core.prefix.add(to: frame.extracting(arguments[index].range))) }
    var command = ByteBuffer()
    write(frame, arguments, into: &command)
    let words = command
    let written = spec.access == .write ? keys.first : nil
    block(spec.access == .write ? mark(frame, arguments) : nil)
    makePlain(keys[...]) { [unowned self] in
      let answered = Then.closure { [unowned self] reply in
        guard let written, reply[0] != UInt8(ascii: "-") else { return finish(reply.array) }
        let answer = reply.array
        unmark(written) { [unowned self] in finish(answer) }
      }
      send(answered) { $0.writeImmutableBuffer(words) }
    }
  }

  private func makePlain(_ keys: ArraySlice<[UInt8]>, then goOn: @escaping () -> Void) {
    guard let key = keys.first else { return goOn() }
    form(of: key) { [unowned self] form in
      guard form != .plain else { return makePlain(keys.dropFirst(), then: goOn) }
      ask([Array("GET".utf8), key]) { [unowned self] reply in
        guard let value = stored(reply) else {
          return refuseStep("a stored value cannot be read; delete its key")
        }
        guard CompressionCodec.form(of: value.span) == .plain else {
          return refuseStep("a value that begins with the layer's own marker cannot be stored plain")
        }
        core.counts.expanded &+= 1
        ask([Array("SET".utf8), key, value, Array("XX".utf8), Array("KEEPTTL".utf8)]) {
          [unowned self] reply in
          if reply[0] == UInt8(ascii: "-") { return finish(reply.array) }
          makePlain(keys.dropFirst(), then: goOn)
        }
      }
    }
  }

  /// Encodes what a command has just made, if it looks like a stored form.
  private func unmark(_ key: [UInt8], then goOn: @escaping () -> Void) {
    form(of: key) { [unowned self] form in
      guard form != .plain else { return goOn() }
      ask([Array("GET".utf8), key]) { [unowned self] reply in
        guard let text = ReplyReader.string(reply), let codec = core.codec,
          let stored = codec.encode(reply.extracting(text))
        else { return goOn() }
        ask([Array("SET".utf8), key, stored, Array("XX".utf8), Array("KEEPTTL".utf8)]) { _ in goOn() }
      }
    }
  }

  /// The form of what is stored, by its first bytes. Another type has none.
  private func form(of key: [UInt8], _ answered: @escaping (CompressionCodec.Form) -> Void) {
    ask([Array("GETRANGE".utf8), key, Array("0".utf8), Array("15".utf8)]) { reply in
      guard reply[0] == UInt8(ascii: "$"), let text = ReplyReader.string(reply) else {
        return answered(.plain)
      }
      answered(CompressionCodec.form(of: reply.extracting(text)))
    }
  }
}
