import DefaultFlags
import Flags
import Foundation
import Routing

/// What the flags and the environment say at the start. A file that cannot be used means legacy (law 9).
struct RoutedStart: Sendable {
  var file: FlagFile?
  var latch: RollbackLatch?
  var definition: FlagDefinition
  var bytes: [UInt8]
  /// What is wrong with the file.
  var error: String?
  /// For the watcher: what came of reading the file.
  var outcome: Result<FlagDefinition, FlagError>
  var rollback: RoutedStatus.Rollback?
  private(set) var latchWasSet = false
  let switches: EnvironmentSwitches

  init(path: String?, switches: EnvironmentSwitches) throws(FlagError) {
    self.switches = switches
    bytes = DefaultFlags.definition
    definition = try FlagDefinition(bytes: bytes)
    outcome = .success(definition)
    if let path {
      read(FlagFile(path: path))
    } else if switches.useNew {
      // Everything on the new stack, with the way back open: what "use the new cache" means under these flags.
      let change = try FlagChange(editing: bytes, stage: .rampdown, percentage: nil)
      (definition, bytes) = (change.definition, change.bytes)
    }
    if switches.useLegacy {
      rollback = RoutedStatus.Rollback(
        reason: EnvironmentSwitches.legacyReason, who: "environment", at: Date())
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
    if latchWasSet {
      rollback = RoutedStatus.Rollback(
        reason: latch.note.map { $0.split(whereSeparator: \.isNewline).joined(separator: "; ") }
          ?? "the latch file is there",
        who: "file", at: Date())
    }
  }
}
