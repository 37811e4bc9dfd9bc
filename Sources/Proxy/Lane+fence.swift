import NIOCore
import SluiceRESP
import SluiceRouting

/// How keys change sides: hold the commands on them, let what is in flight finish, put the new routing in force, let
/// the held commands go on.
///
/// Why only the stack that loses keys is waited for: a key that moves from A to B has commands in flight at A alone.
/// Once A has answered them their mirrored effects are queued on this lane's one connection to B, ahead of anything
/// that B will now be sent as the key's primary.
extension Lane {
  /// Puts `snapshot` in force, behind a fence if keys change sides. `deadline` in nanoseconds bounds the hold.
  func adopt(_ snapshot: RoutingSnapshot, deadline: Int64, flipped: @escaping @Sendable (LaneFlip) -> Void) {
    turnBegan()
    guard !isShutDown else { return flipped(LaneFlip(lane: index, held: 0, commands: 0, cutOff: [])) }
    // Publications may overtake each other on their way here; the newest one wins.
    guard snapshot.version >= newestVersion else {
      // Whoever has ordered this one is answered when what took its place is in force, too: until then nothing of it is.
      if fence?.target != nil {
        fence?.flipped.append(flipped)
      } else {
        flipped(LaneFlip(lane: index, held: 0, commands: 0, cutOff: []))
      }
      return
    }
    newestVersion = snapshot.version
    // Nothing moves, and nobody waits for anything else.
    if (fence == nil && routing.snapshot.movesNothing(comparedTo: snapshot)) || LawBreak.noFence.isOn {
      putInForce(snapshot)
      resumePostponed()
      return flipped(LaneFlip(lane: index, held: 0, commands: 0, cutOff: []))
    }
    var fence = fence ?? newFence()
    if self.fence == nil { holdReturns(&fence) }
    fence.isRetargeted = fence.isRetargeted || fence.target != nil
    fence.deadline = deadline
    fence.target = snapshot
    fence.targetSince = loop.now.uptimeNanoseconds
    fence.flipped.append(flipped)
    // A command that has the lane for itself goes by the routing that it has found; the flip begins when it is through.
    if fence.isGranted { self.fence = fence } else { begin(fence, to: snapshot) }
    // An earlier flip may still be waiting behind this fence: whichever deadline comes first ends it for both.
    armDeadline(deadline, of: fence.number)
    progressed()
  }

  /// Lets a flip wait for the stacks that lose keys.
  private func begin(_ fence: Fence, to snapshot: RoutingSnapshot) {
    var fence = fence
    let losing = losers(to: snapshot)
    fence.step = .losing
    fence.barriers = (
      losing.legacy || fence.isExclusive ? legacy.lastPrimary : 0,
      losing.new || fence.isExclusive ? new.lastPrimary : 0
    )
    self.fence = fence
  }

  /// Empties the lane and keeps it so until `release`: for a command that touches other lanes as well.
  func hold(deadline: Int64, granted: @escaping @Sendable () -> Void) {
    turnBegan()
    if fence == nil { endReturns() }
    var fence = fence ?? newFence()
    exclusions &+= 1
    fence.isExclusive = true
    fence.step = .losing
    // A rollback that waits here is in more of a hurry.
    fence.deadline = fence.target == nil ? deadline : min(fence.deadline, deadline)
    fence.barriers = (legacy.lastPrimary, new.lastPrimary)
    fence.granted = granted
    self.fence = fence
    armDeadline(deadline, of: fence.number)
    progressed()
  }

  /// The lane ends: who waits for a flip must not wait for ever.
  func abandonFlips() {
    isShutDown = true
    let waiting = fence?.flipped ?? []
    fence?.flipped = []
    for flipped in waiting { flipped(LaneFlip(lane: index, held: 0, commands: 0, cutOff: cutOff)) }
  }

  /// The exclusive command is through.
  func release() {
    turnBegan()
    exclusiveMeetsSuspects = false
    guard var fence, let target = fence.target else {
      fence = nil
      cutOff = []
      return goOn()
    }
    // A flip came meanwhile. Commands on keys that do not move are held too.
    fence.isRetargeted = true
    fence.isExclusive = false
    fence.isGranted = false
    fence.isReleasing = false
    begin(fence, to: target)
    armDeadline(fence.deadline, of: fence.number)
    progressed()
  }

  func hold(_ frame: Span<UInt8>, sink: ReplySink, slot: UInt32, keys: Int) {
    // Clients of this loop have been told to wait before; those of others hear of it here.
    guard held.byteCount < settings.heldBytes else {
      return refuse(
        "TRYAGAIN sluice: more waits for a flip than the proxy may hold; nothing was done, try again",
        sink: sink, slot: slot)
    }
    held.append(frame, sink: sink, slot: slot, keys: keys, at: now, from: waitingSince)
  }

