import Foundation
import SluiceFlags
import SluiceProxy
import SluiceRouting

/// The way back and its latch.
///
/// Three things keep a rollback: this actor while the process runs; the instance's own latch in mapped memory, from before the
/// answer on; and the shared file `ROLLBACK`, which follows. Own or shared, either rolls back at the next start.
extension Cutover {
  /// Goes back: every key's primary is legacy from the moment this returns.
  @discardableResult
  func rollBack(reason: String, who: String) async -> String {
    let before = effective
    let wasRolledBack = isRolledBack
    rollbacks += 1
    let order = Rollback(reason: reason, who: who, at: Date())
    rollback = rollback ?? order
    let own = ownLatch ?? order
    ownLatch = own
    remember()
    // Also where there is a file already: a re-arm that is under way may be removing it, and others may have lifted it.
    let (latching, begun) = AsyncStream.makeStream(of: Void.self)
    if let latch {
      latch.set(reason: own.reason, who: own.who, isOrder: who != "file") { begun.finish() }
    } else {
      begun.finish()
    }
    let flips = await publish(deadline: settings.rollbackDeadline)
    // For a process that is killed right behind its word, and keeps no memory, the file must be on its way; nobody waits for the disk.
    for await _ in latching {}
    let trouble = caveat(flips) + (await missing())
    if wasRolledBack { return "OK already rolled back: every key is answered by legacy\(trouble)" }
    logger.warning("rolled back by \(who): \(reason.isEmpty ? "no reason given" : reason)")
    record(
      .rollback, from: before, who: who, reason: reason, flips: flips)
    guard isRolledBack else { return "OK rolled back, and re-armed again meanwhile: \(place())\(trouble)" }
    return "OK rolled back: every key is answered by legacy\(Cutover.held(flips)); 'rearm' lifts it\(trouble)"
  }

  /// What an operator must know about legacy at the moment of going back to it.
  private func caveat(_ flips: [LaneFlip]) -> String {
    var text = ""
    if flips.contains(where: { $0.emptied == .legacy }) {
      text +=
        "; NOTE: legacy \(emptying(.legacy)): it has heard no write since stage complete, what it had was old"
    }
    if let reason = health[.legacy].health.reason { text += "; NOTE: legacy is DOWN: \(reason)" }
    if let latchError {
      text +=
        memory.trouble == nil
        ? "; NOTE: a restart of this proxy remembers it, but its file is not there: \(latchError)"
        : "; NOTE: a restart would forget it: \(latchError)"
    }
    return text
  }

  /// Which keys the stack that answers now does not have, because no way can carry them there.
  private func missing() async -> String {
    let reasons = await proxy.health().uncarried(to: .legacy).sorted { $0.value > $1.value }
    guard !reasons.isEmpty else { return "" }
    let count = reasons.reduce(0) { $0 + $1.value }
    let what =
      count == 1
      ? "1 key of new cannot be carried to legacy, and is"
      : "\(count) keys of new cannot be carried to legacy, and are"
    return "; NOTE: \(what) missing there: "
      + reasons.prefix(4).map { "\($0.value) with \($0.key.text)" }.joined(separator: "; ")
  }

  /// A stack that cannot be reached is emptied when it can.
  func emptying(_ stack: StackID) -> String {
    health[stack].health == .up ? "was emptied first" : "is not there yet, and is emptied before it answers"
  }

  /// Why the latch file is not there although the latch is set, as far as that is known by now; nil if it is there.
  var latchError: String? {
    guard isRolledBack, ownLatch != nil else { return nil }
    if let latch { return latch.trouble }
    guard let trouble = memory.trouble else { return nil }
    return
      "there is no flag file, beside which the latch file has its place (--flags), and no memory: \(trouble)"
  }

