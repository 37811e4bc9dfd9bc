import Foundation

/// A threshold that was crossed.
public struct CacheAlert: Sendable, Hashable {
  /// Which one.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// One operation took longer than `maxOperationTime`; each such operation is an alert.
    case slowOperation
    /// The hit rate fell below `minHitRate`; told again only after it was above.
    case lowHitRate
    /// Memory rose above `maxMemoryUsage`; told again only after it was below.
    case highMemory
  }

  public let kind: Kind
  public let at: Date
  /// What was measured: seconds, hits per read (0 to 1), or bytes.
  public let measured: Double
  /// The limit in force, in the same unit.
  public let limit: Double
  /// One sentence for people: what happened and where to look.
  public let message: String
}
