import Commands
import Figures
import NIOCore
import RESP
import Routing

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
  func mirror(_ request: Span<UInt8>, _ command: Pending, _ reply: Span<UInt8>, from primary: StackID) {
    let spec = table.specs[Int(command.command)]
    if spec.mirror == .copy { return copy(request, from: primary) }
    if !isWarm, !mayRepeat(spec, request, from: primary) { return copy(request, from: primary) }
    if buildsOnSuspects(spec, request, of: primary.other) { return copy(request, from: primary) }
    guard case .effect = spec.mirror, !Lane.isPlainSet(spec, request), !LawBreak.mirrorTheWish.isOn
    else {
      return repeatWrite(request, command, reply, from: primary)
    }
    var framer = RequestFramer(limits: settings.limits)
    guard case .command = framer.next(request) else { return }
    let arguments = framer.arguments
    switch Mirroring.effect(
      of: spec, request: request, arguments: arguments.span, reply: reply, nowMilliseconds: Lane.wallClock(),
      into: &effect)
    {
    case .asSent: repeatWrite(request, command, reply, from: primary)
    case .copy: copy(request, from: primary)
    case .replaced:
      let frame = effect
      repeatWrite(frame.span, command, nil, from: primary)
    case .nothing: break
    }
  }

  /// Whether the write takes something from a key on which the mirror may be wrong (`RENAME`, `SUNIONSTORE`). What comes of that
  /// its reply need not tell, and the key that it makes there would be no suspect.
  private func buildsOnSuspects(_ spec: CommandSpec, _ request: Span<UInt8>, of mirror: StackID) -> Bool {
    guard spec.prior == .equal, !spec.hasSingleKeyAtOne else { return false }
    if exclusiveMeetsSuspects { return true }
    let suspects = connection(mirror).suspects
    guard !suspects.isEmpty else { return false }
    var framer = RequestFramer(limits: settings.limits)
    guard case .command = framer.next(request) else { return false }
    keyIndices.removeAll(keepingCapacity: true)
    _ = spec.keyIndices(in: request, arguments: framer.arguments.span, into: &keyIndices)
    return keyIndices.contains { index in
      suspects.contains(
        request.extracting(framer.arguments[index].range).withUnsafeBufferPointer { Array($0) })
    }
  }

  /// `SET key value` is by far the most frequent write, and nothing about it depends on its reply.
  static func isPlainSet(_ spec: CommandSpec, _ request: Span<UInt8>) -> Bool {
    spec.mirror == .effect(.set) && request.count > 4 && request[1] == UInt8(ascii: "3")
      && request[2] == UInt8(ascii: "\r")
  }

  /// Milliseconds since 1970; effects that name a time name it absolutely.
  static func wallClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// - Parameter reply: the primary's, where the mirror's must be the same; nil where it is the reply to another command.
  func repeatWrite(
    _ request: Span<UInt8>, _ command: Pending, _ reply: Span<UInt8>?, from primary: StackID
  ) {
    let mirror = connection(primary.other)
    guard mirror.isUp, !mirror.mirrorIsFull(adding: request.count) else {
      figures.compare.droppedWrites &+= 1
      return suspect(request, on: primary.other)
    }
    figures.compare.mirroredWrites &+= 1
    var repeated = Pending(
      slot: 0, command: command.command, role: .mirroredWrite, sequel: .none, isKept: true, sentAt: now,
      recorded: command.recorded)
    if let reply, table.specs[Int(command.command)].buildsOnPriorValue {
      repeated.primaryLength = UInt32(truncatingIfNeeded: reply.count)
      repeated.primaryDigest = Digest(reply).value
    }
    mirror.send(request, repeated, sink: nil)
  }

  /// Repeats a read that the primary has answered; length and digest of the answer go along.
  func compare(_ request: Span<UInt8>, _ command: Pending, with reply: Span<UInt8>, from primary: StackID) {
    let mirror = connection(primary.other)
    guard mirror.isUp, !mirror.mirrorIsFull(adding: request.count) else {
      figures.compare.dropped &+= 1
      return
    }
    mirror.send(
      request,
      Pending(
        slot: 0, command: command.command, role: .comparedRead, sequel: .none, isKept: true,
        sentAt: now,
        primaryLength: UInt32(truncatingIfNeeded: reply.count), primaryDigest: Digest(reply).value), sink: nil
    )
  }

  /// Whether the mirror's reply is the one that the primary gave.
  func isSame(_ reply: Span<UInt8>, as command: Pending) -> Bool {
    reply.count == Int(command.primaryLength) && Digest(reply).value == command.primaryDigest
  }

  /// The mirror's answer to a compared read is there.
  func compared(_ reply: Span<UInt8>, _ command: Pending, request: Span<UInt8>) {
    if isSame(reply, as: command) {
      figures.compare.matched &+= 1
    } else if LawBreak.compareWithoutReask.isOn {
      figures.recordDivergence(.value, command: command.command)
    } else {
      recheck(request, command: Int(command.command))
    }
  }

  /// The mirror owed its answer to this read for longer than it may, and is cut off.
  func timedOut(_ command: Pending, request: Span<UInt8>, on mirror: StackID) {
    var framer = RequestFramer(limits: settings.limits)
    guard case .command = framer.next(request) else { return }
    var keys: [Int] = []
    _ = table.specs[Int(command.command)].keyIndices(
      in: request, arguments: framer.arguments.span, into: &keys)
    let key = keys.first.map { index in
      request.extracting(framer.arguments[index].range).withUnsafeBufferPointer { Array($0) }
    }
    let answer = Divergence.Answer(length: Int(command.primaryLength), digest: command.primaryDigest)
    figures.recordDivergence(.timeout, command: command.command)
    report(
      .divergence(
        Divergence(
          kind: .timeout, command: command.command, key: key ?? [],
          legacy: mirror == .legacy ? nil : answer, new: mirror == .new ? nil : answer, firstDifference: nil))
    )
  }

  /// Asks both stacks again before a difference is called one.
  private func recheck(_ request: Span<UInt8>, command: Int) {
    // Behind a fence the sides are about to change, and too many questions would be traffic of our own making.
    guard fence == nil, rechecks < Lane.maximumRechecks else {
      figures.compare.dropped &+= 1
      return
    }
    rechecks += 1
    Recheck(request, spec: table.specs[command], on: self).start()
  }

  static let maximumRechecks = 1024
}
