import DefaultFlags
import Flags
import Foundation
import Routing

/// What the flags say at the start of the process. A file that cannot be used means legacy (law 9).
struct FlagStart: Sendable {
  var file: FlagFile?
  var latch: RollbackLatch?
  var definition: FlagDefinition
  var bytes: [UInt8]
  /// What is wrong with the file.
  var error: String?
  /// For the watcher: what came of reading the file.
  var outcome: Result<FlagDefinition, FlagError>
  var rollback: Cutover.Rollback?
  /// What the environment says; `USE_LEGACY_CACHE` wins over everything.
  let switches: EnvironmentSwitches

  /// - Parameters:
  ///   - path: the flag file or its directory; nil keeps the built-in flags in memory.
  ///   - environment: where the guide's two switches are looked for.
  init(path: String?, environment: [String: String]) throws(FlagError) {
    switches = EnvironmentSwitches(environment)
    let builtIn = try FlagDefinition.builtIn()
    definition = builtIn
    bytes = DefaultFlags.definition
    outcome = .success(builtIn)
    defer {
      if switches.useLegacy {
        rollback = Cutover.Rollback(
          reason: EnvironmentSwitches.legacyReason, who: "environment", at: Date())
      }
    }
    guard let path else {
      guard switches.useNew else { return }
      // Everything on the new stack, with the way back open: what "use the new cache" means under these flags.
      let change = try FlagChange(editing: bytes, stage: .rampdown, percentage: nil)
      (definition, bytes, outcome) = (change.definition, change.bytes, .success(change.definition))
      return
    }
    let file = FlagFile(path: path)
    self.file = file
    let latch = RollbackLatch(directory: file.directory)
    self.latch = latch
    do throws(FlagError) {
      let loaded = try file.load()
      definition = loaded
      bytes = try file.read()
      outcome = .success(loaded)
    } catch {
      self.error = error.description
      outcome = .failure(error)
    }
    if latch.isSet {
      rollback = Cutover.Rollback(note: latch.note)
    }
  }
}

extension Cutover.Rollback {
  /// Reads what a latch file says: the lines that `RollbackLatch.set` writes, or whatever a person wrote.
  init(note: String?) {
    let lines = (note ?? "").split(whereSeparator: \.isNewline)
    func field(_ name: String) -> String? {
      lines.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }
    let words = lines.joined(separator: " ")
    self.init(
      reason: field("reason")
        ?? (field("who") != nil ? "" : words.isEmpty ? "the latch file is there" : words),
      who: field("who") ?? "file",
      at: field("time").flatMap { try? Date($0, strategy: .iso8601) } ?? Date())
  }
}
