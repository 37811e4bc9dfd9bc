import SluiceRESP
import SluiceRouting

/// Walks over a stack whose keys are doubtful in a share, and then over the other one, and makes each key of that share that is this lane's a
/// suspect by name: what may be old on the stack, and what may be missing there.
///
/// `SCAN` gives every key that is there from its beginning to its end; what comes in meanwhile comes through the lane. So when both have come
/// to their end, what is no suspect is right. It is done in steps, each when the repairs have caught up with the one before.
final class ShareWalk: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let stack: StackID
  /// Which of the two it is over now.
  private var side: StackID
  /// Nil at the beginning.
  private var cursor: [UInt8]?
  /// Which of the stack's shares this is about (`Suspects.shares`).
  private var share: UInt64 = 0
  private var isAsking = false
  /// Not before; after an answer that was none.
  private var pausesUntil: UInt64 = 0

  init(over stack: StackID, in lane: Lane) {
    self.lane = lane
    self.stack = stack
    side = stack
    super.init(home: lane.index)
  }

  /// Called with every tick.
  func goOn() {
    let connection = lane.connection(stack)
    guard !isAsking, connection.isUp, lane.connection(side).isUp, !lane.isFenced, lane.now >= pausesUntil,
      connection.suspects.count < Self.mostWaiting
    else { return }
    isAsking = true
    // More were forgotten meanwhile: from the beginning.
    if share != connection.suspects.shares { (side, cursor) = (stack, nil) }
    share = connection.suspects.shares
    lane.ask(
      [Array("SCAN".utf8), cursor ?? Array("0".utf8), Array("COUNT".utf8), Array("512".utf8)], of: side,
      slot: 0, role: .recheck, sink: self)
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    isAsking = false
    guard let parts = ReplyReader.elements(of: reply), parts.count == 2,
      let next = ReplyReader.string(reply.extracting(parts[0])),
      let keys = ReplyReader.elements(of: reply.extracting(parts[1]))
    else { return failed() }
    let connection = lane.connection(stack)
    let answer = reply.extracting(parts[1])
    for element in keys {
      guard let text = ReplyReader.string(answer.extracting(element)) else { continue }
      let key = answer.extracting(element).extracting(text)
      guard lane.owner(of: key) === lane else { continue }
      connection.suspects.name(key.withUnsafeBufferPointer { Array($0) })
    }
    let mark = reply.extracting(parts[0]).extracting(next).withUnsafeBufferPointer { Array($0) }
    cursor = mark
    lane.wantsRepairs = true
    lane.scheduleTurnEnd()
    guard mark == Array("0".utf8) else { return }
    if side == stack {
      (side, cursor) = (stack.other, nil)
    } else {
      lane.shareWalks[stack] = nil
      if share == connection.suspects.shares { connection.suspects.namedAll() }
    }
  }

  /// The connection was lost. The server may be another one when it is back: from the beginning.
  override func replyFailed(slot: UInt32) {
    isAsking = false
    failed()
  }

  private func failed() {
    (side, cursor) = (stack, nil)
    pausesUntil = lane.now &+ 1_000_000_000
  }

  /// With so many suspects the walk waits.
  private static let mostWaiting = 1024
}

extension Lane {
  /// Called with every tick.
  func walkShares() {
    for connection in stacks {
      guard connection.suspects.hasShare else {
        if !shareWalks.isEmpty { shareWalks[connection.stack] = nil }
        continue
      }
      guard routing.mirrorsWrites else { continue }
      if let walk = shareWalks[connection.stack] {
        walk.goOn()
      } else {
        // A key that the stack lacks is in no walk over it: nothing is built on it until both are known to be equal.
        connection.isWarm = false
        equalKeys = []
        shareWalks[connection.stack] = ShareWalk(over: connection.stack, in: self)
      }
    }
  }

  /// Whether a stack may hold doubtful keys of which it is the primary is known before anybody is answered in a routing.
  func tellStrays() {
    tellStrays(of: legacy)
    tellStrays(of: new)
  }

  private func tellStrays(of connection: StackConnection) {
    guard connection.suspects.hasStrays != connection.hasToldStrays else { return }
    connection.hasToldStrays = connection.suspects.hasStrays
    connection.history.hasStrays(connection.suspects.hasStrays, lane: index)
  }
}
