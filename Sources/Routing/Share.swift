/// A share of all buckets: the first `threshold` of the 2^32.
///
/// flagd's "v2" fractional rule for two entries with weights `a` and `b`: the first entry iff
/// `hash · (a + b) >> 32 < a`, which is `hash < ceil(a · 2^32 / (a + b))`. At 100 % the threshold is 2^32,
/// which no `UInt32` holds; that is why it is wider than the hash.
public struct Share: Sendable, Hashable {
  /// 0 (nothing) to 2^32 (everything).
  public let threshold: UInt64

  /// flagd's limit for the sum of the weights.
  public static let maximumWeight: UInt64 = 2_147_483_647

  public static let nothing = Share(threshold: 0)
  public static let everything = Share(threshold: 1 << 32)

  private init(threshold: UInt64) {
    self.threshold = threshold
  }

  /// The share of `weight` beside `rest`. Nil when both are zero or their sum is above `maximumWeight`.
  public init?(weight: UInt64, rest: UInt64) {
    let (sum, overflow) = weight.addingReportingOverflow(rest)
    guard !overflow, sum > 0, sum <= Share.maximumWeight else { return nil }
    // Below 2^31 · 2^32 + 2^31, so neither the shift nor the addition can overflow.
    threshold = (weight << 32 + sum - 1) / sum
  }

  /// Whether the bucket `hash` is in the share.
  public func contains(_ hash: UInt32) -> Bool { UInt64(hash) < threshold }

  public var isNothing: Bool { threshold == 0 }
  public var isEverything: Bool { threshold == 1 << 32 }

  /// The share of all buckets, 0 to 100.
  public var percent: Double { Double(threshold) * 100 / 4_294_967_296 }
}
