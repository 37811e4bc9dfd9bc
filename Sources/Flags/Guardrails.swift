/// The limits that roll back by themselves: the flag `cache-guardrails`.
public struct Guardrails: Sendable, Equatable {
  /// The share of compared keys about which the stacks may differ, 0 to 1. 0 tolerates none, 1 switches the limit off.
  public var divergenceRate: Double = 0.001
  /// The share of its commands that the new stack may fail, and of its slots of 20 ms in which it fails more, 0 to 1. 0 tolerates
  /// none, 1 switches the limit off.
  public var newErrorRate: Double = 0.01
  public init() {}

  init(in flags: JSONNode) throws(FlagError) {
    guard var settings = try FlagSettings("cache-guardrails", in: flags) else { return }
    divergenceRate = try settings.number("divergenceRate", in: 0...1, default: divergenceRate)
    newErrorRate = try settings.number("newErrorRate", in: 0...1, default: newErrorRate)
    // Files of 0.1.0 have it; the test that judges now needs no least sample.
    _ = try settings.count("minimumSample", in: 1...1_000_000_000, default: 1)
    try settings.finish()
  }
}
