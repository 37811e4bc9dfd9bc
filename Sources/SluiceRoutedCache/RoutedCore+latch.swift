import Foundation
import SluiceCache
import SluiceFlags
import SluiceJournal
import SluiceRouting

/// The way back and its latch, as in the proxy: this instance's own in mapped memory, and the shared file, which follows.
extension RoutedCore {
  /// In force at once; the latch file and the audit row follow.
  func rollBack(reason: String, who: String) -> String {
    let order = Rollback(reason: reason, who: who, at: Date())
    let isFirst = flip(.rollback, who: who, reason: reason) { cutover in
      cutover.orders &+= 1
      cutover.ownLatch = cutover.ownLatch ?? order
      guard cutover.rollback == nil else { return false }
      cutover.rollback = order
      return true
    }
    let own = cutover.withLock { cutover in
      cutover.remember(in: journal, hasLatchFile: latch?.wasThere ?? false)
      return cutover.ownLatch
    }
    // Also where there is a file already: a re-arm that is under way may be removing it, and others may have lifted it.
    if let own { latch?.set(reason: own.reason, who: own.who, isOrder: who != "file") }
    guard isFirst else { return "already rolled back: every key is answered by legacy" }
    logger.warning("rolled back by \(who): \(reason.isEmpty ? "no reason given" : reason)")
    let note =
      definition.stage == .complete
      ? "; NOTE: legacy has heard no write since stage complete: what it has is forgotten; the way back that keeps "
        + "the data is stage rampdown"
      : ""
    return "rolled back: every key is answered by legacy; rearm lifts it\(note)"
  }

  /// Lifts the latch, with stage shadow at most in force behind it.
  ///
  /// - Parameter resume: why it goes back to where it was instead.
  func rearm(isFleet: Bool, resume: String?, who: String) throws(CacheError) -> String {
    guard !start.switches.useLegacy else {
      throw CacheError(
        .validation,
        "still rolled back: \(EnvironmentSwitches.legacyReason) and wins; unset it and start again")
    }
    let (seen, isSet) = cutover.withLock { ($0.orders, $0.rollback != nil) }
    guard isSet || (isFleet && latch?.isLeftForOthers == true) else {
      return "nothing to lift: not rolled back; \(describe())"
    }
    if isSet {
      if let resume {
        try refuseToResume(resume)
      } else {
        try writeShadow()
      }
    }
    // First the file: a latch that came back with the next restart would be a surprise of the worst kind.
    var left: RollbackLatch.Mark?
    if let latch {
      do throws(FlagError) {
        if case .left(let mark) = try latch.lift(forAll: isFleet) { left = mark }
      } catch {
        throw CacheError(.infrastructure, "still rolled back, the latch file could not be removed: \(error)")
      }
    }
    let isLifted = flip(.rearm, who: who, reason: resume ?? "") { cutover in
      guard cutover.orders == seen else { return false }
      (cutover.rollback, cutover.ownLatch, cutover.lifted) = (nil, nil, left)
      return true
    }
    guard isLifted else {
      // The file that is gone, or was lifted, is that of the rollback which has overtaken this.
      if let own = cutover.withLock({ $0.ownLatch }) {
        latch?.set(reason: own.reason, who: own.who, isOrder: false)
      }
      throw CacheError(.validation, "somebody rolled back meanwhile; look, and rearm again")
    }
    logger.warning("re-armed by \(who): \(describe())")
    let stays = left == nil ? "" : "; the file \(latch?.path ?? "") stays, for others look at that folder"
    return "re-armed: \(describe())\(stays)"
  }

  /// Where it was is nothing for clients while evidence speaks against going there.
  private func refuseToResume(_ why: String) throws(CacheError) {
    guard !why.isEmpty else { throw CacheError(.validation, "say why: it is written down") }
    guard let shadow = try? FlagChange(editing: definition.source, stage: .shadow, percentage: nil) else {
      return
    }
    let against = unmetGates(from: shadow.definition, to: definition).filter(\.isAgainst)
    guard against.isEmpty else {
      let missing = against.map(\.text).joined(separator: "; ")
      throw CacheError(.validation, "still rolled back: \(missing); mend it, or rearm into stage shadow")
    }
  }

  /// Before the latch lifts the file says shadow, so that nothing but an order, and no restart, brings readers back to a new that has
  /// just failed.
  private func writeShadow() throws(CacheError) {
    try moves.withLock { _ throws(CacheError) in
      guard definition.stage > .shadow else { return }
      let change: FlagChange
      do throws(FlagError) {
        if let file = start.file {
          change = try FlagWriter(file: file).prepare(stage: .shadow, percentage: nil)
          try FlagWriter(file: file).commit(change)
        } else {
          change = try FlagChange(editing: cutover.withLock { $0.bytes }, stage: .shadow, percentage: nil)
        }
      } catch {
        throw CacheError(
          .infrastructure, "still rolled back, the flag file cannot be made to say shadow: \(error)")
      }
      cutover.withLock { cutover in
        (cutover.definition, cutover.bytes, cutover.isGood) = (change.definition, change.bytes, true)
      }
    }
  }

  func latchAppeared() {
    // Our own writing is no second order, and a file that a re-arm has removed meanwhile says nothing about now.
    guard let latch, !latch.isBeingWritten, latch.isSet else { return }
    let note = latch.note
    latch.changedByHand()
    if let own = cutover.withLock({ $0.ownLatch }), own.isTold(by: Rollback(note: note)) { return }
    let words = note?.split(whereSeparator: \.isNewline).joined(separator: "; ") ?? ""
    _ = rollBack(reason: words.isEmpty ? "the latch file is there" : words, who: "file")
  }

  func latchDisappeared() {
    guard isRolledBack, let latch, !latch.isBeingWritten, !latch.isSet else { return }
    latch.changedByHand()
    logger.warning("the latch file is gone; still rolled back until rearm")
  }

  /// Why the latch file is not there although the latch is set; nil if it is there.
  func latchError(_ cutover: Cutover) -> String? {
    guard cutover.rollback != nil, cutover.ownLatch != nil else { return nil }
    if let latch { return latch.trouble }
    return memoryError.map { "there is no flag file, beside which it has its place, and no memory: \($0)" }
  }

  /// Why a restart would forget what is in force; nil if it would not.
  var memoryError: String? {
    guard let journal else { return journalError ?? "there is no ledger to keep it beside" }
    return journal.inForceTrouble?.description
  }
}

extension RoutedCore.Cutover {
  /// Writes down what is wanted. No disk is waited for.
  func remember(in journal: RoutedJournal?, hasLatchFile: Bool) {
    journal?.keep { record in
      record.change { value in
        value.definition = isGood ? bytes : []
        value.latch = ownLatch?.own(hasFile: hasLatchFile)
        value.lifted = lifted?.words ?? []
      }
    }
  }

  /// The stacks that are not told of writes. Of a new that never was in use there is nothing to remember.
  var leftOut: Set<StackID> {
    guard let stack = routing.effectiveStage.leftOut, stack == .legacy || hasUsedNew else { return [] }
    return [stack]
  }
}
