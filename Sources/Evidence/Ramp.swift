import SluiceFlags

/// The ramp that goes up by itself, as a machine: soak, judge, then advance, hold, ask or pause. It knows no clock and does nothing;
/// who calls it carries out what it says.
///
/// It never goes back, for the guardrails do that whatever it thinks, and while the latch is set it does not move: no step of a plan lifts
/// one.
public struct Ramp: Sendable, Equatable {
  /// Where it stands.
  public enum State: String, Sendable, CaseIterable {
    /// No step is taken but by an order.
    case manual
    /// The least time on the step is not over.
    case soaking
    /// Conditions are missing.
    case holding
    /// All conditions are met but the hour.
    case outsideHours = "outside_hours"
    /// All conditions are met, and a person is asked.
    case asking
    /// The step is being taken.
    case advancing
    /// Nothing goes up until somebody answers for something.
    case paused
    case rolledBack = "rolled_back"
    /// What comes next is a person's to order: the stages before `shadow`, and `complete`.
    case yours
  }

  /// What there is to judge.
  public struct Sight: Sendable, Equatable {
    public var plan: Plan
    /// The same for the same routing.
    public var step: String
    /// How long it is in force.
    public var seconds: UInt64
    /// Of the next step.
    public var gates: [Gate]
    /// Whether the plan may take the next step.
    public var isForPlan: Bool
    public var paused: String?
    public var isRolledBack: Bool

    public init(
      plan: Plan, step: String, seconds: UInt64, gates: [Gate], isForPlan: Bool, paused: String? = nil,
      isRolledBack: Bool = false
    ) {
      (self.plan, self.step, self.seconds, self.gates) = (plan, step, seconds, gates)
      (self.isForPlan, self.paused, self.isRolledBack) = (isForPlan, paused, isRolledBack)
    }
  }

  /// What is to be done; nothing is said twice of one step.
  public enum Decision: Sendable, Equatable {
    case nothing
    /// Something is missing that was not, or was not said, on this step.
    case hold([Gate])
    case ask
    case advance
    /// The step takes longer than a step may.
    case pause(String)
  }

  public private(set) var state = State.manual
  /// Who has said yes to the next step; nil if nobody has, or need.
  public private(set) var approvedBy: String?
  /// Whether somebody was asked, and the step is still the same.
  public private(set) var hasAsked = false
  private var step: String?
  private var told: Set<String> = []
  /// Seconds of the step that somebody has answered for.
  private var excused: UInt64 = 0
  private var wasPaused = false

  /// Nothing judged yet.
  public init() {}

  /// Called about once a second.
  ///
  /// - Parameter now: seconds since 1970.
  public mutating func judge(_ sight: Sight, now: Int64) -> Decision {
    if sight.step != step { arrived(sight) }
    guard !sight.isRolledBack else { return stand(.rolledBack) }
    guard sight.plan.advance != .manual else { return stand(.manual) }
    if sight.paused != nil {
      wasPaused = true
      return stand(.paused)
    }
    if wasPaused { (wasPaused, excused, told) = (false, sight.seconds, []) }
    guard sight.isForPlan else { return stand(.yours) }
    let unmet = sight.gates.filter { !$0.isMet }
    let limit = sight.plan.maximumSeconds
    if limit > 0, sight.seconds - min(sight.seconds, excused) >= limit {
      let missing = unmet.map(\.shortfall).joined(separator: ", ")
      _ = stand(.paused)
      return .pause(
        "the step takes longer than maximumSeconds, \(limit) s; missing: \(missing.isEmpty ? "a yes, or its hours" : missing)"
      )
    }
    guard sight.seconds >= sight.plan.minimumSeconds else {
      state = .soaking
      return .nothing
    }
    guard unmet.isEmpty else { return hold(.holding, unmet) }
    if let hours = sight.plan.hours, !hours.contains(now) {
      return hold(
        .outsideHours, [Gate("hours", now: "another time", needed: "\(hours.text) UTC", missing: "its hours")]
      )
    }
    guard sight.plan.advance == .auto || approvedBy != nil else {
      state = .asking
      defer { hasAsked = true }
      return hasAsked ? .nothing : .ask
    }
    state = .advancing
    return .advance
  }

  /// Somebody has said yes to the step that was asked for.
  public mutating func approve(_ who: String) { approvedBy = who }

  /// The step could not be taken.
  ///
  /// - Returns: whether that is news.
  public mutating func failed(_ words: String) -> Bool {
    state = .holding
    return told.count < 100 && told.insert(words).inserted
  }

  private mutating func arrived(_ sight: Sight) {
    (step, told, approvedBy, hasAsked, wasPaused) = (sight.step, [], nil, false, sight.paused != nil)
    // Where a process begins behind that time, somebody has answered for it: else there would be a pause.
    let limit = sight.plan.maximumSeconds
    excused = limit > 0 && sight.seconds >= limit ? sight.seconds : 0
  }

  /// A yes was to what was then.
  private mutating func stand(_ state: State) -> Decision {
    (self.state, approvedBy, hasAsked) = (state, nil, false)
    return .nothing
  }

  private mutating func hold(_ state: State, _ unmet: [Gate]) -> Decision {
    self.state = state
    let news = unmet.filter { told.insert($0.name).inserted }
    return news.isEmpty ? .nothing : .hold(unmet)
  }
}
