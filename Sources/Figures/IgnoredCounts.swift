/// Why two answers were not held against each other.
public enum IgnoredReason: UInt8, Sendable, CaseIterable {
  /// The command's class: random, a cursor, the server's own affair.
  case neverCompared
  /// A miss on new that was filled from legacy instead.
  case filled
  /// One of the two servers does not have the command, or takes it with fewer arguments.
  case oneSided
  /// Fields of a hash expire: each server counts them until it has removed them, at its own moment.
  case expiredFields
  /// Servers of these two versions rightly say it differently; the table of `SluiceServers` has the rows.
  case versions
  /// It differs, and somebody has said that it is meant to.
  case closed
  /// The answers differed, and before both stacks could be asked again a flip, or a command for all lanes (`FLUSHDB`), came between.
  case overtaken

  /// The word for status and ledger.
  public var name: String {
    switch self {
    case .neverCompared: "never_compared"
    case .filled: "filled_from_legacy"
    case .oneSided: "one_server_has_it"
    case .expiredFields: "expired_fields"
    case .versions: "versions_differ"
    case .closed: "meant_to_differ"
    case .overtaken: "overtaken"
    }
  }
}

/// How many reads were ignored, by reason; their sum is `CompareFigures.ignored`.
public struct IgnoredCounts: Sendable, Equatable {
  private var counts = InlineArray<7, UInt64>(repeating: 0)

  public init() {}

  public subscript(reason: IgnoredReason) -> UInt64 {
    get { counts[Int(reason.rawValue)] }
    set { counts[Int(reason.rawValue)] = newValue }
  }

  public static func == (left: Self, right: Self) -> Bool {
    IgnoredReason.allCases.allSatisfy { left[$0] == right[$0] }
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: Self) {
    for reason in IgnoredReason.allCases { self[reason] &+= other[reason] }
  }
}
