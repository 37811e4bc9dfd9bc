/// The clock of a cache's entries: nanoseconds since any moment, never backwards, and on while the machine
/// sleeps.
public struct CacheClock: Sendable {
  /// The time now.
  public let nanoseconds: @Sendable () -> UInt64

  /// A clock of one's own, for tests.
  public init(_ nanoseconds: @escaping @Sendable () -> UInt64) {
    self.nanoseconds = nanoseconds
  }

  /// The machine's clock.
  public static let system: CacheClock = {
    let start = ContinuousClock.now
    return CacheClock { (ContinuousClock.now - start).wholeNanoseconds }
  }()
}

/// Durations as the caches count them. ``DefaultTTL/longest`` keeps every sum below far from overflow.
extension Duration {
  /// Whole nanoseconds, zero for less than one.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = max(.zero, min(self, .seconds(1 << 32))).components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
