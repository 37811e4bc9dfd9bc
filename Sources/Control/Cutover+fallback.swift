import Foundation
import SluiceLedger
import SluiceProxy
import SluiceRouting

/// Fallback: while new cannot be reached, legacy stands in for it, in stages live and rampdown.
///
/// It is entered like a rollback, for all lanes at once, and lifted by itself: when new has been up for a while and what it
/// missed was brought to it. It is no latch: flags and rollbacks are what they were.
extension Cutover {
  /// Why legacy stands in, and since when.
  struct FallenBack: Sendable {
    var reason: String
    var since: Date
    /// How long new must have been up before it gets its keys back: longer each time, if it cannot be relied upon.
    var rest: TimeInterval
  }

  /// The first and the longest rest, and after how long in peace it begins anew.
  private static let fallbackRest: (first: TimeInterval, longest: TimeInterval, forgotten: TimeInterval) = (
    2, 60, 300
  )
  /// And so long it may take to bring it what it missed; what is left then is deleted before it is served.
  private static let fallbackPatience: TimeInterval = 30

  /// Called when a connection has changed, when the latch is lifted, and about once a second.
  func considerFallback() async {
    // Under the latch every key is legacy's, so nobody is stood in for; and a stack that a rollback has cut off has not failed.
    guard settings.fallback != .off, !isRolledBack, !isConsideringFallback else { return }
    isConsideringFallback = true
    defer { isConsideringFallback = false }
    let new = health[.new]
    if let fallenBack {
      await considerReturn(from: fallenBack, new)
    } else if case .down(let reason) = new.health, definition.stage == .live || definition.stage == .rampdown,
      health[.legacy].health == .up
    {
      await fallBack(reason)
    }
  }

  private func fallBack(_ reason: String) async {
    let before = effective
    let (first, longest, forgotten) = Cutover.fallbackRest
    let isRepeated = lastFallback.map { Date().timeIntervalSince($0.returned) < forgotten } ?? false
    let rest = isRepeated ? min(longest, 2 * (lastFallback?.rest ?? 0)) : first
    fallenBack = FallenBack(reason: reason, since: Date(), rest: rest)
    let flips = await publish(deadline: settings.rollbackDeadline)
    record(
      .rollback, from: before, who: "fallback", reason: "new cannot be reached: \(reason)", flips: flips)
    logger.warning(
      "legacy stands in for new (\(settings.fallback.name)), which cannot be reached: \(reason)")
  }

  private func considerReturn(from fallenBack: FallenBack, _ new: HealthBoard.Standing) async {
    let rested = Date().timeIntervalSince(new.since)
    guard new.health == .up, rested >= fallenBack.rest else { return }
    let suspects = await proxy.health().reduce(0) { $0 + $1.newSuspects }
    guard suspects == 0 || rested >= Cutover.fallbackPatience, health[.new].health == .up else { return }
    let before = effective
    self.fallenBack = nil
    lastFallback = (fallenBack.rest, Date())
    let flips = await publish(deadline: settings.fenceDeadline)
    let seconds = Int(Date().timeIntervalSince(fallenBack.since))
    record(.rearm, from: before, who: "fallback", reason: "new is up again", flips: flips)
    logger.notice("new is up again and answers for its keys, after \(seconds) s")
  }
}