  /// Something was answered, or a connection was lost: the fence may come down.
  func progressed() {
    relieve()
    guard var fence else { return }
    if fence.isGranted { return exclusiveProgressed() }
    guard isReached(fence) else { return }
    copyMore(&fence)
    self.fence = fence
    guard isReached(fence) else { return }
    while let step = nextStep(of: fence) {
      fence.step = step
      begin(step, of: &fence)
      copyMore(&fence)
      self.fence = fence
      guard isReached(fence) else { return armDeadline(fence.deadline, of: fence.number) }
    }
    let flip = LaneFlip(lane: index, held: now &- fence.raisedAt, commands: held.count, cutOff: cutOff)
    if let target = fence.target { putInForce(target) }
    fence.target = nil
    let flipped = fence.flipped
    fence.flipped = []
    if fence.isExclusive {
      fence.isGranted = true
      self.fence = fence
      fence.granted?()
    } else {
      self.fence = nil
      cutOff = []
      goOn()
    }
    for report in flipped { report(flip) }
  }

  /// The command that has the lane for itself is through when it is answered and, with several lanes, when the mirror has taken
  /// its effect: the other lanes' connections go another way.
  private func exclusiveProgressed() {
    guard var fence else { return }
    if fence.purged != nil { return purgeProgressed() }
    guard isExclusiveAnswered else { return }
    if !fence.isReleasing {
      fence.isReleasing = true
      // Where both stacks answer for keys, both must have done it.
      let waits = peers.count > 1 || routing.commonPrimary == nil
      fence.barriers = waits ? (legacy.lastEffect, new.lastEffect) : (0, 0)
      self.fence = fence
    }
    guard unreached(fence).isEmpty, let done = exclusiveDone.take() else { return }
    isExclusiveAnswered = false
    done()
  }

  /// Deletes the lane's own suspects among the keys of a command that is about to have all lanes for itself: nobody else could, and
  /// its connections know nothing of the others' order. `done` is called when the stacks have taken the deletions, or not.
  func purgeBeforeExclusive(_ frame: Span<UInt8>, done: @escaping () -> Void) {
    guard !legacy.suspects.isEmpty || !new.suspects.isEmpty else { return done() }
    for key in ownKeys(of: frame) { purge(key.span, on: routing.primary(of: key.span)) }
    fence?.purged = done
    fence?.barriers = (legacy.lastPrimary, new.lastPrimary)
    purgeProgressed()
  }

  private func purgeProgressed() {
    guard var fence, let done = fence.purged, unreached(fence).isEmpty else { return }
    if !fence.isPurged, peers.count > 1 {
      fence.isPurged = true
      fence.barriers = (legacy.lastEffect, new.lastEffect)
      self.fence = fence
      guard unreached(fence).isEmpty else { return }
    }
    fence.purged = nil
    fence.isPurged = false
    fence.barriers = (0, 0)
    self.fence = fence
    for connection in stacks { connection.hasRefusedPurge = false }
    done()
  }

  /// Whether a key of the command is a suspect on the stack that would answer for it.
  func hasSuspect(_ frame: Span<UInt8>) -> Bool {
    ownKeys(of: frame).contains { key in
      let suspects = connection(routing.primary(of: key.span)).suspects
      return suspects.isEverything || (suspects.contains(key) && !suspects.isAbsent(key))
    }
  }

  private func ownKeys(of frame: Span<UInt8>) -> [[UInt8]] {
    keys(of: frame).filter { owner(of: $0.span) === self }
  }

  private func nextStep(of fence: Fence) -> Fence.Step? {
    // Before an exclusive command proofs and effects matter only with several lanes, whose connections have no order between them. A
    // flip that goes ahead of it waits for all that a flip waits for.
    if fence.isExclusive, fence.target == nil, peers.count == 1 || fence.step == .gaining { return nil }
    return Fence.Step(rawValue: fence.step.rawValue + 1)
  }

  /// Starts the next copies when those before them have ended, until every key was looked at that was a suspect when they began.
  private func copyMore(_ fence: inout Fence) {
    guard fence.step == .copying else { return }
    while repairs == 0, fence.uncopied > 0 {
      let looked = startRepairs(atMost: Lane.maximumRepairs)
      fence.uncopied = looked > 0 ? fence.uncopied - looked : 0
    }
  }

  private func begin(_ step: Fence.Step, of fence: inout Fence) {
    let (legacyGains, newGains) = (gains(.legacy, fence), gains(.new, fence))
    if step == .copying {
      fence.uncopied = min(legacy.suspects.count + new.suspects.count, Lane.maximumCopiesOfFlip)
    }
    fence.barriers =
      switch step {
      case .losing, .copying: (0, 0)
      case .proving: (newGains ? legacy.lastProof : 0, legacyGains ? new.lastProof : 0)
      case .gaining, .settling: (legacyGains ? legacy.lastEffect : 0, newGains ? new.lastEffect : 0)
      }
  }

