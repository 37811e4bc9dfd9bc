import SluiceFigures
import SluiceFlags
import SluiceRouting

/// The conditions for a step up (design, section 12).
///
/// Without a plan only what speaks *against* the step refuses it: the stacks differ, new is cold, fails, is down or was found to be
/// slow, keys are doubtful or could not be carried, the ledger is ill. With one, what is missing refuses it too.
extension Evidence {
  /// All of them, met and unmet; none where no more clients come to depend on the new stack.
  public func gates(
    from old: FlagDefinition, to new: FlagDefinition, _ around: Surroundings,
    at now: ContinuousClock.Instant = .now
  ) -> [Gate] {
    guard Self.isUp(from: old, to: new) else { return [] }
    var gates = against(new.guardrails, around, isToComplete: new.stage >= .rampdown, at: now)
    if let memory = memory(around.memory, from: old, to: new) { gates.append(memory) }
    if let plan = new.plan { gates += asked(by: plan, from: old, to: new, at: now) }
    return gates
  }

  /// Whether more clients depend on the new stack afterwards, or less of the way back is left.
  public static func isUp(from old: FlagDefinition, to new: FlagDefinition) -> Bool {
    new.stage >= .live && (new.stage > old.stage || new.reach > old.reach)
  }

  // MARK: What speaks against it

  private func against(
    _ guardrails: Guardrails, _ around: Surroundings, isToComplete: Bool, at now: ContinuousClock.Instant
  ) -> [Gate] {
    func gate(_ name: String, _ now: String, _ needed: String, _ missing: String, if isMet: Bool) -> Gate {
      Gate(name, now: now, needed: needed, missing: isMet ? "" : missing, isAgainst: !isMet)
    }
    let suspects = around.newSuspects + (isToComplete ? around.legacySuspects : 0)
    var gates = [
      gate("new", around.newTrouble ?? "up", "up", "a new stack that answers", if: around.newTrouble == nil),
      failing(guardrails), cold(guardrails),
    ]
    if guardrails.diverged.healthy < 1 {
      let known = open ?? sinceFlip.dataDivergences
      gates.append(
        gate(
          "differs", "\(openIsLeast ? "at least " : "")\(known) open", "0 open",
          "see them equal (sluice verify --repair) or close them (sluice close)",
          if: known == 0))
    }
    if let paused {
      gates.append(
        gate(
          "paused", paused, "no pause",
          isPausedByPlan ? "sluice plan resume" : "an end of the fault, then sluice close", if: false))
    }
    gates.append(
      gate(
        "suspects", "\(suspects) keys", "0 keys", "their repair, which goes on by itself", if: suspects == 0))
    if around.uncarried > 0 {
      gates.append(
        gate(
          "uncarried", "\(around.uncarried) keys", "0 keys", "a way to carry them, see sluice status",
          if: false))
    }
    if let trouble = around.ledgerTrouble {
      gates.append(gate("ledger", trouble, "ok", "a ledger that can be written", if: false))
    }
    return gates
  }

  /// Whether new fails, by the last that it was asked.
  public func failing(_ guardrails: Guardrails) -> Gate {
    let limit = guardrails.failed.healthy
    let (new, legacy) = lastAsked
    let legacyRate = legacy.operations == 0 ? 0 : Double(legacy.failures) / Double(legacy.operations)
    let bounds = Bounds(new.failures, of: new.operations)
    let isFailing = new.failures >= 3 && bounds.lower > max(limit, legacyRate)
    let words = isFailing ? said.map { ", it said: \($0)" } ?? "" : ""
    return Gate(
      "failing", now: "\(new.failures) of \(new.operations) commands failed on new\(words)",
      needed: "at most \(limit.percent)",
      missing: isFailing ? "commands that new carries out" : "", isAgainst: isFailing)
  }

  /// The last that the stacks were asked, however long ago that is. Behind a restart it is what the process before has written down last
  /// or all that the account knows, whichever is worse: a kill takes the last seconds of the one, and the other has good hours in it.
  private var lastAsked: (new: Asked, legacy: Asked) {
    let present = recent.latest(since: Self.start) { $0.newOperations > 0 }
    if present.newOperations > 0 { return Self.asked(present) }
    let before = Self.asked(recent.latest { $0.newOperations > 0 })
    let (new, legacy) = (StackWork(.new, in: sinceFlip), StackWork(.legacy, in: sinceFlip))
    let known = Bounds(new.failures, of: new.operations).lower
    if known < Bounds(before.new.failures, of: before.new.operations).lower { return before }
    return ((new.failures, new.operations), (legacy.failures, legacy.operations))
  }

