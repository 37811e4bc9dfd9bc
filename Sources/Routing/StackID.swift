/// One of the two caches behind the proxy.
public enum StackID: UInt8, Sendable, CaseIterable {
  case legacy = 0
  case new = 1

  /// The stack that is not this one: the mirror of a primary, the primary of a mirror.
  public var other: StackID { self == .legacy ? .new : .legacy }

  /// The word for it in flag files, the ledger and the CLI: `legacy` or `new`.
  public var name: String { self == .legacy ? "legacy" : "new" }

  /// The stack of that name, or nil.
  public init?(name: String) {
    switch name {
    case "legacy": self = .legacy
    case "new": self = .new
    default: return nil
    }
  }
}
