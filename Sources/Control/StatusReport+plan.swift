import SluiceFlags

/// Where the ramp is, and what it waits for.
// The names of the properties are those of the JSON.
// swift-format-ignore: AlwaysUseLowerCamelCase
extension StatusReport {
  struct Plan: Encodable, Sendable {
    /// Whether the flag `cache-plan` is; else what is built in is shown, and asked for by nobody.
    var is_in_force: Bool
    /// `manual`, `ask` or `auto`.
    var advance: String
    /// `manual`, `soaking`, `holding`, `outside_hours`, `asking`, `advancing`, `paused`, `rolled_back` or `yours`.
    var state: String
    /// From 1, which is `shadow`; 0 before it, and one more than `of` behind the last one.
    var step: Int
    var of: Int
    /// `shadow`, `25 %`, `rampdown`.
    var place: String
    /// The percentages of the plan.
    var steps: [Double]
    var conditions: Int
    var conditions_met: Int
    /// The whole of it in one sentence.
    var words: String
    var approved_by: String?
    var hours: String?
    var minimum_seconds: UInt64
    var maximum_seconds: UInt64?

    init(_ standing: Cutover.Standing) {
      let plan = standing.plan
      is_in_force = plan.isInForce
      advance = plan.plan.advance.rawValue
      state = plan.state.rawValue
      (step, of, place) = (plan.place.step, plan.place.of, plan.place.name)
      steps = plan.plan.steps.map { Double($0.hundredths) / 100 }
      conditions = standing.gates.count
      conditions_met = standing.gates.count(where: \.isMet)
      (words, approved_by) = (plan.words, plan.approvedBy)
      (hours, minimum_seconds) = (plan.plan.hours?.text, plan.plan.minimumSeconds)
      maximum_seconds = plan.plan.maximumSeconds == 0 ? nil : plan.plan.maximumSeconds
    }
  }

  /// Who is told of what happens, and how that goes.
  struct Telling: Encodable, Sendable {
    /// Messages that nobody has heard yet; those that were heard, and those that were given up, since the start.
    var waiting = 0
    var delivered: UInt64 = 0
    var lost: UInt64 = 0
    /// By receiver, why it was not told.
    var trouble: [String: String] = [:]
  }
}
