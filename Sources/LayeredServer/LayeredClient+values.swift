import NIOCore
import SluiceCacheLayers
import SluiceCommands
import SluiceRESP

/// Reads and writes of whole values.
extension LayeredClient {
  func get(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let key = frame.extracting(arguments[1].range)
    if let known = core.l1Value(key) { return answer(known) }
    guard let stamp = core.stamp(for: key) else { return send(.value) { ask("GET", key, into: &$0) } }
    let fill = Fill(key.array, stamp, askedAt: core.now)
    send(.miss(fill)) { ask("GET", key, into: &$0) }
    send(.lifetime(fill)) { ask("PTTL", key, into: &$0) }
  }

  /// From L1 if it has them all, else as one command: half an answer of each would be of two moments.
  func mget(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    var known: [[UInt8]] = []
    for index in keyIndices {
      guard let reply = core.l1Value(frame.extracting(arguments[index].range)) else { break }
      known.append(reply)
    }
    guard known.count == keyIndices.count else { return forward(frame, arguments, spec, .value) }
    var reply: [UInt8] = []
    reply.appendArrayHeader(known.count)
    for value in known { reply += value }
    answer(reply)
  }

  func set(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    var hasExpiry = false
    var keepsExpiry = false
    var returnsOld = false
    var isNew = false
    var isOld = false
    for index in 3..<max(3, arguments.count) {
      let word = frame.extracting(arguments[index].range)
      returnsOld = returnsOld || word.isWord("GET")
      keepsExpiry = keepsExpiry || word.isWord("KEEPTTL")
      isNew = isNew || word.isWord("NX")
      isOld = isOld || word.isWord("XX")
      hasExpiry =
        hasExpiry || word.isWord("EX") || word.isWord("PX") || word.isWord("EXAT") || word.isWord("PXAT")
    }
    // A key that was not there has no time to keep. What is no proper command is the endpoint's to refuse.
    let mayBeFresh =
      keepsExpiry && !isOld && core.defaultMilliseconds > 0
      && arguments.count == 4 + (returnsOld ? 1 : 0) + (isNew ? 1 : 0)
    if mayBeFresh, !isNew { return setKeeping(frame, arguments, returnsOld: returnsOld) }
    let addsExpiry = mayBeFresh || !hasExpiry && !keepsExpiry && core.defaultMilliseconds > 0
    send(returnsOld ? .value : .pass, mark(frame, arguments)) { output in
      output.beginCommand(arguments.count + (addsExpiry ? 2 : 0) - (mayBeFresh ? 1 : 0))
      output.word("SET")
      output.key(frame.extracting(arguments[1].range), core.prefix.bytes)
      value(frame.extracting(arguments[2].range), into: &output)
      for index in 3..<max(3, arguments.count) {
        let word = frame.extracting(arguments[index].range)
        if !mayBeFresh || !word.isWord("KEEPTTL") { output.bulk(word) }
      }
      if addsExpiry { defaultExpiry(into: &output) }
    }
  }

  /// `SET … KEEPTTL`: a key that is there keeps its time, one that is not gets the default one. Two commands in one write, of which
  /// one sets; the client's reply is that of the one that would say the same without the layer.
  private func setKeeping(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, returnsOld: Bool) {
    let key = frame.extracting(arguments[1].range)
    let given = frame.extracting(arguments[2].range)
    let stored = core.encode(given) ?? given.array
    func fresh(_ output: inout ByteBuffer) {
      output.beginCommand(6)
      output.word("SET")
      output.key(key, core.prefix.bytes)
      output.bulk(stored)
      output.word("NX")
      defaultExpiry(into: &output)
    }
    func keeping(_ output: inout ByteBuffer) {
      output.beginCommand(returnsOld ? 6 : 4)
      output.word("SET")
      output.key(key, core.prefix.bytes)
      output.bulk(stored)
      if returnsOld {
        output.word("XX")
        output.word("GET")
      }
      output.word("KEEPTTL")
    }
    let mark = mark(frame, arguments)
    if let mark { core.began(mark) }
    if returnsOld {
      send(.value) { keeping(&$0) }
      send(.drop, mark, hasBegun: true) { fresh(&$0) }
    } else {
      send(.drop) { fresh(&$0) }
      send(.pass, mark, hasBegun: true) { keeping(&$0) }
    }
  }

  /// `SETEX` and `PSETEX`.
  func setExpiring(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    send(.pass, mark(frame, arguments)) { output in
      output.beginCommand(4)
      output.bulk(frame.extracting(arguments[0].range))
      output.key(frame.extracting(arguments[1].range), core.prefix.bytes)
      output.bulk(frame.extracting(arguments[2].range))
      value(frame.extracting(arguments[3].range), into: &output)
    }
  }

