/// The way up, and what has to be known before each step of it: the flag `cache-plan`.
public struct Plan: Sendable, Equatable {
  /// The percentages to go through in `live`, strictly growing, above 0 and at most 100; at least one.
  public var steps: [Percentage] = [25, 50, 100].compactMap { Percentage(percent: $0) }
  /// The least time on a step in seconds: 0 (none) to 2,592,000 (30 days).
  public var minimumSeconds: UInt64 = 600
  /// The least number of comparisons on a step: 0 (none) to 1,000,000,000.
  public var minimumCompared: UInt64 = 10_000
  /// The least number of different keys among them: 0 (none) to 1,000,000.
  public var minimumKeys: UInt64 = 0
  /// Who takes a step whose conditions are met.
  public enum Advance: String, Sendable, CaseIterable {
    /// A person, by an order.
    case manual
    /// The plan, once a person has said yes to that step.
    case ask
    /// The plan.
    case auto
  }

  /// Who goes up from `shadow` to `rampdown`. To `complete`, from which there is no way back at once, only a person goes.
  public var advance = Advance.manual
  /// When the plan goes up by itself; nil is always. It goes back at any hour.
  public var hours: PlanHours?
  /// So long a step may take before the plan stands still and says so: 0 (for ever) to 31,536,000 (a year).
  public var maximumSeconds: UInt64 = 0
  /// Whether `rampdown` and `complete` want a `sluice verify` that was begun on the step before them.
  public var verify = true

  public init() {}

  /// Nil where there is no such flag, or where it is disabled: no plan is in force.
  init?(in flags: JSONNode) throws(FlagError) {
    guard var settings = try FlagSettings("cache-plan", in: flags) else { return nil }
    steps = try settings.percentages("steps", default: steps)
    minimumSeconds = try settings.count("minimumSeconds", in: 0...2_592_000, default: minimumSeconds)
    minimumCompared = try settings.count("minimumCompared", in: 0...1_000_000_000, default: minimumCompared)
    minimumKeys = try settings.count("minimumKeys", in: 0...1_000_000, default: minimumKeys)
    verify = try settings.truth("verify", default: verify)
    if let word = try settings.text("advance") {
      guard let known = Advance(rawValue: word) else {
        throw settings.path.member("advance").error(
          .invalid, "is \"\(word.prefix(64))\"; write manual, ask or auto")
      }
      advance = known
    }
    if let text = try settings.text("hours") {
      guard let known = PlanHours(text) else {
        throw settings.path.member("hours").error(
          .invalid,
          "is \"\(text.prefix(64))\"; write a span of the day in UTC, such as \"mon-fri 09:00-17:00\"")
      }
      hours = known
    }
    maximumSeconds = try settings.count("maximumSeconds", in: 0...31_536_000, default: maximumSeconds)
    guard maximumSeconds == 0 || maximumSeconds > minimumSeconds else {
      throw settings.path.member("maximumSeconds").error(
        .outOfRange, "is \(maximumSeconds), and no step is shorter than minimumSeconds, \(minimumSeconds)")
    }
    try settings.finish()
  }
}
