import Foundation
import SluiceDefaultFlags
import SluiceJournal
import SluiceRouting

/// What the flags, the environment and the memory of the process before say at the start of a process.
///
/// A file that cannot be used changes nothing, over a restart too (law 9): what was in force last stays. Where nothing is remembered
/// it means legacy.
public struct FlagStart: Sendable {
  public private(set) var file: FlagFile?
  public private(set) var latch: RollbackLatch?
  public private(set) var definition: FlagDefinition
  /// What was in force in the process before; nil if nobody can say.
  public let before: FlagDefinition?
  /// Whether that is what is in force now, for there is no file that could be used.
  public private(set) var isRemembered = false
  /// What is wrong with the file.
  public private(set) var error: String?
  /// For the watcher: what came of reading the file.
  public private(set) var outcome: Result<FlagDefinition, FlagError>
  /// What the file says, where that is stage complete and the process before was not there yet: nobody has asked its gates.
  public private(set) var ahead: FlagDefinition?
  /// Why everything is on legacy, whatever the flags say; nil if it is not.
  public private(set) var rollback: Rollback?
  /// The rollback that this instance keeps for itself: not what the environment says, which ends with it.
  public private(set) var ownLatch: Rollback?
  private var wasRolledBack = false
  /// Whether its file may have been removed by somebody: it was there.
  public private(set) var hadLatchFile = false
  /// For the watcher: which latch file was there.
  public private(set) var latchMark: RollbackLatch.Mark?
  /// The latch file that is there, if a re-arm here has lifted it and left it for others.
  public private(set) var lifted: RollbackLatch.Mark?
  /// What the environment says; `USE_LEGACY_CACHE` wins over everything.
  public let switches: EnvironmentSwitches

  /// The definition as bytes.
  public var bytes: [UInt8] { definition.source }

  /// Whether the definition is one that somebody has written for this proxy, and not a stand-in for a file that cannot be used.
  public var isGood: Bool { error == nil || isRemembered }

  /// What was in force before, for one who goes from there to `snapshot` by a flip like any other, version 1; nil if that is the same,
  /// or if nobody can say.
  public var past: RoutingSnapshot? {
    guard let before, before.version != definition.version || wasRolledBack != (rollback != nil) else {
      return nil
    }
    return before.makeSnapshot(version: 1, isRolledBack: wasRolledBack)
  }

  /// The state of the snapshot that begins, version 1.
  public var snapshot: RoutingSnapshot {
    isGood
      ? definition.makeSnapshot(version: 1, isRolledBack: rollback != nil)
      : RoutingSnapshot.initial.withLatch(rollback != nil, version: 0)
  }

  /// - Parameters:
  ///   - path: the flag file or its directory; nil keeps the flags in memory: those of the process before, or the built-in ones.
  ///   - environment: where the guide's two switches are looked for.
  ///   - remembered: what the process before has left; nil if it has left nothing.
  ///   - allowReshuffle: accept a file that, since then, moves keys back and forth.
  public init(
    path: String?, environment: [String: String], remembered: InForce? = nil, allowReshuffle: Bool = false
  ) throws(FlagError) {
    switches = EnvironmentSwitches(environment)
    before = remembered.flatMap { try? FlagDefinition(bytes: $0.definition) }
    definition = try FlagDefinition.builtIn()
    if let before { definition = before }
    outcome = .success(definition)
    if let path {
      read(FlagFile(path: path), allowReshuffle)
    } else if switches.useNew {
      // Everything on the new stack, with the way back open: what "use the new cache" means under these flags.
      var change = try FlagChange(editing: DefaultFlags.definition, stage: .rampdown, percentage: nil)
      if let before, let edit = try? FlagChange(editing: before.source, stage: .rampdown, percentage: nil) {
        change = edit
      }
      (definition, outcome) = (change.definition, .success(change.definition))
    } else {
      isRemembered = before != nil
    }
    look(for: remembered)
  }

  private mutating func read(_ file: FlagFile, _ allowReshuffle: Bool) {
    self.file = file
    latch = RollbackLatch(directory: file.directory)
    do throws(FlagError) {
      let loaded = try file.load()
      if let before, !allowReshuffle { try FlagEdit(from: before, to: loaded).refuseReshuffle() }
      if let before, loaded.stage == .complete, before.stage != .complete {
        ahead = loaded
        throw FlagError(
          .ahead, path: "$.flags.cache-stage",
          "says complete, and it was \(before.stage.name) before the start; 'sluice reload' asks its gates"
        )
      }
      definition = loaded
      outcome = .success(loaded)
    } catch {
      self.error = error.description
      outcome = .failure(error)
      isRemembered = before != nil
    }
  }

  /// The latch: the environment, or this instance's own, or the file that all who share the folder have.
  private mutating func look(for remembered: InForce?) {
    wasRolledBack = remembered?.latch != nil
    latchMark = latch?.mark
    if let mark = latchMark, mark.words == remembered?.lifted { lifted = mark }
    if let own = remembered?.latch {
      (ownLatch, hadLatchFile) = (Rollback(own), own.hadFile)
    } else if latchMark != nil, lifted == nil {
      (ownLatch, hadLatchFile) = (Rollback(note: latch?.note), true)
    }
    rollback =
      switches.useLegacy
      ? Rollback(reason: EnvironmentSwitches.legacyReason, who: "environment", at: Date()) : ownLatch
  }
}
