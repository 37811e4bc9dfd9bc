/// The limits that roll back by themselves: the flag `cache-guardrails`.
public struct Guardrails: Sendable, Equatable {
  /// Confirmed divergences per comparison, 0 to 1: above it, roll back. 0 tolerates none, 1 switches the
  /// limit off.
  public var divergenceRate: Double = 0.001
  /// Errors of the new stack per command it got, 0 to 1: above it, roll back. 0 tolerates none, 1 switches
  /// the limit off.
  public var newErrorRate: Double = 0.01
  /// Comparisons, or commands, before a rate counts: 1 to 1,000,000,000.
  public var minimumSample: UInt64 = 1000

  public init() {}

  init(in flags: JSONNode) throws(FlagError) {
    guard var settings = try FlagSettings("cache-guardrails", in: flags) else { return }
    divergenceRate = try settings.number("divergenceRate", in: 0...1, default: divergenceRate)
    newErrorRate = try settings.number("newErrorRate", in: 0...1, default: newErrorRate)
    minimumSample = try settings.count("minimumSample", in: 1...1_000_000_000, default: minimumSample)
    try settings.finish()
  }
}
