/// Why a key goes where it goes, for `WHICH`.
public struct Explanation: Sendable, Equatable {
  /// The key's bucket: an unsigned number over all 32 bits.
  public let bucket: UInt32
  /// What `cache-stack` says of the key, whatever the stage.
  public let variant: StackID
  /// The stack that answers for it now.
  public let primary: StackID
  /// What decided the primary.
  public let reason: Reason

  /// Where the bucket lies among all buckets, 0 to 100: the key joins the cohort when the percentage passes
  /// it.
  public var position: Double { Double(bucket) * 100 / 4_294_967_296 }

  /// In order of precedence: latch, fallback, stage, state, targeting, default variant.
  public enum Reason: Sendable, Equatable {
    /// The rollback latch is set.
    case rolledBack
    /// New cannot be reached, and legacy stands in for it.
    case fallenBack
    /// The stage gives all keys to one stack.
    case stage(Stage)
    /// `cache-stack` has `state: DISABLED`.
    case disabled
    /// A key without a byte belongs to legacy.
    case emptyKey
    /// Its bucket is in, or not in, the share.
    case fractional
    /// A constant in a rule.
    case rule
    /// No targeting, or targeting that says `null`.
    case defaultVariant
  }
}
