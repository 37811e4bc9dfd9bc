/// How far a migration has come: the six variants of the flag `cache-stage`, in order.
public enum Stage: UInt8, Sendable, CaseIterable, Comparable {
  /// Everything on legacy; the new stack is not asked.
  case off
  /// Legacy answers; writes go to the new stack as well.
  case dualwrite
  /// As `dualwrite`, and sampled reads are repeated on the new stack and compared.
  case shadow
  /// The cohort's keys are answered by the new stack, the rest by legacy; writes go to both, sampled reads
  /// are compared.
  case live
  /// The new stack answers; writes go to legacy as well, so the way back stays open.
  case rampdown
  /// Everything on the new stack; legacy is not asked, and the way back begins with `rampdown` and a repair.
  case complete

  /// The word for it in flag files, the ledger and the CLI.
  public var name: String {
    switch self {
    case .off: "off"
    case .dualwrite: "dualwrite"
    case .shadow: "shadow"
    case .live: "live"
    case .rampdown: "rampdown"
    case .complete: "complete"
    }
  }

  /// The stage of that name, or nil.
  public init?(name: String) {
    guard let stage = Stage.allCases.first(where: { $0.name == name }) else { return nil }
    self = stage
  }

  /// Whether writes go to both stacks.
  public var mirrorsWrites: Bool { self != .off && self != .complete }

  /// Whether sampled reads are repeated on the mirror and compared.
  public var comparesReads: Bool { self == .shadow || self == .live }

  /// The stack that hears of nothing, neither of reads nor of writes.
  public var leftOut: StackID? {
    switch self {
    case .off: .new
    case .complete: .legacy
    case .dualwrite, .shadow, .live, .rampdown: nil
    }
  }

  /// Earlier in the migration is less.
  public static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
}
