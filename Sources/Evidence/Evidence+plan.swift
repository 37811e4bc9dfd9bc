import SluiceFlags
import SluiceRouting

extension Evidence {
  /// What the plan asks of the step that is left and what there is instead, for people; nil if nothing is missing, or if no more
  /// clients come to depend on the new stack. Nothing is refused for it: whoever goes on has read it, or reads it now.
  public func shortfall(
    of plan: Plan, from old: FlagDefinition, to new: FlagDefinition, at now: ContinuousClock.Instant = .now
  ) -> String? {
    guard new.stage >= .live, new.stage > old.stage || new.reach > old.reach else { return nil }
    var missing: [String] = []
    let seconds = UInt64(clamping: (now - since).components.seconds)
    if seconds < plan.minimumSeconds {
      missing.append("\(plan.minimumSeconds) s on a step, it was \(seconds) s")
    }
    // In rampdown nothing is compared.
    if old.stage != .rampdown {
      let compared = sinceFlip.compare.compared
      if compared < plan.minimumCompared {
        missing.append("\(plan.minimumCompared) comparisons on it, there were \(compared)")
      }
      if verdict != .pass { missing.append("the verdict pass, it is \(verdict.rawValue)") }
    }
    let skipped = plan.steps.filter { $0.hundredths > old.reach && $0.hundredths < new.reach }
    if !skipped.isEmpty {
      missing.append("a step at \(skipped.map { "\($0) %" }.joined(separator: " and "))")
    }
    return missing.isEmpty ? nil : "the plan asks for " + missing.joined(separator: "; for ")
  }
}

extension FlagDefinition {
  /// The share of the keys that the new stack answers for, in hundredths of a percent; 0 where rules decide.
  fileprivate var reach: Int {
    if stage < .live { return 0 }
    return stage > .live ? 10_000 : percentage?.hundredths ?? 0
  }
}
