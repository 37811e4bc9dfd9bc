import Foundation
import SluiceDefaultFlags
import SluiceRouting

/// What the flags and the environment say at the start of a process. A file that cannot be used means legacy (law 9).
public struct FlagStart: Sendable {
  public private(set) var file: FlagFile?
  public private(set) var latch: RollbackLatch?
  public private(set) var definition: FlagDefinition
  public private(set) var bytes: [UInt8]
  /// What is wrong with the file.
  public private(set) var error: String?
  /// For the watcher: what came of reading the file.
  public private(set) var outcome: Result<FlagDefinition, FlagError>
  /// Why everything is on legacy, whatever the flags say; nil if it is not.
  public private(set) var rollback: Rollback?
  /// For the watcher: whether the latch file was there.
  public private(set) var latchWasSet = false
  /// What the environment says; `USE_LEGACY_CACHE` wins over everything.
  public let switches: EnvironmentSwitches

  /// The state of the snapshot that begins, version 1.
  public var snapshot: RoutingSnapshot {
    error == nil
      ? definition.makeSnapshot(version: 1, isRolledBack: rollback != nil) : RoutingSnapshot.initial
  }

  /// - Parameters:
  ///   - path: the flag file or its directory; nil keeps the built-in flags in memory.
  ///   - environment: where the guide's two switches are looked for.
  public init(path: String?, environment: [String: String]) throws(FlagError) {
    switches = EnvironmentSwitches(environment)
    bytes = DefaultFlags.definition
    definition = try FlagDefinition.builtIn()
    outcome = .success(definition)
    if let path {
      read(FlagFile(path: path))
    } else if switches.useNew {
      // Everything on the new stack, with the way back open: what "use the new cache" means under these flags.
      let change = try FlagChange(editing: bytes, stage: .rampdown, percentage: nil)
      (definition, bytes, outcome) = (change.definition, change.bytes, .success(change.definition))
    }
    if switches.useLegacy {
      rollback = Rollback(reason: EnvironmentSwitches.legacyReason, who: "environment", at: Date())
    }
  }

  private mutating func read(_ file: FlagFile) {
    self.file = file
    let latch = RollbackLatch(directory: file.directory)
    self.latch = latch
    do throws(FlagError) {
      let loaded = try file.load()
      bytes = try file.read()
      definition = loaded
      outcome = .success(loaded)
    } catch {
      self.error = error.description
      outcome = .failure(error)
    }
    latchWasSet = latch.isSet
    if latchWasSet { rollback = Rollback(note: latch.note) }
  }
}