  private static func asked(_ window: WindowFigures) -> (new: Asked, legacy: Asked) {
    let (new, legacy) = (window.work(.new), window.work(.legacy))
    return ((new.failures, new.operations), (legacy.failures, legacy.operations))
  }

  private typealias Asked = (failures: UInt64, operations: UInt64)

  private func cold(_ guardrails: Guardrails) -> Gate {
    let limit = guardrails.missed.healthy
    let latest = recent.latest { $0.compared > 0 }
    var (missing, compared) = (latest.missing, latest.compared)
    if compared == 0 {
      let known = sinceFlip.divergences[.missingInNew]
      missing = known - min(known, warmed)
      compared = sinceFlip.compare.compared - min(sinceFlip.compare.compared, known - missing)
    }
    let isCold = Bounds(missing, of: compared).lower > limit
    return Gate(
      "cold", now: "\(missing) of \(compared) reads missed on new what legacy has",
      needed: "at most \(limit.percent)", missing: isCold ? "its keys: sluice warm, or time" : "",
      isAgainst: isCold)
  }

  // MARK: What the plan asks for

  private func asked(
    by plan: Plan, from old: FlagDefinition, to new: FlagDefinition, at now: ContinuousClock.Instant
  ) -> [Gate] {
    let seconds = UInt64(clamping: (now - since).components.seconds)
    var gates = [
      Self.least("time", seconds, plan.minimumSeconds, "s") { $0 }
    ]
    // In rampdown nothing is compared.
    if old.stage != .rampdown {
      let compared = sinceFlip.compare.compared
      gates.append(Self.least("compared", compared, plan.minimumCompared, "reads") { comparing($0) })
      if plan.minimumKeys > 0 {
        // As many new ones as there were: there will be fewer.
        gates.append(
          Self.least("keys", keys, plan.minimumKeys, "keys") { rest in
            keys == 0 ? nil : Self.share(rest, of: keys, seconds)
          })
      }
      gates.append(
        Gate(
          "verdict", now: verdict.rawValue, needed: "pass",
          missing: verdict == .pass ? "" : "a comparison of which all is well"))
      // All of them: what was overwritten since was wrong all the same.
      let differing = sinceFlip.dataDivergences - min(sinceFlip.dataDivergences, answeredFor)
      if plan.minimumCompared > 0 {
        gates.append(bound("diverged", differing, of: compared, below: new.guardrails.diverged.healthy))
        let known = sinceFlip.divergences[.missingInNew]
        let settled = min(known, warmed)
        gates.append(
          bound(
            "missed", known - settled, of: compared - min(compared, settled),
            below: new.guardrails.missed.healthy))
      }
    }
    let work = StackWork(.new, in: sinceFlip)
    if work.operations > 0, plan.minimumCompared > 0 {
      gates.append(bound("failed", work.failures, of: work.operations, below: new.guardrails.failed.healthy))
    }
    // Before clients wait for new nobody can say how they do.
    let slots = slow.good &+ slow.bad
    if slots > 0, plan.minimumCompared > 0 {
      let bad = slow.bad - min(slow.bad, slowOnLegacy)
      gates.append(bound("slow", bad, of: slots, below: new.guardrails.slow.healthy))
    }
    gates += besideLegacy(seconds, new.guardrails)
    // Nothing is compared any more from rampdown on, so that is not the step of 100 %.
    let isBeyond = new.stage > .live
    let skipped = plan.steps.filter {
      $0.hundredths > old.reach && (isBeyond || $0.hundredths < new.reach)
    }
    if !skipped.isEmpty {
      let steps = skipped.map { "\($0) %" }.joined(separator: " and ")
      gates.append(
        Gate(
          "step", now: "\(Self.percent(old.reach)) of the keys", needed: steps, missing: "that step before"))
    }
    if plan.verify, new.stage >= .rampdown {
      let isThere = isVerified
      gates.append(
        Gate(
          "verify", now: isThere ? "on this step" : verifiedAt == nil ? "none" : "before this step",
          needed: "on this step", missing: isThere ? "" : "sluice verify, without a difference"))
    }
    return gates
  }

