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
      if fence?.flip?.done.append(flipped) == nil {
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
    fence.isRetargeted = fence.isRetargeted || fence.flip != nil
    fence.deadline = deadline
    fence.flip = Fence.Flip(
      target: snapshot, since: loop.now, done: (fence.flip?.done ?? []) + [flipped])
    // A command that has the lane for itself goes by the routing that it has found; the flip begins when it is through.
    if fence.guest?.isIn == true { self.fence = fence } else { begin(fence, to: snapshot) }
    // An earlier flip may still be waiting behind this fence: whichever deadline comes first ends it for both.
    armDeadline(deadline, of: fence.number)
    progressed()
  }

  /// Lets a flip wait for the stacks that lose keys.
  private func begin(_ fence: Fence, to snapshot: RoutingSnapshot) {
    var fence = fence
    let losing = losers(to: snapshot)
    fence.step = .losing
    fence.barriers = stacks.filter { fence.guest != nil || losing.contains($0.stack) }.map(lastPrimary(of:))
    self.fence = fence
  }

  /// Empties the lane and keeps it so until `release`: for a command that touches other lanes as well.
  func hold(deadline: Int64, granted: @escaping @Sendable () -> Void) {
    turnBegan()
    if fence == nil { endReturns() }
    var fence = fence ?? newFence()
    exclusions &+= 1
    fence.guest = .waiting(granted: granted)
    fence.step = .losing
    // A rollback that waits here is in more of a hurry.
    fence.deadline = fence.flip == nil ? deadline : min(fence.deadline, deadline)
    fence.barriers = stacks.map(lastPrimary(of:))
    self.fence = fence
    armDeadline(deadline, of: fence.number)
    progressed()
  }

  /// The lane ends: who waits for a flip must not wait for ever.
  func abandonFlips() {
    isShutDown = true
    let waiting = fence?.flip?.done ?? []
    fence?.flip?.done = []
    for flipped in waiting { flipped(LaneFlip(lane: index, held: 0, commands: 0, cutOff: cutOff)) }
  }

  /// The exclusive command is through.
  func release() {
    turnBegan()
    exclusiveMeetsSuspects = false
    guard var fence, let flip = fence.flip else {
      fence = nil
      cutOff = []
      return goOn()
    }
    // A flip came meanwhile. Commands on keys that do not move are held too.
    fence.isRetargeted = true
    fence.guest = nil
    begin(fence, to: flip.target)
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
    if let guest = fence.guest, guest.isIn { return progressed(guest) }
    guard isReached(fence) else { return }
    copyMore(&fence)
    self.fence = fence
    guard isReached(fence) else { return }
    while let step = nextStep(of: fence) {
      begin(step, of: &fence)
      copyMore(&fence)
      self.fence = fence
      guard isReached(fence) else { return armDeadline(fence.deadline, of: fence.number) }
    }
    let flip = LaneFlip(lane: index, held: now &- fence.raisedAt, commands: held.count, cutOff: cutOff)
    if let target = fence.flip?.target { putInForce(target) }
    let flipped = fence.flip.take()?.done ?? []
    if case .waiting(let granted) = fence.guest {
      fence.guest = .inside
      self.fence = fence
      granted()
    } else {
      self.fence = nil
      cutOff = []
      goOn()
    }
    for report in flipped { report(flip) }
  }

  /// The command that has the lane for itself is through when it is answered and, with several lanes, when the mirror has taken
  /// its effect: the other lanes' connections go another way.
  private func progressed(_ guest: Fence.Guest) {
    guard var fence else { return }
    if case .purging = guest { return purgeProgressed() }
    guard isExclusiveAnswered else { return }
    if !guest.isLeaving {
      fence.guest = .leaving
      // Where both stacks answer for keys, both must have done it.
      let waits = peers.count > 1 || routing.commonPrimary == nil
      fence.barriers = waits ? stacks.map(lastEffect(of:)) : []
      self.fence = fence
    }
    guard fence.unreached.isEmpty, let done = exclusiveDone.take() else { return }
    isExclusiveAnswered = false
    done()
  }

  /// Deletes the lane's own suspects among the keys of a command that is about to have all lanes for itself: nobody else could, and
  /// its connections know nothing of the others' order. `done` is called when the stacks have taken the deletions, or not.
  func purgeBeforeExclusive(_ frame: Span<UInt8>, done: @escaping () -> Void) {
    guard !legacy.suspects.isEmpty || !new.suspects.isEmpty else { return done() }
    for key in ownKeys(of: frame) { purge(key.span, on: routing.primary(of: key.span)) }
    fence?.guest = .purging(isMirrorsTurn: false, done: done)
    fence?.barriers = stacks.map(lastPrimary(of:))
    purgeProgressed()
  }

  private func purgeProgressed() {
    guard var fence, case .purging(let isMirrorsTurn, let done) = fence.guest, fence.unreached.isEmpty else {
      return
    }
    if !isMirrorsTurn, peers.count > 1 {
      fence.guest = .purging(isMirrorsTurn: true, done: done)
      fence.barriers = stacks.map(lastEffect(of:))
      self.fence = fence
      guard fence.unreached.isEmpty else { return }
    }
    fence.guest = .inside
    fence.barriers = []
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
    if fence.guest != nil, fence.flip == nil, peers.count == 1 || fence.step.isGaining { return nil }
    switch fence.step {
    case .losing: return .proving
    case .proving: return .gaining
    case .gaining:
      return .copying(left: min(legacy.suspects.count + new.suspects.count, Lane.maximumCopiesOfFlip))
    case .copying: return .settling
    case .settling: return nil
    }
  }

  /// Starts the next copies when those before them have ended, until every key was looked at that was a suspect when they began.
  private func copyMore(_ fence: inout Fence) {
    guard case .copying(var left) = fence.step else { return }
    while repairs == 0, left > 0 {
      let looked = startRepairs(atMost: Lane.maximumRepairs)
      left = looked > 0 ? left - looked : 0
      fence.step = .copying(left: left)
    }
  }

  private func begin(_ step: Fence.Step, of fence: inout Fence) {
    fence.step = step
    let gaining = stacks.filter { gains($0.stack, fence) }
    switch step {
    case .losing, .copying: fence.barriers = []
    case .proving: fence.barriers = gaining.map { lastProof(of: connection($0.stack.other)) }
    case .gaining, .settling: fence.barriers = gaining.map(lastEffect(of:))
    }
  }

  private func lastPrimary(of link: StackConnection) -> Fence.Barrier {
    Fence.Barrier(link: link, number: link.lastPrimary)
  }

  private func lastEffect(of link: StackConnection) -> Fence.Barrier {
    Fence.Barrier(link: link, number: link.lastEffect)
  }

  private func lastProof(of link: StackConnection) -> Fence.Barrier {
    Fence.Barrier(link: link, number: link.lastProof)
  }

  private func isReached(_ fence: Fence) -> Bool {
    fence.barriers.allSatisfy(\.isReached) && (!fence.step.isCopying || repairs == 0)
  }

  private func newFence() -> Fence {
    fences &+= 1
    return Fence(number: fences, raisedAt: now)
  }

  /// Which stacks stop being the primary of some key. Judged by what the stages can do; a stack too many only means
  /// a longer wait.
  private func losers(to snapshot: RoutingSnapshot) -> Set<StackID> {
    switch snapshot.effectiveStage {
    case .off, .dualwrite, .shadow: [.new]
    case .live: [.legacy, .new]
    case .rampdown, .complete: [.legacy]
    }
  }

  /// Whether the stack becomes the primary of some key. Judged like `losers`.
  private func gains(_ stack: StackID, _ fence: Fence) -> Bool {
    if fence.guest != nil { return true }
    guard let flip = fence.flip else { return false }
    return losers(to: flip.target).contains(stack.other)
  }

  private func armDeadline(_ deadline: Int64, of number: UInt64) {
    arm(in: deadline) { self.fenceExpired(number, deadline) }
  }

  /// A stack that does not answer is cut off, and the flip goes through.
  private func fenceExpired(_ number: UInt64, _ deadline: Int64) {
    guard var fence, fence.number == number else { return }
    turnBegan()
    if fence.guest?.isIn == true { return exclusiveExpired(fence, deadline) }
    switch fence.step {
    case .losing, .proving:
      let unreached = fence.unreached
      // No flip waits, only a command that wants all lanes for itself: while replies flow there is no reason to cut anybody off.
      if fence.flip == nil, now &- fence.raisedAt < Lane.longestHold,
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
      for connection in fence.unreached { connection.doubtPending() }
      self.fence?.barriers = []
    case .copying:
      // What is not copied by now is deleted when it is asked for.
      begin(.settling, of: &fence)
      self.fence = fence
      armDeadline(deadline, of: number)
    }
    progressed()
  }

  /// A flip has waited long enough for the command that has the lane for itself. It has no time limit of its own but the
  /// connection's; the stack that loses keys is cut off for it.
  private func exclusiveExpired(_ fence: Fence, _ deadline: Int64) {
    guard let flip = fence.flip, loop.now &- flip.since >= UInt64(fence.deadline) else { return }
    let losing = losers(to: flip.target)
    for connection in stacks where losing.contains(connection.stack) {
      let last = max(connection.lastPrimary, fence.guest?.isLeaving == true ? connection.lastEffect : 0)
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
