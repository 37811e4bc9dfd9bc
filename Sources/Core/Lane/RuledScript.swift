import SluiceCommands
import SluiceRESP
import SluiceRouting
import SluiceScripts

/// A script for which there is a rule, on its way: one command with all the keys that it touches, `SCRIPT-REPEATED numkeys key… frame prefix…`.
///
/// It is held by fences, crosses loops, has all lanes for itself, and makes suspects as any command with several keys, as a transaction does
/// (`TransactionQueue`). Only where it meets a stack the client's own frame is taken out of it. Behind the frame stand the beginnings of
/// keys that nobody can name: each of them is among the keys as well, so that it goes where they go.
enum RuledScript {
  /// The whole as one command; nil if what came is no call of a script.
  ///
  /// - Parameter isInBlock: whether it is part of a transaction. What nobody can name there, nobody can wait for.
  static func block(
    _ rule: ScriptRule, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, isInBlock: Bool = false
  ) -> [UInt8]? {
    guard arguments.count > 2, let count = Int(text(frame, arguments, 2)), count >= 0,
      count <= arguments.count &- 3
    else { return nil }
    let words = (3..<arguments.count).map { ClientSession.bytes(frame.extracting(arguments[$0].range)) }
    // Only `EVAL` brings a text, and only a rule for such a script reads it.
    let body = rule.readsText ? ClientSession.bytes(frame.extracting(arguments[1].range)) : nil
    var touched = rule.touched(
      keys: Array(words.prefix(count)), arguments: Array(words.dropFirst(count)), body: body)
    for prefix in touched.prefixes where !prefix.isEmpty && !touched.keys.contains(prefix) {
      touched.keys.append(prefix)
    }
    var mirroring = rule.mirroring
    if isInBlock, !touched.prefixes.isEmpty {
      touched.prefixes = []
      if mirroring != .primaryOnly { mirroring = .copy }
    }
    return InlineRequest.frame(
      of: [Array(name(of: mirroring).utf8), Array("\(touched.keys.count)".utf8)] + touched.keys
        + [ClientSession.bytes(frame)] + touched.prefixes)
  }

  private static func name(of mirroring: ScriptRule.Mirroring) -> String {
    switch mirroring {
    case .copy: "SCRIPT-COPIED"
    case .repeat: "SCRIPT-REPEATED"
    case .both: "SCRIPT-ON-BOTH"
    case .primaryOnly: "SCRIPT-ON-PRIMARY"
    }
  }

  private static func text(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ index: Int) -> String {
    String(decoding: ClientSession.bytes(frame.extracting(arguments[index].range)), as: UTF8.self)
  }

  /// Where the client's frame stands, and behind it the prefixes; nil if it is none of ours.
  static func parts(of block: Span<UInt8>) -> (frame: Range<Int>, prefixes: [[UInt8]], hasKeys: Bool)? {
    guard isBlock(block) else { return nil }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(block) else { return nil }
    let arguments = framer.arguments
    guard arguments.count > 2, let count = Int(text(block, arguments.span, 1)), count >= 0,
      count <= arguments.count &- 3
    else { return nil }
    let place = 2 &+ count
    let prefixes = (place &+ 1..<arguments.count).map {
      ClientSession.bytes(block.extracting(arguments[$0].range))
    }
    return (arguments[place].range, prefixes, count > 0)
  }

  /// A quick look: no name of a client's command begins so and gets this far.
  static func isBlock(_ frame: Span<UInt8>) -> Bool {
    var place = 0
    while place < min(frame.count, 12), frame[place] != UInt8(ascii: "\n") { place &+= 1 }
    while place < min(frame.count, 20), frame[place] != UInt8(ascii: "S") { place &+= 1 }
    guard place &+ word.count < frame.count else { return false }
    for index in word.indices where frame[place &+ index] != word[index] { return false }
    return true
  }

  private static let word = Array("SCRIPT-".utf8)
}

