import Commands
import Figures
import NIOCore
import RESP
import Routing

/// What happens behind the client's back: acknowledged writes and compared reads go to the mirror, in the order of the
/// primary's replies (law 2).
///
/// Why the order holds: the primary's replies arrive on one connection in the order in which it executed the
/// commands; each is handled to its end, the mirror's bytes appended, before the next is looked at; and the mirror has
/// one connection too.
extension Lane {
  /// Repeats a write that the primary has acknowledged.
  func mirror(_ request: Span<UInt8>, _ command: Pending, from primary: StackID) {
    let mirror = connection(primary.other)
    guard mirror.isUp, !mirror.mirrorIsFull(adding: request.count) else {
      figures.compare.droppedWrites &+= 1
      return
    }
    figures.compare.mirroredWrites &+= 1
    mirror.send(
      request,
      Pending(slot: 0, command: command.command, role: .mirroredWrite, sequel: .none, sentAt: now), sink: nil)
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

  /// The mirror's answer to a compared read is there.
  func compared(_ reply: Span<UInt8>, _ command: Pending, request: Span<UInt8>) {
    if reply.count == Int(command.primaryLength), Digest(reply).value == command.primaryDigest {
      figures.compare.matched &+= 1
    } else {
      recheck(request, command: Int(command.command))
    }
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
