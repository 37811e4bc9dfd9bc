/// The limits that act by themselves: the flag `cache-guardrails`.
public struct Guardrails: Sendable, Equatable {
  /// What is done when a limit is passed.
  public enum Reaction: String, Sendable, CaseIterable {
    /// Every key back to legacy.
    case rollback
    /// No step up, until somebody answers for it.
    case pause
    /// It is said, and written down.
    case notify
  }

  /// One of them: between which two rates it decides, and what it does.
  public struct Signal: Sendable, Equatable {
    /// The share of bad units at which all is well, 0 (tolerates none) to 1 (switches it off).
    public var healthy: Double
    /// The share that is broken for sure: above `healthy`, or 1.
    public var broken: Double
    public var reaction: Reaction

    /// A limit as people write it: at it all is well, at five times as much nothing is.
    public init(limit: Double, _ reaction: Reaction) {
      healthy = limit
      broken = min(5 * limit, (1 + limit) / 2)
      self.reaction = reaction
    }
  }

  /// Keys about which the stacks differ.
  public var diverged = Signal(limit: 0.001, .rollback)
  /// Slots of 20 ms in which new fails more of its commands than `healthy`, and more than legacy does.
  public var failed = Signal(limit: 0.01, .rollback)
  /// Slots of 20 ms in which more of new's answers than `broken` are slow, and more than legacy's.
  public var slow = Signal(limit: 0.01, .pause)
  /// Keys that clients miss on new and legacy has.
  public var missed = Signal(limit: 0.01, .pause)

  public init() {}

  init(in flags: JSONNode) throws(FlagError) {
    guard var settings = try FlagSettings("cache-guardrails", in: flags) else { return }
    diverged = try settings.signal("diverged", limit: "divergenceRate", default: diverged)
    failed = try settings.signal("failed", limit: "newErrorRate", default: failed)
    slow = try settings.signal("slow", limit: "slowRate", default: slow)
    missed = try settings.signal("missed", limit: "missedRate", default: missed)
    // Files of 0.1.0 have it; the test that judges now needs no least sample.
    _ = try settings.count("minimumSample", in: 1...1_000_000_000, default: 1)
    try settings.finish()
  }
}

extension Guardrails {
  /// The signals by the names that flag file, ledger and status have for them.
  public enum Name: String, Sendable, CaseIterable {
    case diverged, failed, slow, missed
  }

  public subscript(name: Name) -> Signal {
    switch name {
    case .diverged: diverged
    case .failed: failed
    case .slow: slow
    case .missed: missed
    }
  }
}
