import NIOCore
import SluiceRESP

/// Commands about all keys, where the stack's keys are those of one prefix.
extension LayeredClient {
  func scan(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    var words: [[UInt8]] = []
    var hasPattern = false
    for index in 0..<arguments.count {
      let word = frame.extracting(arguments[index].range).array
      // Options stand in pairs behind the cursor.
      let isPattern = index > 2 && index % 2 == 1 && LayeredClient.isMatch(words[index - 1])
      hasPattern = hasPattern || isPattern
      words.append(isPattern ? core.prefix.pattern(rest: word) : word)
    }
    if !hasPattern { words += [Array("MATCH".utf8), core.prefix.pattern()] }
    ask(words) { [unowned self] reply in
      guard let (cursor, keys) = KeyWalk.page(of: reply) else { return output.append(reply) }
      output.beginCommand(2)
      output.bulk(cursor)
      appendKeys(keys)
    }
  }

  private static func isMatch(_ word: [UInt8]) -> Bool {
    let span = word.span
    return span.isWord("MATCH")
  }

  func keys(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    let pattern = core.prefix.pattern(rest: frame.extracting(arguments[1].range).array)
    ask([Array("KEYS".utf8), pattern]) { [unowned self] reply in
      if reply[0] == UInt8(ascii: "*") { appendKeys(KeyWalk.strings(reply)) } else { output.append(reply) }
    }
  }

  private func appendKeys(_ keys: [[UInt8]]) {
    let own = keys.compactMap { core.prefix.strip($0.span) }
    output.beginCommand(own.count)
    for key in own { output.bulk(key) }
  }

  /// Counted by walking, for the endpoint knows only the number of all keys; refused where that would take too long.
  func dbsize() {
    block(nil)
    ask([Array("DBSIZE".utf8)]) { [unowned self] reply in
      guard let all = ReplyReader.integer(reply), all > 0 else { return finish(reply.array) }
      if all > LayeredClient.mostToCount {
        core.counts.refused &+= 1
        var refusal: [UInt8] = []
        refusal.appendError(
          "ERR sluice: layer key_prefix of \(core.settings.label): counting the keys of one prefix among \(all) "
            + "takes too long; use SCAN")
        return finish(refusal)
      }
      var seen: Set<[UInt8]> = []
      KeyWalk.run(
        prefix: core.prefix.bytes, through: self,
        page: { keys, goOn in
          // A key may come twice.
          seen.formUnion(keys)
          goOn()
        },
        done: { [unowned self] error in finish(error ?? Array(":\(seen.count)\r\n".utf8)) })
    }
  }

  private static let mostToCount = 200_000

  /// A few tries by chance; where the stack's keys are few among others, the first that a walk finds.
  func randomkey() {
    block(nil)
    randomkey(attempts: 32)
  }

  private func randomkey(attempts: Int) {
    ask([Array("RANDOMKEY".utf8)]) { [unowned self] reply in
      if reply[0] == UInt8(ascii: "-") || ReplyReader.isNull(reply) { return finish(reply.array) }
      if let text = ReplyReader.string(reply), let key = core.prefix.strip(reply.extracting(text)) {
        return finish(LayeredClient.bulk(key))
      }
      if attempts > 1 { return randomkey(attempts: attempts - 1) }
      var found: [UInt8]?
      KeyWalk.run(
        prefix: core.prefix.bytes, through: self,
        page: { [unowned self] keys, goOn in
          guard found == nil, let key = keys.first.flatMap({ core.prefix.strip($0.span) }) else {
            return goOn()
          }
          found = key
          finish(LayeredClient.bulk(key))
        },
        done: { [unowned self] error in if found == nil { finish(error ?? Array("$-1\r\n".utf8)) } })
    }
  }

  private static func bulk(_ key: [UInt8]) -> [UInt8] {
    var reply: [UInt8] = []
    reply.appendBulk(key.span)
    return reply
  }

  /// With a prefix, only the stack's own keys go.
  func flush(_ frame: Span<UInt8>) {
    guard !core.prefix.bytes.isEmpty else { return send(.pass, everything) { $0.append(frame) } }
    block(everything)
    KeyWalk.unlinkAll(prefix: core.prefix.bytes, through: self) { [unowned self] error in
      finish(error ?? Array("+OK\r\n".utf8))
    }
  }
}