  private func isReached(_ fence: Fence) -> Bool {
    unreached(fence).isEmpty && (fence.step != .copying || repairs == 0)
  }

  private func newFence() -> Fence {
    fences &+= 1
    return Fence(barriers: (0, 0), raisedAt: now, number: fences)
  }

  /// Which stacks stop being the primary of some key. Judged by what the stages can do; a stack too many only means
  /// a longer wait.
  private func losers(to snapshot: RoutingSnapshot) -> (legacy: Bool, new: Bool) {
    switch snapshot.effectiveStage {
    case .off, .dualwrite, .shadow: (legacy: false, new: true)
    case .live: (legacy: true, new: true)
    case .rampdown, .complete: (legacy: true, new: false)
    }
  }

  /// Whether the stack becomes the primary of some key. Judged like `losers`.
  private func gains(_ stack: StackID, _ fence: Fence) -> Bool {
    if fence.isExclusive { return true }
    guard let target = fence.target else { return false }
    let losing = losers(to: target)
    return stack == .legacy ? losing.new : losing.legacy
  }

  private func unreached(_ fence: Fence) -> [StackConnection] {
    stacks.filter { $0.answered < ($0.stack == .legacy ? fence.barriers.legacy : fence.barriers.new) }
  }

  private func armDeadline(_ deadline: Int64, of number: UInt64) {
    loop.assumeIsolated().scheduleTask(in: .nanoseconds(deadline)) { self.fenceExpired(number, deadline) }
  }

  /// A stack that does not answer is cut off, and the flip goes through.
  private func fenceExpired(_ number: UInt64, _ deadline: Int64) {
    guard var fence, fence.number == number else { return }
    turnBegan()
    if fence.isGranted { return exclusiveExpired(fence, deadline) }
    switch fence.step {
    case .losing, .proving:
      let unreached = unreached(fence)
      // No flip waits, only a command that wants all lanes for itself: while replies flow there is no reason to cut anybody off.
      if fence.target == nil, now &- fence.raisedAt < Lane.longestHold,
        unreached.allSatisfy({ $0.isMoving(within: deadline, now: now) })
      {
        return armDeadline(deadline, of: number)
      }
      for connection in unreached {
        cutOff.append(connection.stack)
        connection.cut("did not answer within the \(deadline / 1_000_000) ms of a fence")
      }
    case .gaining, .settling:
      // Nobody is cut off for the mirror's sake: what it may not have taken is doubtful, and that is enough.
      for connection in unreached(fence) { connection.doubtPending() }
      self.fence?.barriers = (0, 0)
    case .copying:
      // What is not copied by now is deleted when it is asked for.
      fence.uncopied = 0
      fence.step = .settling
      begin(.settling, of: &fence)
      self.fence = fence
      armDeadline(deadline, of: number)
    }
    progressed()
  }

  /// A flip has waited long enough for the command that has the lane for itself. It has no time limit of its own but the
  /// connection's; the stack that loses keys is cut off for it.
  private func exclusiveExpired(_ fence: Fence, _ deadline: Int64) {
    let waited = loop.now.uptimeNanoseconds &- fence.targetSince
    guard let target = fence.target, waited >= UInt64(fence.deadline) else { return }
    let losing = losers(to: target)
    for connection in stacks where connection.stack == .legacy ? losing.legacy : losing.new {
      let last = max(connection.lastPrimary, fence.isReleasing ? connection.lastEffect : 0)
      guard connection.answered < last else { continue }
      cutOff.append(connection.stack)
      connection.cut("did not answer within the \(deadline / 1_000_000) ms of a fence")
    }
  }

  private func goOn() {
    resumePostponed()
    goOn(with: held.take(), heldFor: .fence)
    relieve()
  }

  /// Takes one command whose arguments are known no longer: from another loop, or from behind a fence.
  func receive(_ bytes: Span<UInt8>, sink: ReplySink, slot: UInt32) {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(bytes) else {
      return refuse(
        "ERR Protocol error: \(ProtocolError(.invalidMultibulkLength, at: 0).message)", sink: sink, slot: slot
      )
    }
    let arguments = framer.arguments.span
    let command = table.resolve(in: bytes, arguments: arguments)
    request(bytes, arguments, command: command, sink: sink, slot: slot)
  }

  /// A command for all lanes does not wait longer for what is in flight, even if it flows.
  private static let longestHold: UInt64 = 30_000_000_000
  /// So many suspects are looked at before a flip; more would take longer than a hold may.
  private static let maximumCopiesOfFlip = 16_384
}