  private static func percent(_ hundredths: Int) -> String { (Double(hundredths) / 10_000).percent }

  private static func least(
    _ name: String, _ now: UInt64, _ least: UInt64, _ unit: String, about: (UInt64) -> UInt64?
  ) -> Gate {
    let rest = least - min(now, least)
    return Gate(
      name, now: "\(now) \(unit)", needed: "\(least) \(unit)", missing: rest == 0 ? "" : "\(rest) \(unit)",
      about: about(rest))
  }

  /// In how many seconds so many more reads will be compared, if it goes on as in the last minute.
  private func comparing(_ rest: UInt64) -> UInt64? {
    let counted = recent.sum(over: 60, at: clock).compared
    return counted == 0 ? nil : Self.share(rest, of: counted, recent.covered(by: 60, at: clock))
  }

  private static func share(_ part: UInt64, of whole: UInt64, _ seconds: UInt64) -> UInt64? {
    guard whole > 0 else { return nil }
    let about = Double(part) / Double(whole) * Double(seconds)
    return about < 1e15 ? UInt64(about.rounded(.up)) : nil
  }

  /// That a rate is below its limit has been counted often enough.
  private func bound(_ name: String, _ bad: UInt64, of total: UInt64, below limit: Double) -> Gate {
    let upper = Bounds(bad, of: total).upper
    let isMet = limit >= 1 || (limit <= 0 ? bad == 0 : upper < limit)
    // Without a bad one the upper end is z² / (n + z²), z as in `Bounds`.
    let enough = limit > 0 && bad == 0 ? 3.8416 * (1 - limit) / limit : .infinity
    let isCompared = name == "diverged" || name == "missed"
    let about = isCompared && enough < 1e12 ? comparing(UInt64(enough) + 1 - min(total, UInt64(enough))) : nil
    // What rounds to the limit is above it all the same.
    let isAround = !isMet && upper.percent == limit.percent
    let atMost = isAround ? "maybe above " : upper < 0.00005 ? "" : "at most "
    let known = total == 0 ? "0 of 0, which says nothing" : "\(bad) of \(total), so \(atMost)\(upper.percent)"
    return Gate(
      "rate \(name)", now: known,
      needed: "below \(limit.percent)",
      missing: isMet ? "" : bad == 0 ? "more of it" : "fewer of it", about: about)
  }

  /// How new serves clients beside how legacy does, over the same time: at most of the last five minutes of the step.
  private func besideLegacy(_ seconds: UInt64, _ guardrails: Guardrails) -> [Gate] {
    let window = recent.sum(over: min(300, seconds), at: clock)
    var gates: [Gate] = []
    for each in [CommandClass.read, .write] where guardrails.slow.healthy < 1 {
      let (legacy, new) = (window[.legacy, .primary, each], window[.new, .primary, each])
      guard legacy.latency.count >= 500, new.latency.count >= 500 else { continue }
      let (was, now) = (legacy.latency.value(atPercentile: 99), new.latency.value(atPercentile: 99))
      let limit = Self.tolerated(was)
      gates.append(
        Gate(
          "p99 of \(each.name)s", now: "\(now) us on new", needed: "at most \(limit) us (legacy \(was))",
          missing: now <= limit ? "" : "a faster new"))
    }
    let (legacy, new) = (window.work(.legacy, .primary), window.work(.new, .primary))
    let (was, now) = (legacy.hits &+ legacy.misses, new.hits &+ new.misses)
    guard was >= 500, now >= 500, guardrails.missed.healthy < 1 else { return gates }
    let (before, after) = (Double(legacy.hits) / Double(was), Double(new.hits) / Double(now))
    gates.append(
      Gate(
        "hit rate", now: "\(after.percent) on new", needed: "at least \(max(0, before - 0.01).percent)",
        missing: after >= before - 0.01 ? "" : "keys that legacy has"))
    return gates
  }
}

extension FlagDefinition {
  /// The share of the keys that the new stack answers for, in hundredths of a percent; 0 where rules decide.
  var reach: Int {
    if stage < .live { return 0 }
    return stage > .live ? 10_000 : percentage?.hundredths ?? 0
  }
}
