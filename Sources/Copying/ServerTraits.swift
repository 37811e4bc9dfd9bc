import SluiceServers

/// What carrying values must know of a server.
public struct ServerTraits: Sendable, Equatable {
  /// The version of the format of its dumps, and the newest one that it takes; nil where its version tells nothing of it. What it gives
  /// is stamped anyway: this is for what it takes.
  public var stamp: UInt16?
  /// Whether it knows `PEXPIRETIME` (since 7.0). Where that is not known it is tried.
  public var hasExpireTime = true
  /// Whether fields of a hash may have a time to live (Redis 7.4, Valkey 9.0). Where that is not known it is asked.
  public var hasFieldTimes = true
  /// Whether a stream's counts can be set (`XSETID … ENTRIESADDED`, since 7.0).
  public var hasStreamCounts = true
  /// Whether several commands can be carried out as one. Layers and the embedded engine have no `MULTI`.
  public var hasTransactions = true

  /// A server that tells nothing of itself.
  public init() {}

  /// - Parameter facts: what the server has told; nil before it was met.
  public init(_ facts: ServerFacts?) {
    guard let facts else { return }
    stamp = facts.stamp
    guard let version = facts.version else { return }
    switch facts.kind {
    case .redis:
      hasExpireTime = version >= ServerVersion(7, 0)
      hasStreamCounts = version >= ServerVersion(7, 0)
      hasFieldTimes = version >= ServerVersion(7, 4)
    case .valkey: hasFieldTimes = version >= ServerVersion(9, 0)
    case .other: break
    }
  }
}
