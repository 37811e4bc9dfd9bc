/// What a stack was for a command.
public enum Role: UInt8, CaseIterable, Sendable {
  /// A client waited for its reply.
  case primary
  /// It repeated a write or a read of the other one, and nobody waited.
  case mirror

  /// The word for the ledger and for people.
  public var name: String {
    switch self {
    case .primary: "primary"
    case .mirror: "mirror"
    }
  }
}