  /// Lifts the latch; the flags are in force again, with stage shadow at most: the plan begins anew.
  ///
  /// - Parameters:
  ///   - isFleet: the shared file goes, for all who share it. Otherwise it stays while others look at it.
  ///   - resume: why it goes back to where it was instead.
  func rearm(isFleet: Bool, resume: String? = nil, who: String) async throws(Refused) -> String {
    guard isRolledBack else { return try await removeForOthers(isFleet) }
    guard !switches.useLegacy else {
      throw Refused("still rolled back: \(EnvironmentSwitches.legacyReason) and wins; unset it and restart")
    }
    let seen = rollbacks
    if let resume {
      try await refuseToResume(resume)
    } else {
      try await writeShadow(who: who)
    }
    isRearming = true
    defer { isRearming = false }
    // First the file: a latch that came back with the next restart would be a surprise of the worst kind.
    let left = try await lift(isFleet)
    guard seen == rollbacks else {
      // The file that is gone, or was lifted, is that of the rollback which has overtaken this.
      if let ownLatch { latch?.set(reason: ownLatch.reason, who: ownLatch.who, isOrder: false) }
      throw Refused("somebody rolled back meanwhile; look, and rearm again")
    }
    let before = effective
    (rollback, ownLatch, lifted) = (nil, nil, left)
    let flips = await publish(deadline: settings.fenceDeadline)
    record(.rearm, from: before, who: who, reason: resume ?? "", flips: flips)
    if let again = rollback {
      throw Refused("still rolled back: \(again.who) rolled back again meanwhile; look, and rearm again")
    }
    await considerFallback()
    logger.warning("re-armed by \(who): \(describe())")
    let meaning = Cutover.meaning(of: inForce.definition)
    return "OK re-armed, into \(place()): \(meaning)\(Cutover.held(flips))\(left == nil ? "" : leftForOthers)"
  }

  /// Where it was is nothing for clients while new still fails.
  private func refuseToResume(_ why: String) async throws(Refused) {
    guard !why.isEmpty else { throw Refused("say why: REARM RESUME reason") }
    await collect()
    if let reason = health[.new].health.reason {
      throw Refused("still rolled back: new is DOWN: \(reason)")
    }
    let failing = evidence.failing(definition.guardrails)
    guard failing.isMet else {
      throw Refused(
        "still rolled back, for new still fails: \(failing.now); mend it, or 'rearm' into stage shadow"
      )
    }
    // What speaks against going there from shadow speaks against going back there.
    guard let shadow = try? FlagChange(editing: definition.source, stage: .shadow, percentage: nil) else {
      return
    }
    let against = await unmetGates(from: shadow.definition, to: definition).filter(\.isAgainst)
    guard against.isEmpty else {
      throw Refused(
        "still rolled back: \(against.map(\.text).joined(separator: "; ")); mend it, or 'rearm' into stage shadow"
      )
    }
  }

  private func lift(_ isFleet: Bool) async throws(Refused) -> RollbackLatch.Mark? {
    guard let latch else { return nil }
    let outcome = await withCheckedContinuation { continuation in
      latch.lift(forAll: isFleet) { continuation.resume(returning: $0) }
    }
    switch outcome {
    case .success(.gone): return nil
    case .success(.left(let mark)): return mark
    case .failure(let error):
      throw Refused("still rolled back, the latch file could not be removed: \(error)")
    }
  }

  private var leftForOthers: String {
    "; NOTE: the file \(latch?.path ?? "") stays, for others look at that folder, and are rolled back until each of them is re-armed; "
      + "'rearm --fleet' removes it"
      + (memory.trouble == nil
        ? "" : ". Until then a restart of this proxy is rolled back: it keeps no memory")
  }

  /// There is nothing to lift here.
  private func removeForOthers(_ isFleet: Bool) async throws(Refused) -> String {
    let isThere = latch?.isLeftForOthers ?? false
    if isThere, isFleet {
      let seen = rollbacks
      lifted = try await lift(true)
      if seen != rollbacks, let ownLatch {
        latch?.set(reason: ownLatch.reason, who: ownLatch.who, isOrder: false)
        throw Refused("somebody rolled back meanwhile; look, and rearm again")
      }
      remember()
    }
    return "OK nothing to lift: the proxy is not rolled back, it is at \(place())"
      + (!isThere ? "" : isFleet ? "; the file \(latch?.path ?? "") is removed" : leftForOthers)
  }

  // MARK: What the watcher tells

  func latchAppeared() async {
    // The event of a file that a re-arm has removed meanwhile says nothing about now. And our own writing is no second
    // order: a re-arm that is under way would be refused for it.
    guard let latch, !latch.isBeingWritten, latch.isSet else { return }
    let written = Rollback(note: latch.note)
    latch.changedByHand()
    if let ownLatch, ownLatch.isTold(by: written) { return }
    await rollBack(reason: written.reason, who: "file")
  }

  func latchDisappeared() {
    // Our own removing and writing tells nobody anything.
    guard isRolledBack, !isRearming, let latch, !latch.isBeingWritten, !latch.isSet else { return }
    latch.changedByHand()
    logger.warning("the latch file is gone; the proxy stays rolled back until it is told to rearm")
  }
}
