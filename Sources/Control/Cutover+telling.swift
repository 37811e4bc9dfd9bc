import Foundation
import SluiceConfiguration
import SluiceFigures
import SluiceLedger
import SluiceRouting
import SluiceTelling

/// What is written down is told to others as well: one message for each event.
extension Cutover {
  /// Writes down a decision, and tells it.
  func decided(_ decision: DecisionRecord) {
    ledger?.record(decision)
    guard let event = Cutover.event(of: decision) else { return }
    let back = wayBack(from: event)
    let wantsKeys = tellsKeys && (decision.signal == "diverged" || decision.signal == "missed")
    guard let messenger else { return }
    messenger.inOrder { [self] in
      let keys = wantsKeys ? await someKeys() : []
      await messenger.happened { service, instance in
        Notice(
          at: Int64(decision.at.timeIntervalSince1970 * 1000), event, service: service, instance: instance,
          who: decision.who, what: decision.step, why: decision.words,
          signal: decision.signal.isEmpty ? nil : decision.signal, bad: decision.bad, total: decision.total,
          limit: decision.limit, keys: keys, back: back)
      }
    }
  }

  private static func event(of decision: DecisionRecord) -> Notice.Event? {
    switch decision.action {
    case .refused: .refused
    case .forced: .forced
    case .rolledBack: .rolledBack
    case .paused: .paused
    case .notified: .noticed
    case .closed: .closed
    case .reopened: .reopened
    case .held: .held
    case .asked: .asked
    case .approved: .approved
    case .resumed: .resumed
    // Its flip tells it.
    case .advanced: nil
    }
  }

  /// Writes down a flip, and tells it, unless a decision tells the same with more to it.
  func flipped(_ flip: FlipRecord) {
    ledger?.record(flip)
    logFlip(flip)
    let event: Notice.Event
    switch flip.action {
    case .start: return
    case .rollback where flip.who == "guardrail": return
    case .rollback: event = flip.who == "fallback" ? .fallback : .rolledBack
    case .rearm: event = flip.who == "fallback" ? .fallbackEnded : .rearmed
    case .stage, .ramp, .reload:
      if flip.reason.hasPrefix(Cutover.forcedWord) { return }
      event = .moved
    }
    let back = wayBack(from: event)
    let to = event == .rolledBack ? "rolled back" : Cutover.text(flip.to)
    guard let messenger else { return }
    messenger.inOrder {
      await messenger.happened { service, instance in
        Notice(
          at: Int64(flip.at.timeIntervalSince1970 * 1000), event, service: service, instance: instance,
          who: flip.who, what: "\(Cutover.text(flip.from)) -> \(to)", why: flip.reason, back: back)
      }
    }
  }

  private static func text(_ position: FlipRecord.Position) -> String {
    let percent = (position.percent * 100).rounded() / 100
    return position.stage == .live
      ? "live \(percent == percent.rounded() ? "\(Int(percent))" : "\(percent)") %" : position.stage.name
  }

  private func wayBack(from event: Notice.Event) -> String {
    switch event {
    case .rolledBack: "find out why new failed, then: sluice rearm (into stage shadow)"
    case .asked: "sluice plan approve, or nothing"
    case .paused:
      evidence.isPausedByPlan ? "sluice plan resume" : "mend it, then: sluice close \"why\""
    case .moved, .forced, .rearmed, .noticed, .fallback, .fallbackEnded, .refused, .approved, .held, .resumed,
      .closed, .reopened:
      effective.stage == .complete
        ? "sluice stage rampdown, then sluice verify --repair" : "sluice rollback \"why\""
    }
  }

  /// Three keys that are known to differ.
  private func someKeys() async -> [String] {
    let known = await proxy.knownDivergences(withList: true)
    return known.list.lazy.filter { $0.closed == nil && !$0.key.isEmpty }.prefix(3).map {
      TerminalText.key($0.key)
    }
  }

  // MARK: The log of events

  /// One evaluation of the flag for each flip, not one for each command.
  private func logFlip(_ flip: FlipRecord) {
    guard let messenger else { return }
    let at = Int64(flip.at.timeIntervalSince1970 * 1000)
    let isBack = isRolledBack
    let share: Double =
      isBack || flip.to.stage < .live ? 0 : flip.to.stage > .live ? 100 : flip.to.percent
    let reason = flip.to.stage == .live && !isBack ? "split" : "static"
    let name = Cutover.text(flip.to)
    let common: [(String, TelemetryText.Value)] = [
      ("sluice.stage", .text(flip.to.stage.name)), ("sluice.rollout.ratio", .number(share / 100)),
      ("sluice.action", .text(flip.action.rawValue)), ("sluice.who", .text(flip.who)),
      ("sluice.why", .text(flip.reason)),
    ]
    var flag: [(String, TelemetryText.Value)] = [
      ("feature_flag.key", .text("cache-stack")), ("feature_flag.provider.name", .text("flagd")),
      ("feature_flag.result.variant", .text(share > 0 ? "new" : "legacy")),
      ("feature_flag.result.value", .number(share)), ("feature_flag.result.reason", .text(reason)),
    ]
    if let version = flip.fileVersion { flag.append(("feature_flag.version", .text(version))) }
    if !flagSet.isEmpty { flag.append(("feature_flag.set.id", .text(flagSet))) }
    let evaluation = TelemetryText.Event(
      "feature_flag.evaluation", at: at, body: "\(Cutover.text(flip.from)) -> \(name) by \(flip.who)",
      flag + common)
    let isRollback = flip.action == .rollback
    messenger.inOrder {
      await messenger.logged(evaluation)
      guard isRollback else { return }
      await messenger.logged(
        TelemetryText.Event(
          "sluice.rollback", at: at, isWarning: true, body: "rolled back by \(flip.who): \(flip.reason)",
          common))
    }
  }
}
