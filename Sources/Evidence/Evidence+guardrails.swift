import SluiceFigures
import SluiceFlags
import SluiceRouting

/// What a guardrail has found.
public struct Finding: Sendable, Equatable {
  public var signal: Guardrails.Name
  public var reaction: Guardrails.Reaction
  /// Units, since all was well.
  public var bad: UInt64
  public var total: UInt64
  public var limit: Double
  /// For people.
  public var reason: String
}

extension Evidence {
  /// Lets the guardrails look at what came in since the last time.
  ///
  /// - Returns: what one of them has found, the gravest first; nil if all is as it was. They act only where clients depend on the new
  ///   stack; elsewhere the units are not looked at. A finding is told once in an account.
  ///
  /// - Parameter said: what new has just said of its own trouble; it stands in the reason of what is decided by its failures.
  public mutating func judge(
    _ units: GuardUnits, by guardrails: Guardrails, in stage: Stage, said: String? = nil
  ) -> Finding? {
    keys &+= units.keys
    slow.merge(units.slow)
    slowOnLegacy &+= units.slowOnLegacy
    guard stage == .live || stage == .rampdown || stage == .complete else { return nil }
    var findings: [Finding] = []
    for signal in Guardrails.Name.allCases {
      var test = tests[signal] ?? Cusum()
      guard !test.hasFired else { continue }
      let rail = guardrails[signal]
      if signal == .slow { test.excuse(units.slowOnLegacy, rates: Cusum.Rates(rail)) }
      test.add(units[signal], rates: Cusum.Rates(rail))
      tests[signal] = test
      guard test.hasFired else { continue }
      let words = signal == .failed ? said.map { ", it said: \($0)" } ?? "" : ""
      findings.append(
        Finding(
          signal: signal, reaction: rail.reaction, bad: test.bad, total: test.total, limit: rail.healthy,
          reason: "\(signal.words(test)) (limit \(rail.healthy))\(words)"))
    }
    let order: [Guardrails.Reaction] = [.rollback, .pause, .notify]
    guard
      let gravest = order.lazy.compactMap({ reaction in findings.first { $0.reaction == reaction } }).first
    else { return nil }
    if gravest.reaction == .pause { paused = gravest.reason }
    // What else was found in the same breath is found again by the next unit.
    for other in findings where other.signal != gravest.signal { tests[other.signal] = nil }
    return gravest
  }

  /// What a lane must know to make the units.
  public func limits(_ guardrails: Guardrails, countsKeys: Bool) -> GuardLimits {
    var limits = GuardLimits()
    limits.failed = guardrails.failed.healthy
    limits.slow = guardrails.slow.broken
    if guardrails.slow.healthy < 1 { limits.slowAbove = pace.slowAbove(at: clock) }
    limits.isSuspicious = score(of: .diverged) > 0
    limits.isMissing = score(of: .missed) > 0
    limits.countsKeys = countsKeys
    return limits
  }

  /// Whether something was found that may become a reason to act.
  public var isUneasy: Bool { tests.values.contains { $0.score > 0 } }

  /// How near a guardrail is: 0 while all is well, 1 where it has acted.
  public func score(of signal: Guardrails.Name) -> Double {
    min(1, (tests[signal]?.score ?? 0) / Cusum.threshold)
  }
}

extension GuardUnits {
  fileprivate subscript(signal: Guardrails.Name) -> Count {
    switch signal {
    case .diverged: diverged
    case .failed: failed
    case .slow: slow
    case .missed: missed
    }
  }
}

extension Guardrails.Name {
  fileprivate func words(_ test: Cusum) -> String {
    switch self {
    case .diverged: "new and legacy differ about \(test.bad) of the last \(test.total) keys compared"
    case .failed: "new failed commands in \(test.bad) of its last \(test.total) slots of 20 ms"
    case .slow: "new was slower than legacy in \(test.bad) of its last \(test.total) slots of 20 ms"
    case .missed: "clients missed \(test.bad) of the last \(test.total) keys on new that legacy has"
    }
  }
}

extension Cusum.Rates {
  init(_ signal: Guardrails.Signal) { self.init(healthy: signal.healthy, broken: signal.broken) }
}