extension ClientSession {
  /// A script, or a function: with a rule it goes its own way, and true is returned.
  func isRuled(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) -> Bool {
    if spec.isRuledScript {
      carryOutRuled(frame, arguments, spec)
      return true
    }
    guard let block = ruled(frame, arguments, spec) else { return false }
    var reader = RequestFramer(limits: .measuredBefore)
    guard case .command = reader.next(block.span) else { return false }
    let words = reader.arguments
    let spec = lane.table.specs[lane.table.resolve(in: block.span, arguments: words.span)]
    carryOutRuled(block.span, words.span, spec)
    return true
  }

  private func carryOutRuled(
    _ block: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) {
    if lane.peers.count > 1, let parts = RuledScript.parts(of: block),
      !parts.prefixes.isEmpty || !parts.hasKeys
    {
      return runExclusively(block)
    }
    toItsLane(block, arguments, spec)
  }

  /// The script as one command with all its keys; nil where there is nothing to know of it.
  private func ruled(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, isInBlock: Bool = false
  ) -> [UInt8]? {
    let known = remember(frame, arguments, spec)
    guard spec.access == .write, arguments.count > 2 else { return nil }
    let rule: ScriptRule?
    switch spec.id {
    case lane.evalSHA:
      rule = lane.scripts.rules[sha1: ClientSession.bytes(frame.extracting(arguments[1].range))]
    case lane.functionCall:
      rule = lane.scripts.rules[function: ClientSession.bytes(frame.extracting(arguments[1].range))]
    default: rule = known
    }
    guard let rule, !rule.isPlain else { return nil }
    return RuledScript.block(rule, frame, arguments, isInBlock: isInBlock)
  }

  /// Takes a command into the transaction. Returns an error if there is no room for it.
  func queue(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) -> String? {
    guard spec.isScript, let block = ruled(frame, arguments, spec, isInBlock: true) else {
      return queued.append(frame, arguments, spec)
    }
    var reader = RequestFramer(limits: .measuredBefore)
    guard case .command = reader.next(block.span) else { return queued.append(frame, arguments, spec) }
    let words = reader.arguments
    return queued.append(
      block.span, words.span, lane.table.specs[lane.table.resolve(in: block.span, arguments: words.span)])
  }
}

extension Lane {
  /// Whether a script's keys that nobody can name may be on the other stack as well. It is refused then.
  func refusesPrefixes(of block: Span<UInt8>, on stack: StackID, sink: ReplySink, slot: UInt32) -> Bool {
    guard let prefixes = RuledScript.parts(of: block)?.prefixes,
      let prefix = prefixes.first(where: { routing.snapshot.primary(ofAll: $0) != stack })
    else { return false }
    refusePrefix(prefix, sink: sink, slot: slot)
    return true
  }

  /// Whether what a script did must not be repeated because a key that it may touch is not what the primary's is.
  private func isDoubtfulBehind(_ block: Span<UInt8>, on mirror: StackID) -> Bool {
    guard let prefixes = RuledScript.parts(of: block)?.prefixes, !prefixes.isEmpty else { return false }
    let suspects = connection(mirror).suspects
    return peers.count > 1 && exclusiveMeetsSuspects
      || prefixes.contains { suspects.hasAny(beginningWith: $0) }
  }

  /// Repeats a script, or copies its keys: what nobody can name of them is on one stack alone then.
  func mirrorRuled(
    _ block: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>, _ spec: CommandSpec, from primary: StackID
  ) {
    let mayRepeat =
      switch spec.prior {
      case _ where spec.mirror == .copy: false
      case .irrelevant: true
      default:
        (isWarm || mayRepeat(spec, block, from: primary)) && !buildsOnSuspects(spec, block, of: primary.other)
          && !isDoubtfulBehind(block, on: primary.other)
      }
    if mayRepeat { return repeatWrite(block, command, reply, from: primary) }
    if let parts = RuledScript.parts(of: block), !parts.prefixes.isEmpty { figures.untoldScripts &+= 1 }
    copy(block, from: primary)
  }

  /// A whole script, or a part of a transaction: the client's own frame is what its stack gets.
  func appendScript(_ frame: Span<UInt8>, to connection: StackConnection) {
    guard let parts = RuledScript.parts(of: frame) else { return connection.append(frame) }
    connection.append(frame.extracting(parts.frame))
  }
}
