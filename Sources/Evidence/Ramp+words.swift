import SluiceFlags
import SluiceRouting

/// Where a plan is, for people.
public struct RampPlace: Sendable, Equatable {
  /// From 1: `shadow` is the first step, and each percentage one more; 0 before them, and one more than there are behind them.
  public var step: Int
  public var of: Int
  /// `shadow`, `25 %`, `rampdown`.
  public var name: String

  public init(_ definition: FlagDefinition) {
    let steps = (definition.plan ?? Plan()).steps
    of = steps.count + 1
    name = definition.stage.name
    switch definition.stage {
    case .off, .dualwrite: step = 0
    case .shadow: step = 1
    case .live:
      let reached = definition.reach
      step = max(1, 1 + steps.count { $0.hundredths <= reached })
      name = definition.percentage.map { "\($0) %" } ?? "by rules"
    case .rampdown, .complete: step = of + 1
    }
  }

  /// `step 2 of 4, 25 %`
  public var text: String { (1...of).contains(step) ? "step \(step) of \(of), \(name)" : "stage \(name)" }
}

extension Gate {
  /// What is not there yet, in few words: `4210 reads compared (about 3 min)`.
  public var shortfall: String {
    let when = about.map { " (about \(Self.span($0)))" } ?? ""
    switch name {
    case "time": return missing + ((about ?? 0) > 120 ? when : "")
    case "compared", "keys": return "\(missing) \(name == "keys" ? "more" : name)\(when)"
    default: return "\(name): \(now), needed \(needed)\(when)"
    }
  }

  /// What was there, for the record: `compared 311 reads (needed 100 reads)`.
  public var proof: String { "\(name) \(now) (needed \(needed))" }

  private static func span(_ seconds: UInt64) -> String {
    switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\((seconds + 30) / 60) min"
    case ..<172_800: "\((seconds + 1800) / 3600) h"
    default: "\((seconds + 43_200) / 86_400) d"
    }
  }
}

extension Ramp.State {
  /// The whole answer to "why are we still here?".
  ///
  /// - Parameter next: the order that would take the next step; nil where there is none.
  public func words(_ place: RampPlace, _ gates: [Gate], next: String?, plan: Plan?, paused: String?)
    -> String
  {
    let unmet = gates.filter { !$0.isMet }
    var text = place.text
    if !gates.isEmpty {
      text +=
        unmet.isEmpty
        ? ": all \(gates.count) conditions met"
        : ": \(gates.count - unmet.count) of \(gates.count) conditions met; missing: "
          + unmet.map(\.shortfall).joined(separator: ", ")
    }
    switch self {
    case .rolledBack: return "\(text); ROLLED BACK, nothing goes up before a rearm"
    case .paused: return "\(text); PAUSED: \(paused ?? "")"
    case .asking: return "\(text); waits for a yes: sluice plan approve"
    case .outsideHours: return "\(text); waits for its hours, \(plan?.hours?.text ?? "") UTC"
    case .manual, .yours: return text + (next.map { "; by order alone: sluice \($0)" } ?? "")
    case .soaking, .holding, .advancing: return text
    }
  }
}
