import SluiceCache

/// What takes all keys: `sluice warm` and `sluice verify`, without a proxy.
extension RoutedCache {
  /// What a warm-up came to.
  public struct Warmed: Sendable, Equatable {
    /// Keys of legacy that were looked at.
    public var seen = 0
    /// Those that were copied.
    public var copied = 0
    /// Those that new had, or that are repaired by other ways.
    public var known = 0
    /// Those that were gone from legacy by then.
    public var gone = 0
    /// Those that could not be copied: call it again.
    public var failed = 0
    public var lastFailure: CacheError?
  }

  /// What a comparison came to.
  public struct Verified: Sendable, Equatable {
    /// Keys that at least one stack had.
    public var compared = 0
    /// Keys that new has not.
    public var missing = 0
    /// Keys that legacy has not.
    public var extra = 0
    /// Keys under which the two have something else.
    public var differing = 0
    /// Keys whose last writes new has yet to hear.
    public var unknown = 0
    /// Those that were made alike.
    public var repaired = 0
    /// Some of the keys that were not alike.
    public var examples: [String] = []
    static let mostExamples = 20

    /// Whether both have the same; of nothing compared nothing is known.
    public var isAlike: Bool { compared > 0 && missing + extra + differing + unknown == 0 }
  }

  /// Copies to new what legacy has and new has not, with what is left of its life. Clients go on meanwhile: each key is copied in its own turn,
  /// and what is written to it later comes later. May be called again at any time.
  ///
  /// - Parameters:
  ///   - pattern: a glob, as in ``Cache/invalidate(pattern:)``.
  ///   - perSecond: at most so many keys.
  /// - Throws: `validation` where writes do not go to both stacks, or the cache of legacy is no ``WalkableCache``;
  ///   `infrastructure` if legacy could not be asked for its keys.
  @discardableResult
  public func warm(
    matching pattern: String = "*", perSecond: Int = 2000
  ) async throws(CacheError) -> Warmed {
    try await core.warm(matching: pattern, perSecond: perSecond)
  }

  /// Asks both stacks about every key that either has, past all tiers in front of them.
  ///
  /// - Parameter repairs: whether what differs is made alike, by what the stack says that answers for the key.
  /// - Throws: as ``warm(matching:perSecond:)``; without repairs at every stage.
  @discardableResult
  public func verify(
    matching pattern: String = "*", repairs: Bool = false, perSecond: Int = 2000
  ) async throws(CacheError) -> Verified {
    try await core.verify(matching: pattern, repairs: repairs, perSecond: perSecond)
  }
}
