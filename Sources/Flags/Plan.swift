/// The way up: the flag `cache-plan`.
public struct Plan: Sendable, Equatable {
  /// The percentages to go through in `live`, strictly growing, above 0 and at most 100; at least one.
  public var steps: [Percentage] = [25, 50, 100].compactMap { Percentage(percent: $0) }
  /// The least time on a step in seconds: 0 (none) to 2,592,000 (30 days).
  public var minimumSeconds: UInt64 = 600
  /// The least number of comparisons on a step: 0 (none) to 1,000,000,000.
  public var minimumCompared: UInt64 = 10_000

  public init() {}

  init(in flags: JSONNode) throws(FlagError) {
    guard var settings = try FlagSettings("cache-plan", in: flags) else { return }
    steps = try settings.percentages("steps", default: steps)
    minimumSeconds = try settings.count("minimumSeconds", in: 0...2_592_000, default: minimumSeconds)
    minimumCompared = try settings.count("minimumCompared", in: 0...1_000_000_000, default: minimumCompared)
    try settings.finish()
  }
}
