/// Where every key goes at one moment: one immutable value, published to the lanes as a whole.
///
/// Precedence: rollback latch, then `state: DISABLED`, then targeting, then the default variant. The latch
/// is applied here; the other three are already compiled into `stage`, `cohort` and `sample`.
public struct RoutingSnapshot: Sendable {
  /// Grows with every publication; 0 is the state before any flag was read.
  public let version: UInt64
  /// The stage as configured; see `effectiveStage` for what is in force.
  public let stage: Stage
  /// Whether the rollback latch is set.
  public let isRolledBack: Bool
  /// What legacy does for new's cohort just now, because new cannot be reached; `off` while it can.
  public let fallback: Fallback
  /// What is in force: `stage`, or under the latch and while new cannot be reached `dualwrite` (`off` if the configured stage mirrors
  /// nothing because it is `off`). Both give every key to legacy.
  ///
  /// A rollback goes on writing to the new stack on purpose: it stays warm, and a re-arm does not serve
  /// stale values.
  public let effectiveStage: Stage
  public let cohort: Cohort
  /// The share of keys whose reads are compared.
  public let sample: Bucketing
  private let placement: Placement

  /// What the effective stage makes of the cohort.
  private enum Placement: UInt8 {
    case legacy, cohort, new
  }

  public init(
    version: UInt64, stage: Stage, isRolledBack: Bool, cohort: Cohort, sample: Bucketing,
    fallback: Fallback = .off
  ) {
    self.version = version
    self.stage = stage
    self.isRolledBack = isRolledBack
    self.cohort = cohort
    self.sample = sample
    // Legacy can only stand in for new where it is told of every write; under the latch it does anyway.
    let isFallenBack = fallback != .off && !isRolledBack && (stage == .live || stage == .rampdown)
    self.fallback = isFallenBack ? fallback : .off
    effectiveStage =
      isFallenBack ? .dualwrite : isRolledBack ? (stage == .off ? .off : .dualwrite) : stage
    placement =
      switch effectiveStage {
      case .off, .dualwrite, .shadow: .legacy
      case .live: .cohort
      case .rampdown, .complete: .new
      }
  }

  /// Stage `off`, everything on legacy, nothing compared: what is in force until a flag file says otherwise.
  public static let initial = RoutingSnapshot(
    version: 0, stage: .off, isRolledBack: false, cohort: .empty,
    sample: Bucketing(hash: BucketHash(prefix: []), share: .nothing))

  /// The same flags with the latch set or lifted. Needs no file, so a rollback depends on nothing.
  public func withLatch(_ isRolledBack: Bool, version: UInt64) -> RoutingSnapshot {
    RoutingSnapshot(
      version: version, stage: stage, isRolledBack: isRolledBack, cohort: cohort, sample: sample,
      fallback: fallback)
  }

  /// The same with no stack standing in for the other.
  public var withoutFallback: RoutingSnapshot {
    RoutingSnapshot(
      version: version, stage: stage, isRolledBack: isRolledBack, cohort: cohort, sample: sample)
  }

  /// Whether writes to the key fail, because it belongs to new, new cannot be reached, and legacy may answer reads alone.
  public func refusesWrites(to key: Span<UInt8>) -> Bool {
    fallback == .reads && (stage == .rampdown || cohort.contains(key))
  }

  /// The stack whose reply the client gets. No allocation; at most one hash.
  public func primary(of key: Span<UInt8>) -> StackID {
    switch placement {
    case .legacy: .legacy
    case .new: .new
    case .cohort: cohort.contains(key) ? .new : .legacy
    }
  }

  /// The stack that is the primary of every key; nil where each is of some, and where rules make it hard to tell.
  public var keyspaceOwner: StackID? {
    switch placement {
    case .legacy: .legacy
    case .new: .new
    case .cohort: cohort.isEverything ? .new : cohort.isNothing ? .legacy : nil
    }
  }

  /// The stack that is the primary of every key that begins so; nil if they may be on both.
  public func primary(ofAll prefix: [UInt8]) -> StackID? {
    placement == .cohort ? cohort.stack(ofAll: prefix) : keyspaceOwner
  }

  /// Whether writes go to the mirror as well, whichever stack is primary.
  public var mirrorsWrites: Bool { effectiveStage.mirrorsWrites }

  /// Whether a read of the key is repeated on the mirror and compared.
  public func compares(_ key: Span<UInt8>) -> Bool {
    guard effectiveStage.comparesReads else { return false }
    if sample.share.isNothing { return false }
    if sample.share.isEverything { return true }
    return sample.contains(targetingKey: key.extracting(targetingKey(of: key)))
  }

  /// Whether no key at all has another primary here than in `other`. May say false where no key differs,
  /// never the other way round.
  public func movesNothing(comparedTo other: RoutingSnapshot) -> Bool {
    placement == other.placement && (placement != .cohort || cohort.hasSameKeys(as: other.cohort))
  }

  /// Whether both are one routing, as evidence knows it: the same stage, the same keys on new, the same sample, rolled back or not.
  /// Who stands in for whom while a stack is away is no part of it. May say false of equal rules, never true of different ones.
  public func isSameRouting(as other: RoutingSnapshot) -> Bool {
    stage == other.stage && isRolledBack == other.isRolledBack && sample == other.sample
      && cohort.hasSameKeys(as: other.cohort)
  }

  /// Whether the key has another primary here than in `other`.
  public func changesPrimary(of key: Span<UInt8>, comparedTo other: RoutingSnapshot) -> Bool {
    primary(of: key) != other.primary(of: key)
  }

  /// Where the key goes and why. Agrees with `primary(of:)`.
  public func explain(_ key: Span<UInt8>) -> Explanation {
    let flag = cohort.explain(key)
    if placement == .cohort { return flag }
    return Explanation(
      bucket: flag.bucket, variant: flag.variant, primary: placement == .new ? .new : .legacy,
      reason: isRolledBack ? .rolledBack : fallback == .off ? .stage(effectiveStage) : .fallenBack)
  }
}
