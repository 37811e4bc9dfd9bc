/// What kind of difference a divergence is (design, section 6).
public enum DivergenceKind: UInt8, CaseIterable, Sendable {
  case missingInNew, missingInLegacy, value, type, ttl, errorInNew, errorInLegacy, timeout

  /// Whether it is a reason to doubt the data: neither what a cold new stack lacks, nor an answer that never came, which is an error
  /// of a stack (perhaps of legacy, to which nobody should be rolled back for that).
  public var isAboutData: Bool { self != .missingInNew && self != .timeout }

  /// The word for the ledger and for people, in snake case.
  public var name: String {
    switch self {
    case .missingInNew: "missing_in_new"
    case .missingInLegacy: "missing_in_legacy"
    case .value: "value"
    case .type: "type"
    case .ttl: "ttl"
    case .errorInNew: "error_in_new"
    case .errorInLegacy: "error_in_legacy"
    case .timeout: "timeout"
    }
  }
}
