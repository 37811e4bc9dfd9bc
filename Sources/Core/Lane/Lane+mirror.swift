import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting

#if canImport(Glibc)
  import Glibc
#endif

/// What happens behind the client's back: acknowledged writes and compared reads go to the mirror, in the order of the
/// primary's replies (law 2).
///
/// Why the order holds: the primary's replies arrive on one connection in the order in which it executed the
/// commands; each is handled to its end, the mirror's bytes appended, before the next is looked at; and the mirror has
/// one connection too.
extension Lane {
  /// Repeats what a write did that the primary has acknowledged: its effect, not its wish (law 3).
  func mirror(_ request: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>, from primary: StackID) {
    let shift = clockShift(to: primary.other)
    if shift != 0, mirrorShifted(request, command, reply, from: primary, by: shift) { return }
    mirrorTold(request, command, reply, from: primary)
  }

  /// The same where the command has a time of day, which is one of the primary's clock; false where it has none.
  private func mirrorShifted(
    _ request: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>, from primary: StackID, by shift: Int
  ) -> Bool {
    let spec = table.specs[Int(command.command)]
    if Lane.isPlainSet(spec, request) { return false }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request) else { return true }
    guard let shifted = Mirroring.shifted(spec, request, framer.arguments.span, by: shift) else {
      return false
    }
    mirrorTold(shifted.span, command, reply, from: primary)
    return true
  }

  private func mirrorTold(
    _ request: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>, from primary: StackID
  ) {
    let spec = table.specs[Int(command.command)]
    if spec.isRuledScript { return mirrorRuled(request, command, reply, spec, from: primary) }
    if spec.mirror == .copy { return copy(request, from: primary) }
    if knowsAbsent, takesFromAbsent(request, at: primary) {
      // The two replies differ, as they must.
      return repeatWrite(request, command, nil, from: primary, isOfAbsent: true)
    }
    if spec.mirror == .parts { return mirrorParts(request, command, reply, from: primary) }
    if !isWarm, !mayRepeat(spec, request, from: primary), !isInPieces(request) {
      return copy(request, from: primary)
    }
    if buildsOnSuspects(spec, request, of: primary.other) { return copy(request, from: primary) }
    guard !Lane.isPlainSet(spec, request), !LawBreak.mirrorTheWish.isOn else {
      return repeatWrite(request, command, reply, from: primary)
    }
    guard case .effect = spec.mirror else {
      // What the mirror's server does not have, it cannot be told so.
      if spec.isOneSided, !spec.isKnown(to: side(primary.other), count: ReplyReader.count(request) ?? 0) {
        return copy(request, from: primary)
      }
      if spec.doubt.asksAhead { askAhead(of: request, spec, reply, from: primary) }
      repeatWrite(request, command, reply, from: primary)
      if spec.doubt.isPossible { askForProof(of: request, spec, reply, from: primary) }
      return
    }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request) else { return }
    let arguments = framer.arguments
    switch Mirroring.effect(
      of: spec, request: request, arguments: arguments.span, reply: reply,
      nowMilliseconds: wallClock &+ Int64(connection(primary.other).clockShift),
      limits: settings.limits, abilities: (abilities(of: primary), abilities(of: primary.other)),
      into: &effect)
    {
    case .asSent:
      if spec.isOneSided, !spec.isKnown(to: side(primary.other), count: ReplyReader.count(request) ?? 0) {
        return copy(request, from: primary)
      }
      repeatWrite(request, command, reply, from: primary)
    case .copy: return copy(request, from: primary)
    case .replaced:
      let frame = effect
      repeatWrite(frame.span, command, nil, from: primary)
    case .replacedAddingNothing:
      let frame = effect
      repeatWrite(frame.span, command, Lane.zero.span, from: primary)
    case .replacedAndTrimmed:
      let frame = effect
      repeatWrite(frame.span, command, nil, from: primary)
      // Ahead of the proof: the mirror is trimmed before it is asked how much it holds.
      trimAlike(request, from: primary)
    case .trimmed: return trimAlike(request, from: primary)
    case .nothing: return
    }
    if spec.doubt.isPossible { askForProof(of: request, spec, reply, from: primary) }
  }

  /// Asks both stacks what they hold of an updated key if the update's reply does not tell what it found (`PriorDoubt`): the primary
  /// now, and the mirror where the primary's answer stands in the log.
  private func askForProof(
    of request: Span<UInt8>, _ spec: CommandSpec, _ reply: Span<UInt8>, from primary: StackID
  ) {
    if LawBreak.unprovenUpdates.isOn { return }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request) else { return }
    guard
      let question = Mirroring.question(
        behind: spec, request: request, arguments: framer.arguments.span, reply: reply, into: &effect)
    else { return }
    // Of keys of other lanes the answers would have no order.
    guard spec.hasSingleKeyAtOne || keys(of: request).allSatisfy({ owner(of: $0.span) === self }) else {
      return copy(request, from: primary)
    }
    let frame = effect
    connection(primary).send(frame.span, proof(frame.span, question, sequel: .compare), sink: nil)
    guard
      let second = Mirroring.question(
        behind: spec, isSecond: true, request: request, arguments: framer.arguments.span, reply: reply,
        into: &effect)
    else { return }
    let other = effect
    connection(primary).send(other.span, proof(other.span, second, sequel: .compare), sink: nil)
  }

  /// Asks the mirror whether it has a key of which it is about to change a part; if not, the key is copied.
  private func askAhead(
    of request: Span<UInt8>, _ spec: CommandSpec, _ reply: Span<UInt8>, from primary: StackID
  ) {
    let mirror = connection(primary.other)
    guard !LawBreak.unprovenUpdates.isOn, mirror.isUp, !mirror.mirrorIsFull(adding: request.count) else {
      return
    }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request),
      let question = Mirroring.questionAhead(
        of: spec, request: request, arguments: framer.arguments.span, reply: reply, into: &effect)
    else { return }
    let frame = effect
    mirror.send(frame.span, proof(frame.span, question, sequel: .none, answer: 1), sink: nil)
  }

  private func proof(_ frame: Span<UInt8>, _ question: Int, sequel: Errand.Sequel, answer: Int = 0)
    -> Errand
  {
    var key = OpenProofs.several
    var framer = RequestFramer(limits: .measuredBefore)
    if case .command = framer.next(frame), framer.arguments.count == 2 {
      key = OpenProofs.mark(of: frame.extracting(framer.arguments[1].range))
    }
    return Errand(
      slot: 0, command: UInt16(truncatingIfNeeded: question), role: .proof, sequel: sequel, isKept: true,
      tail: .any, sentAt: now, note: .proof(answer: Int64(answer), key: key))
  }

  /// A stack has said what it holds of an updated key. Where the two differ, one has lost the key between its own command and the
  /// other's, or before: it is copied.
  func proved(
    _ reply: Span<UInt8>, _ question: Errand, request: Span<UInt8>, by connection: StackConnection
  ) {
    let other = self.connection(connection.stack.other)
    // An error (another type by now) is an answer as well.
    let answer = ReplyReader.integer(reply) ?? .min
    guard question.sequel == .none else {
      guard other.isUp, !other.mirrorIsFull(adding: request.count) else {
        return suspect(request, on: other.stack)
      }
      return other.send(
        request, proof(request, Int(question.command), sequel: .none, answer: answer), sink: nil)
    }
    guard case .proof(let told, _) = question.note else { return }
    let expected = Int(truncatingIfNeeded: told)
    let spec = table.specs[Int(question.command)]
    // A source that both lack may have gone between the two commands. What both still have, both commands have found.
    let isComplete = spec.hasSingleKeyAtOne || answer == keys(of: request).count
    let isTime = spec.comparison == .tolerance
    if isComplete, answer == expected || (isTime && answer >= 0 && expected >= 0) { return }
    // The mirror lacked a string of which a part was changed: made on both just now, perhaps. It holds that part and nothing else; if
    // the primary's has as many bits, so does that one. A flip waits for no further question, only for copies.
    if answer == 0, expected == 1, other.isUp, !isFenced,
      let bits = Mirroring.bits(of: request, askedBy: spec, into: &effect)
    {
      let frame = effect
      return other.send(frame.span, proof(frame.span, bits, sequel: .compare), sink: nil)
    }
    if isInPieces(request) { return doubtPieces(of: request) }
    copy(request, from: other.stack)
  }

  /// Whether it is not known yet what some update has met.
  var hasOpenProofs: Bool { legacy.openProofs > 0 || new.openProofs > 0 }

  /// Whether the write takes something from a key on which the mirror may be wrong (`RENAME`, `SUNIONSTORE`). What comes of that
  /// its reply need not tell, and the key that it makes there would be no suspect.
  func buildsOnSuspects(_ spec: CommandSpec, _ request: Span<UInt8>, of mirror: StackID) -> Bool {
    guard spec.prior == .equal, !spec.hasSingleKeyAtOne, !spec.updatesKeysApart else { return false }
    if exclusiveMeetsSuspects { return true }
    let suspects = connection(mirror).suspects
    guard !suspects.isEmpty || proofs.total > 0 else { return false }
    // A proof is asked for behind what was pipelined: by then this may have taken the updated key away, and it proves nothing. Of other
    // keys it says nothing either way.
    let keys = keys(of: request)
    if keys.contains(where: suspects.contains) { return true }
    if spec.movesOneElement { return false }
    // The first is the one that is made.
    guard spec.isToldByCount else { return keys.contains { proofs.mayHave($0.span) } }
    return keys.dropFirst().count { proofs.mayHave($0.span) } > 1
  }

  /// `SET key value` is by far the most frequent write, and nothing about it depends on its reply.
  static func isPlainSet(_ spec: CommandSpec, _ request: Span<UInt8>) -> Bool {
    spec.mirror == .effect(.set) && hasThreeWords(request)
  }

  static func hasThreeWords(_ request: Span<UInt8>) -> Bool {
    request.count > 4 && request[1] == UInt8(ascii: "3") && request[2] == UInt8(ascii: "\r")
  }

  /// Milliseconds since 1970; effects that name a time name it absolutely.
  var wallClock: Int64 { settings.world.milliseconds }

  /// - Parameters:
  ///   - reply: the primary's, where the mirror's must be the same; nil where it is the reply to another command, or another one is right.
  ///   - isOfAbsent: the primary lacks the key, and the mirror's value is the right one all the same.
  func repeatWrite(
    _ request: Span<UInt8>, _ command: Errand, _ reply: Span<UInt8>?, from primary: StackID,
    isOfAbsent: Bool = false
  ) {
    if !carrying.isEmpty, concernsPieces(request, isKnown: true) { return }
    if knowsAbsent, !isOfAbsent, concernsAbsent(request, from: primary, isKnown: true) { return }
    let mirror = connection(primary.other)
    guard mirror.isUp, !mirror.mirrorIsFull(adding: request.count) else {
      figures.compare.droppedWrites &+= 1
      return suspect(request, on: primary.other)
    }
    figures.compare.mirroredWrites &+= 1
    var repeated = Errand(
      slot: 0, command: command.command, role: .mirroredWrite, sequel: .none, isKept: true,
      tail: mirror.tail.resolved(for: .any), sentAt: now, recorded: command.recorded)
    let spec = table.specs[Int(command.command)]
    if let reply,
      spec.prior == .equal || spec.prior == .equalOrAbsent || (spec.prior == .existing && isWarm)
    {
      // The two replies are held against each other: in one protocol, they are the same bytes.
      if mirror.reaches(command.tail) { repeated.tail = command.tail }
      repeated.note = Lane.answer(reply)
    } else if spec.prior == .existing, isWarm, Lane.hasThreeWords(request) {
      repeated.note = Lane.one
    }
    mirror.expect(request, repeated, sink: nil)
    if spec.isRuledScript { appendScript(request, to: mirror) } else { mirror.append(request) }
  }

  /// Whether the mirror's reply shows that it does not hold what the primary does. A key that a cold mirror lacks stays absent by many a command.
  func tellsOfAnother(_ reply: Span<UInt8>, to command: Errand) -> Bool {
    guard case .answer = command.note, !isSame(reply, as: command) else { return false }
    return table.specs[Int(command.command)].prior != .equalOrAbsent || !Lane.tellsOfNothing(reply)
  }

  private static func tellsOfNothing(_ reply: Span<UInt8>) -> Bool {
    ReplyReader.isNull(reply) || ReplyReader.isEmptyAggregate(reply) || reply[1] == UInt8(ascii: "0")
  }

  private static let zero = Array(":0\r\n".utf8)

  /// `:1`: what a mirror that has the key says to the `PEXPIREAT` that an effect is.
  private static let one = answer(Array(":1\r\n".utf8).span)

  private static func answer(_ reply: Span<UInt8>) -> Errand.Note {
    .answer(digest: Digest(reply).value, length: UInt32(truncatingIfNeeded: reply.count))
  }

  /// Repeats a read that the primary has answered; length and digest of the answer go along.
  func compare(_ request: Span<UInt8>, _ command: Errand, with reply: Span<UInt8>, from primary: StackID) {
    let mirror = connection(primary.other)
    guard mirror.isUp, !mirror.mirrorIsFull(adding: request.count) else {
      figures.compare.dropped &+= 1
      return
    }
    // In the protocol of the first answer, so that equal bytes match.
    guard mirror.reaches(command.tail) else { return figures.compare.ignore(.oneSided) }
    mirror.send(
      request,
      Errand(
        slot: 0, command: command.command, role: .comparedRead, sequel: .none, isKept: true,
        tail: command.tail, sentAt: now, note: Lane.answer(reply)), sink: nil)
  }

  /// Whether the mirror's reply is the one that the primary gave.
  func isSame(_ reply: Span<UInt8>, as command: Errand) -> Bool {
    guard case .answer(let digest, let length) = command.note else { return false }
    return reply.count == Int(length) && Digest(reply).value == digest
  }

  /// The mirror's answer to a compared read is there.
  func compared(_ reply: Span<UInt8>, _ command: Errand, request: Span<UInt8>, by mirror: StackID) {
    if isSame(reply, as: command) {
      figures.compare.matched &+= 1
      if guards.isAlert {
        guards.agreed(Lane.digestOfKey(in: request), isOfNew: mirror == .legacy, at: now)
      }
      if !known.isEmpty { known.agreed(about: Digest(request).value) }
    } else if LawBreak.compareWithoutReask.isOn {
      figures.recordDivergence(.value, command: command.command)
    } else {
      recheck(request, command: Int(command.command), command.tail)
    }
  }

  /// The mirror owed its answer to this read for longer than it may, and is cut off.
  func timedOut(_ command: Errand, request: Span<UInt8>, on mirror: StackID) {
    guard case .answer(let digest, let length) = command.note else { return }
    let answer = Divergence.Answer(length: Int(length), digest: digest)
    figures.recordDivergence(.timeout, command: command.command)
    report(
      .divergence(
        Divergence(
          kind: .timeout, command: command.command, key: keys(of: request).first ?? [],
          legacy: mirror == .legacy ? nil : answer, new: mirror == .new ? nil : answer, firstDifference: nil))
    )
  }

  /// Asks both stacks again before a difference is called one.
  private func recheck(_ request: Span<UInt8>, command: Int, _ tail: LinkTail) {
    // Behind a fence the sides are about to change.
    guard fence == nil else { return figures.compare.ignore(.overtaken) }
    // Too many questions would be traffic of our own making.
    guard rechecks < Lane.maximumRechecks else {
      figures.compare.dropped &+= 1
      return
    }
    rechecks += 1
    Recheck(request, spec: table.specs[command], tail, on: self).start()
  }

  static let maximumRechecks = 1024
}
