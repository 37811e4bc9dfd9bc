import SluiceCopying
import SluiceFigures
import SluiceRouting

/// How one lane's connections are.
public struct LaneHealth: Sendable {
  public var legacy: StackHealth
  public var new: StackHealth
  public var legacyInFlight: Int
  public var newInFlight: Int
  /// Mirrored commands in flight at each stack.
  public var legacyMirrorQueue: Int
  public var newMirrorQueue: Int
  /// And their bytes.
  public var legacyMirrorBytes: Int
  public var newMirrorBytes: Int
  /// Keys on which each stack may be wrong.
  public var legacySuspects: Int
  public var newSuspects: Int
  public var legacyBreaker: Breaker
  public var newBreaker: Breaker
  /// Failures of each connection since the stack last answered a command.
  public var legacyFailures: Int
  public var newFailures: Int
  /// Since when each stack lacks keys that the other has, in milliseconds since 1970: it came up empty, or was emptied.
  public var legacyColdSince: Int64?
  public var newColdSince: Int64?
  public var clients: Int
  public var clientsTotal: Int
  public var clientsCutOff: Int
  public var clientsCutOffForMemory: Int
  /// Bytes that this lane's clients hold.
  public var clientBytes: Int
  /// Keys that no way can carry to each stack, by reason, and some of their names.
  public var legacyUncarried: [Uncarried: Int]
  public var newUncarried: [Uncarried: Int]
  public var uncarriedNames: [StackID: [[UInt8]]]
  /// Why suspects cannot be written down at the moment.
  public var journalFailure: String?
}

extension LaneSet {
  /// How one lane's connections are; on its loop.
  package func health(_ index: Int) -> LaneHealth { lanes[index].healthNow }

  /// What one lane has counted since the last call; on its loop.
  package func figures(_ index: Int) -> LaneFigures { lanes[index].takeFigures() }

  /// Nobody uses the lanes any more: they let go of each other.
  package func forget(_ index: Int) { lanes[index].letGo() }
}

extension Lane {
  package func takeFigures() -> LaneFigures {
    for connection in stacks {
      figures.suspects[connection.stack] = connection.suspects.takeFigures()
      if !connection.suspects.absent.isEmpty {
        figures.compare.uncarried &+= UInt64(connection.suspects.uncarried.values.reduce(0, +))
        connection.suspects.name(in: &figures.uncarried, at: wallClock)
      }
    }
    guards.willTakeFigures(at: now, figures)
    return figures.take()
  }

  package func takeGuardUnits(_ limits: GuardLimits) -> GuardUnits {
    turnBegan()
    var units = guards.take(at: now, figures, limits)
    units.open = known.count
    return units
  }

  package var healthNow: LaneHealth {
    let legacy = connection(.legacy)
    let new = connection(.new)
    return LaneHealth(
      legacy: legacy.health, new: new.health, legacyInFlight: legacy.pending.count,
      newInFlight: new.pending.count,
      legacyMirrorQueue: legacy.mirrorQueue, newMirrorQueue: new.mirrorQueue,
      legacyMirrorBytes: legacy.mirrorBytes, newMirrorBytes: new.mirrorBytes,
      legacySuspects: legacy.suspects.least, newSuspects: new.suspects.least,
      legacyBreaker: legacy.breaker, newBreaker: new.breaker, legacyFailures: legacy.failures,
      newFailures: new.failures,
      legacyColdSince: legacy.isWarm ? nil : legacy.history.coldSince,
      newColdSince: new.isWarm ? nil : new.history.coldSince, clients: sessions.count,
      clientsTotal: clientsTotal, clientsCutOff: clientsCutOff,
      clientsCutOffForMemory: clientsCutOffForMemory,
      clientBytes: weight.bytes, legacyUncarried: legacy.suspects.uncarried,
      newUncarried: new.suspects.uncarried,
      uncarriedNames: [
        .legacy: legacy.suspects.uncarriedNames, .new: new.suspects.uncarriedNames,
      ], journalFailure: journal?.failure?.description)
  }
}