  /// With a default TTL as `SET … NX PX`, whose reply is `OK` or null.
  func setnx(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let addsExpiry = core.defaultMilliseconds > 0
    let asNumber = Then.closure { [unowned self] reply in
      switch reply[0] {
      case UInt8(ascii: "+"): output.integer(1)
      case UInt8(ascii: "$"): output.integer(0)
      default: output.append(reply)
      }
    }
    send(addsExpiry ? asNumber : .pass, mark(frame, arguments)) { output in
      output.beginCommand(addsExpiry ? 6 : 3)
      output.word(addsExpiry ? "SET" : "SETNX")
      output.key(frame.extracting(arguments[1].range), core.prefix.bytes)
      value(frame.extracting(arguments[2].range), into: &output)
      if addsExpiry {
        output.word("NX")
        defaultExpiry(into: &output)
      }
    }
  }

  /// With a default TTL as `SET … GET PX`. Redis takes the expiry away; the layer gives its own.
  func getset(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let addsExpiry = core.defaultMilliseconds > 0
    send(.value, mark(frame, arguments)) { output in
      output.beginCommand(addsExpiry ? 6 : 3)
      output.word(addsExpiry ? "SET" : "GETSET")
      output.key(frame.extracting(arguments[1].range), core.prefix.bytes)
      value(frame.extracting(arguments[2].range), into: &output)
      if addsExpiry {
        output.word("GET")
        defaultExpiry(into: &output)
      }
    }
  }

  /// The expiry follows behind, in the same write to the endpoint. Until it is there the keys are being written: an entry
  /// of L1 must not miss it.
  func mset(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let mark = mark(frame, arguments)
    guard core.defaultMilliseconds > 0 else {
      return send(.pass, mark) { pairs(frame, arguments, "MSET", into: &$0) }
    }
    if let mark { core.began(mark) }
    send(.pass) { pairs(frame, arguments, "MSET", into: &$0) }
    let keys = keyIndices
    for (position, index) in keys.enumerated() {
      send(.drop, position == keys.count - 1 ? mark : nil, hasBegun: true) {
        expire(frame.extracting(arguments[index].range), into: &$0)
      }
    }
  }

  /// The expiry follows when it is known that something was set.
  func msetnx(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let mark = mark(frame, arguments)
    guard core.defaultMilliseconds > 0 else {
      return send(.pass, mark) { pairs(frame, arguments, "MSETNX", into: &$0) }
    }
    var keys: [[UInt8]] = []
    for index in keyIndices { keys.append(frame.extracting(arguments[index].range).array) }
    block(mark)
    let answered = Then.closure { [unowned self] reply in
      let answer = reply.array
      guard ReplyReader.integer(reply) == 1, let last = keys.last else { return finish(answer) }
      for key in keys.dropLast() { send(.drop) { expire(key.span, into: &$0) } }
      send(.closure { [unowned self] _ in finish(answer) }) { expire(last.span, into: &$0) }
    }
    send(answered) { pairs(frame, arguments, "MSETNX", into: &$0) }
  }

  /// A number that is not there is made with its expiry before it is counted up; one that is there stays as it is.
  func increment(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, isFloat: Bool
  ) {
    var isGood = true
    if arguments.count > 2 { isGood = isGoodStep(frame.extracting(arguments[2].range), isFloat: isFloat) }
    if isGood { makeZero(frame.extracting(arguments[1].range)) }
    forward(frame, arguments, spec)
  }

  private func makeZero(_ key: Span<UInt8>) {
    send(.drop) { output in
      output.beginCommand(6)
      output.word("SET")
      output.key(key, core.prefix.bytes)
      output.word("0")
      output.word("NX")
      defaultExpiry(into: &output)
    }
  }

  /// Whether zero and this can be added up. What is not sure gets no expiry, but never a number that nobody wrote.
  private func isGoodStep(_ word: Span<UInt8>, isFloat: Bool) -> Bool {
    if !isFloat { return word.integer.map { $0 != .min } ?? false }
    guard word.count > 0, word.count < 64 else { return false }
    let text = String(decoding: word.array, as: UTF8.self)
    guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), let step = Double(text) else {
      return false
    }
    return step.isFinite
  }

  // MARK: Words

  func ask(_ command: StaticString, _ key: Span<UInt8>, into output: inout ByteBuffer) {
    output.beginCommand(2)
    output.word(command)
    output.key(key, core.prefix.bytes)
  }

  func value(_ value: Span<UInt8>, into output: inout ByteBuffer) {
    if let stored = core.encode(value) { output.bulk(stored) } else { output.bulk(value) }
  }

  func defaultExpiry(into output: inout ByteBuffer) {
    output.word("PX")
    output.bulk(core.defaultMilliseconds)
  }

  private func expire(_ key: Span<UInt8>, into output: inout ByteBuffer) {
    output.beginCommand(3)
    output.word("PEXPIRE")
    output.key(key, core.prefix.bytes)
    output.bulk(core.defaultMilliseconds)
  }

  private func pairs(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ command: StaticString,
    into output: inout ByteBuffer
  ) {
    output.beginCommand(arguments.count)
    output.word(command)
    for index in 1..<arguments.count {
      let word = frame.extracting(arguments[index].range)
      if index % 2 == 1 { output.key(word, core.prefix.bytes) } else { value(word, into: &output) }
    }
  }
}
