/// The keys that the flag `cache-stack` gives to the new stack, compiled for the hot path.
///
/// Sticky, and it only grows while the percentage grows. A plain share costs one hash and one comparison; a
/// tree of rules is walked.
public struct Cohort: Sendable {
  /// The share, or for a constant everything or nothing. With rules, only its hash is used: to tell a key's
  /// bucket.
  let bucketing: Bucketing
  let rules: TargetingRule?
  let defaultVariant: StackID
  let reason: Explanation.Reason

  /// The empty cohort.
  public static let empty = Cohort(.legacy, reason: .defaultVariant, hash: BucketHash(prefix: []))

  /// The keys in a share.
  public init(_ bucketing: Bucketing) {
    self.bucketing = bucketing
    rules = nil
    defaultVariant = .legacy
    reason = .fractional
  }

  /// Every key or none, and why; `hash` only serves to tell a key's bucket.
  public init(_ variant: StackID, reason: Explanation.Reason, hash: BucketHash) {
    bucketing = Bucketing(hash: hash, share: variant == .new ? .everything : .nothing)
    rules = nil
    defaultVariant = variant
    self.reason = reason
  }

  /// The keys to which `rules` give the new stack; `hash` tells the bucket of keys that reach no share.
  public init(rules: TargetingRule, defaultVariant: StackID, hash: BucketHash) {
    bucketing = Bucketing(hash: hash, share: .nothing)
    self.rules = rules
    self.defaultVariant = defaultVariant
    reason = .rule
  }

  /// The share of keys when it is the same for all keys, 0 to 100; nil with rules, where it depends on the
  /// keys.
  public var percent: Double? { rules == nil ? bucketing.share.percent : nil }

  /// Whether every key but the empty one belongs to the new stack, and whether none does. With rules both are false.
  public var isEverything: Bool { rules == nil && bucketing.share.isEverything }
  public var isNothing: Bool { rules == nil && bucketing.share.isNothing }

  /// The share and its hash, unless there are rules.
  public var plainBucketing: Bucketing? { rules == nil ? bucketing : nil }

  /// The constants of its rules, to try keys that they speak of; empty without rules.
  public var constants: [[UInt8]] { rules?.constants ?? [] }

  /// Whether the Redis key belongs to the new stack. The empty key never does.
  public func contains(_ key: Span<UInt8>) -> Bool {
    // At the two ends nothing depends on the key's bytes: not even its hash tag is looked for.
    if rules == nil {
      if bucketing.share.isNothing { return false }
      if bucketing.share.isEverything { return !key.isEmpty }
    }
    let target = key.extracting(targetingKey(of: key))
    guard !target.isEmpty else { return false }
    guard let rules else { return bucketing.share.contains(bucketing.hash.hash(of: target)) }
    switch rules.leaf(for: target) {
    case .variant(let stack): return stack == .new
    case .fractional(let leaf): return leaf.contains(targetingKey: target)
    case .defaultVariant, .choose: return defaultVariant == .new
    }
  }

  /// The stack of every key that begins with `prefix`; nil if they may be on both. Keys with a hash tag go by what is in it, whatever they begin
  /// with: where the prefix has none, it is taken for granted that those behind it have none either.
  public func stack(ofAll prefix: [UInt8]) -> StackID? {
    if isEverything { return .new }
    if isNothing { return .legacy }
    let tag = targetingKey(of: prefix.span)
    if tag.lowerBound > 0, !tag.isEmpty { return contains(prefix.span) ? .new : .legacy }
    if prefix.contains(UInt8(ascii: "{")) { return nil }
    switch rules?.leaf(ofAll: prefix) {
    case .variant(let stack): return stack
    case .defaultVariant: return defaultVariant
    case .fractional(let leaf):
      return leaf.share.isEverything ? .new : leaf.share.isNothing ? .legacy : nil
    case .choose, nil: return nil
    }
  }

  /// Whether both hold the same keys because they are made alike. False may also mean that nobody can tell.
  public func hasSameKeys(as other: Cohort) -> Bool {
    guard rules == other.rules else { return false }
    if rules != nil { return defaultVariant == other.defaultVariant }
    guard bucketing.share == other.bucketing.share else { return false }
    return bucketing.share.isNothing || bucketing.share.isEverything || bucketing.hash == other.bucketing.hash
  }

  /// What the flag says of the key and why. Agrees with `contains`; for people, not for the hot path.
  public func explain(_ key: Span<UInt8>) -> Explanation {
    let target = key.extracting(targetingKey(of: key))
    let variant: StackID = contains(key) ? .new : .legacy
    var hash = bucketing.hash
    var reason = reason
    if target.isEmpty {
      reason = .emptyKey
    } else if let rules {
      switch rules.leaf(for: target) {
      case .variant: reason = .rule
      case .fractional(let leaf):
        hash = leaf.hash
        reason = .fractional
      case .defaultVariant, .choose: reason = .defaultVariant
      }
    }
    return Explanation(bucket: hash.hash(of: target), variant: variant, primary: variant, reason: reason)
  }
}
