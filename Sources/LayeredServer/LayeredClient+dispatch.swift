import NIOCore
import SluiceCommands
import SluiceRESP

/// From a command to what the layers do with it.
extension LayeredClient {
  func dispatch(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let id = core.commands.resolve(in: frame, arguments: arguments)
    let spec = core.commands.specs[id]
    // What cannot be right is the endpoint's to refuse, in its own words; its keys are never looked at.
    guard spec.accepts(count: arguments.count) else { return pass(frame) }
    if case .invalid(let message) = spec.keyIndices(in: frame, arguments: arguments, into: &keyIndices) {
      return refuse(message)
    }
    if core.isOutageOpen, case .keyed = spec.scope { core.outageIsSettled() }
    switch core.rules[id] {
    case .forward: forward(frame, arguments, spec)
    case .pass: pass(frame)
    case .value: forward(frame, arguments, spec, .value)
    case .keyedReply: forward(frame, arguments, spec, .closure { [unowned self] in appendWithoutPrefix($0) })
    case .get: get(frame, arguments)
    case .mget: mget(frame, arguments, spec)
    case .set: set(frame, arguments)
    case .setExpiring: setExpiring(frame, arguments)
    case .setnx: setnx(frame, arguments)
    case .getset: getset(frame, arguments)
    case .mset: mset(frame, arguments)
    case .msetnx: msetnx(frame, arguments)
    case .strlen: strlen(frame, arguments)
    case .getrange: getrange(frame, arguments)
    case .append: append(frame, arguments)
    case .setrange: setrange(frame, arguments, spec)
    case .incr: increment(frame, arguments, spec, isFloat: false)
    case .incrByFloat: increment(frame, arguments, spec, isFloat: true)
    case .bytes: bytes(frame, arguments, spec)
    case .dump: dump(frame, arguments, spec)
    case .restore: restore(frame, arguments, spec)
    case .sort: sort(frame, arguments, spec)
    case .scan: scan(frame, arguments)
    case .keys: keys(frame, arguments)
    case .randomkey: randomkey()
    case .dbsize: dbsize()
    case .flush: flush(frame)
    case .unknown: unknown(frame, arguments)
    case .info: info(frame)
    case .quit:
      answer(Array("+OK\r\n".utf8))
      leave()
    case .refuse:
      refuseByLayer("'\(spec.name)' belongs to a connection or to a server; send it to the endpoint itself")
    }
  }

  /// The command as it came.
  func pass(_ frame: Span<UInt8>) { send(.pass) { $0.append(frame) } }

  /// The command with its keys prefixed.
  func forward(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, _ then: Then = .pass
  ) {
    let mark = spec.access == .write ? self.mark(frame, arguments) : nil
    send(then, mark) { write(frame, arguments, into: &$0) }
  }

  /// Appends a command whose keys stand at `keyIndices`.
  func write(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, into output: inout ByteBuffer) {
    if core.prefix.bytes.isEmpty { return output.append(frame) }
    output.beginCommand(arguments.count)
    var next = 0
    // Positions rise, but for a destination that stands before the count; sorted, one pass is enough.
    let keys = keyIndices.sorted()
    for index in 0..<arguments.count {
      let word = frame.extracting(arguments[index].range)
      if next < keys.count, keys[next] == index {
        while next < keys.count, keys[next] == index { next += 1 }
        output.key(word, core.prefix.bytes)
      } else {
        output.bulk(word)
      }
    }
  }

