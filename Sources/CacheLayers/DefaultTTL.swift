/// The default TTL layer: how long an entry lives when its writer did not say.
public struct DefaultTTL: Hashable, Sendable {
  /// Zero or less: such entries never expire.
  public let duration: Duration

  /// What becomes of a value that is written.
  public enum Life: Hashable, Sendable {
    case forever
    /// More than zero and no longer than ``DefaultTTL/longest``.
    case ends(after: Duration)
    /// The writer gave zero or less: nothing is stored, and what was there goes.
    case over
  }

  /// A hundred years: longer lives are cut, so that no sum of a clock and a life overflows, in Redis or here.
  public static let longest = Duration.seconds(100 * 365 * 86400)

  public init(_ duration: Duration) {
    self.duration = duration
  }

  /// How long an entry lives.
  ///
  /// - Parameter ttl: what the writer said; nil if nothing.
  public func life(given ttl: Duration?) -> Life {
    guard let ttl else {
      return duration > .zero ? .ends(after: min(duration, Self.longest)) : .forever
    }
    return ttl > .zero ? .ends(after: min(ttl, Self.longest)) : .over
  }
}

extension Duration {
  /// For `PX` and `PEXPIRE`: whole milliseconds, rounded up, so that a life that is not over is not zero.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let part = attoseconds / 1_000_000_000_000_000
    let rest: Int64 = attoseconds % 1_000_000_000_000_000 > 0 ? 1 : 0
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, overflows) = product.addingReportingOverflow(part + rest)
    return overflows ? (seconds < 0 ? .min : .max) : sum
  }
}
