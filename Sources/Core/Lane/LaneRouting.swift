import SluiceRouting

/// What is in force in a lane: the published snapshot and, beside it, what most commands need to know of it.
///
/// An object with constant members: reading one copies nothing, however large the snapshot is.
final class LaneRouting: Sendable {
  let snapshot: RoutingSnapshot
  /// The primary of every key, when all keys have the same.
  let commonPrimary: StackID?
  /// The stack that answers for every key: by the stage, or because a share is all or nothing.
  let keyspaceOwner: StackID?
  let mirrorsWrites: Bool
  /// Whether any read is compared; which ones, the snapshot says.
  let comparesReads: Bool
  /// Whether new cannot be reached and legacy may not take writes for it.
  let refusesWrites: Bool
  /// Whether new answers for keys, and legacy is told of every write.
  let canFallBack: Bool

  init(_ snapshot: RoutingSnapshot) {
    self.snapshot = snapshot
    commonPrimary =
      switch snapshot.effectiveStage {
      case .off, .dualwrite, .shadow: .legacy
      case .live: nil
      case .rampdown, .complete: .new
      }
    keyspaceOwner = snapshot.keyspaceOwner
    mirrorsWrites = snapshot.mirrorsWrites
    comparesReads = snapshot.effectiveStage.comparesReads
    refusesWrites = snapshot.fallback == .reads
    canFallBack = snapshot.effectiveStage == .live || snapshot.effectiveStage == .rampdown
  }

  func primary(of key: Span<UInt8>) -> StackID { commonPrimary ?? snapshot.primary(of: key) }

  func compares(_ key: Span<UInt8>) -> Bool { comparesReads && snapshot.compares(key) }
}