  /// What must be known of a write to the keys at `keyIndices`; nil if nobody asks.
  func mark(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> WriteMark? {
    guard core.watchesWrites else { return nil }
    let mark = WriteMark()
    for index in keyIndices { core.add(frame.extracting(arguments[index].range), to: mark) }
    return mark
  }

  /// Something happens to all keys, or to keys that nobody can tell.
  var everything: WriteMark? {
    guard core.watchesWrites else { return nil }
    let mark = WriteMark()
    mark.isEverything = true
    return mark
  }

  /// The endpoint's own error, said in its place.
  func refuse(_ message: String) {
    var reply: [UInt8] = []
    reply.appendError(message)
    answer(reply)
  }

  /// An error of ours, counted.
  func refuseByLayer(_ why: String) {
    core.counts.refused &+= 1
    refuse("ERR sluice: the layers of \(core.settings.label) do not carry this: \(why)")
  }

  /// Decodes the values of a reply: one, or an array of them.
  func appendDecoded(_ reply: Span<UInt8>) {
    guard core.codec != nil else { return output.append(reply) }
    if reply[0] == UInt8(ascii: "*"), let elements = ReplyReader.elements(of: reply) {
      output.beginCommand(elements.count)
      for element in elements { appendDecodedString(reply.extracting(element)) }
    } else {
      appendDecodedString(reply)
    }
  }

  private func appendDecodedString(_ reply: Span<UInt8>) {
    guard reply[0] == UInt8(ascii: "$"), let text = ReplyReader.string(reply) else {
      return output.append(reply)
    }
    switch core.decode(reply.extracting(text)) {
    case .asStored: output.append(reply)
    case .value(let value): output.bulk(value)
    case .corrupt: output.null()
    }
  }

  /// A lane tells by the run whether it meets the values that it knows. The engine's are others, and so are the endpoint's
  /// behind an outage: writes that a lane thought pointless while the stack was cold have passed it by.
  ///
  /// That it is layers who answer, which carry no `MULTI`, is said in every case.
  private func info(_ frame: Span<UInt8>) {
    let answered = Then.closure { [unowned self] reply in
      guard let text = ReplyReader.string(reply) else { return output.append(reply) }
      guard core.generation > 0 else {
        return output.bulk(reply.extracting(text).array + Array("sluice_layers:1\r\n".utf8))
      }
      let told = String(decoding: reply.extracting(text).array, as: UTF8.self).split(
        whereSeparator: \.isNewline)
      let lines = told.filter { !$0.hasPrefix("run_id:") }
      // The endpoint's own, by which it is told from another stack's; nothing while memory answers.
      let own = told.first { $0.hasPrefix("run_id:") } ?? "run_id:"
      let run = String(core.generation + (1 << 32), radix: 16)
      let id = String(repeating: "0", count: max(0, 40 - run.count)) + run
      let all = lines + ["run_id:\(id)", "endpoint_\(own)", "sluice_layers:1"]
      output.bulk(Array(all.map { "\($0)\r\n" }.joined().utf8))
    }
    send(answered) { $0.append(frame) }
  }

  /// A reply that names keys: `[key, …]` of `LMPOP` and `ZMPOP`, `[[key, …], …]` of `XREAD` and `XREADGROUP`.
  private func appendWithoutPrefix(_ reply: Span<UInt8>) {
    guard let elements = ReplyReader.elements(of: reply), let first = elements.first else {
      return output.append(reply)
    }
    output.beginCommand(elements.count)
    let isOne = reply[first.lowerBound] != UInt8(ascii: "*")
    for (index, element) in elements.enumerated() {
      let part = reply.extracting(element)
      if !isOne {
        appendWithoutPrefix(part)
      } else if index == 0, let text = ReplyReader.string(part),
        let key = core.prefix.strip(part.extracting(text))
      {
        output.bulk(key)
      } else {
        output.append(part)
      }
    }
  }

  private func unknown(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    guard core.codec == nil, core.prefix.bytes.isEmpty else {
      let name = arguments.isEmpty ? [] : frame.extracting(arguments[0].range).array
      return refuseByLayer(
        "'\(String(decoding: name.prefix(64), as: UTF8.self))' is in no table, so that its keys and values "
          + "cannot be told (layers key_prefix and compression)")
    }
    send(.pass, everything) { $0.append(frame) }
  }

  private func sort(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    guard spec.refusal(in: frame, arguments: arguments) == nil else {
      return refuseByLayer(
        "a BY or GET pattern of \(spec.name) reads keys that it does not name (layers key_prefix and "
          + "compression); sort in the client")
    }
    forward(frame, arguments, spec)
  }
}
