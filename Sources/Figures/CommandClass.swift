/// The class under which a command is counted and timed.
public enum CommandClass: UInt8, CaseIterable, Sendable {
  case read, write, other

  /// The word for the ledger and for people.
  public var name: String {
    switch self {
    case .read: "read"
    case .write: "write"
    case .other: "other"
    }
  }
}
