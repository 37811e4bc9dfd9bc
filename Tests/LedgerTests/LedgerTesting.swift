import Foundation
import GRDB
import SluiceFigures
import SluiceRouting

@testable import SluiceLedger

/// A directory of a test's own, gone with it.
final class Scratch: Sendable {
  let directory: String

  init() throws {
    directory = NSTemporaryDirectory() + "sluice-ledger-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: directory)
  }

  var path: String { directory + "/sluice.db" }

  func configuration(_ change: (inout LedgerConfiguration) -> Void = { _ in }) -> LedgerConfiguration {
    var configuration = LedgerConfiguration(path: path)
    configuration.batchMilliseconds = 1
    configuration.retryMilliseconds = 1...10
    configuration.lookMilliseconds = 10
    change(&configuration)
    return configuration
  }

  func open(_ change: (inout LedgerConfiguration) -> Void = { _ in }) throws(LedgerError) -> Ledger {
    try Ledger(configuration(change), version: "1.2.3", summary: "legacy=memory: new=memory:") { command in
      command == 7 ? "GET" : command == 8 ? "SET" : "C\(command)"
    }
  }

  /// The rows of a query, by a connection of its own: values joined by `|`.
  func rows(_ sql: String) throws -> [String] { try Book(path).rows(sql) }

  /// Any ledger as others read it.
  struct Book {
    let path: String

    init(_ path: String) { self.path = path }

    func rows(_ sql: String) throws -> [String] {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      return try DatabaseQueue(path: path, configuration: configuration).read { db in
        try Row.fetchAll(db, sql: sql).map { row in
          row.databaseValues.map { value in
            switch value.storage {
            case .null: "-"
            case .int64(let number): "\(number)"
            case .double(let number): "\(number)"
            case .string(let text): text
            case .blob(let data): "x" + data.map { String($0, radix: 16) }.joined()
            }
          }.joined(separator: "|")
        }
      }
    }
  }
}

/// Waits until a condition holds; false if it does not within ten seconds.
func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(10)
  while try !condition() {
    if ContinuousClock.now > deadline { return false }
    // Not a spin: many tests wait at once, and the writers that they wait for need the cores.
    try? await Task.sleep(for: .milliseconds(2))
  }
  return true
}

/// 2026-03-01 12:00:00 UTC and `seconds` more.
func time(_ seconds: Double) -> Date { Date(timeIntervalSince1970: 1_772_366_400 + seconds) }

func flip(
  _ action: FlipRecord.Action, at seconds: Double, from: FlipRecord.Position, to: FlipRecord.Position,
  reason: String = ""
) -> FlipRecord {
  FlipRecord(at: time(seconds), who: "ana", action: action, from: from, to: to, reason: reason)
}

func divergence(
  _ kind: DivergenceKind = .value, command: UInt16 = 7, key: String = "user:1", at seconds: Double = 0
) -> DivergenceSample {
  DivergenceSample(
    at: time(seconds), kind: kind, command: command, key: Array(key.utf8),
    legacy: .init(digest: 1, length: 2), new: .init(digest: 3, length: 4))
}

/// Reads of both stacks and compares, of one interval.
func figures(matched: UInt64 = 0, diverged: [(DivergenceKind, UInt16)] = [], reads: UInt64 = 0) -> LaneFigures
{
  var figures = LaneFigures()
  figures.compare.matched = matched
  for (kind, command) in diverged { figures.recordDivergence(kind, command: command) }
  figures[.legacy, .primary, .read].operations = reads
  return figures
}

func suspects(made: UInt64 = 0, repaired: UInt64 = 0, deleted: UInt64 = 0, wholeStack: UInt64 = 0)
  -> SuspectFigures
{
  var figures = SuspectFigures()
  figures.made = made
  figures.repaired = repaired
  figures.deleted = deleted
  figures.wholeStack = wholeStack
  return figures
}
