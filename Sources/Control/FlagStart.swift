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

  /// - Parameter path: the flag file or its directory; nil keeps the built-in flags in memory.
  init(path: String?) throws(FlagError) {
    let builtIn = try FlagDefinition.builtIn()
    definition = builtIn
    bytes = DefaultFlags.definition
    outcome = .success(builtIn)
    guard let path else { return }
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
