import Foundation
import SluiceJournal

/// A rollback that is in force, as status and audit tell it.
public struct Rollback: Sendable, Codable, Equatable {
  public var reason: String
  /// Who ordered it: a client of the control port, a guardrail, `file`, `environment`, …
  public var who: String
  public var at: Date

  public init(reason: String, who: String, at: Date) {
    self.reason = reason
    self.who = who
    self.at = at
  }

  /// Reads what a latch file says: the lines that `RollbackLatch.set` writes, or whatever a person wrote.
  public init(note: String?) {
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

  /// What an instance has kept for itself.
  public init(_ latch: InForce.Latch) {
    self.init(
      reason: latch.reason, who: latch.who, at: Date(timeIntervalSince1970: Double(latch.at) / 1000))
  }

  /// For an instance to keep for itself.
  ///
  /// - Parameter hasFile: whether the shared file is there too.
  public func own(hasFile: Bool) -> InForce.Latch {
    let milliseconds = Int64(exactly: (at.timeIntervalSince1970 * 1000).rounded()) ?? 0
    return InForce.Latch(reason: reason, who: who, at: milliseconds, hadFile: hasFile)
  }

  /// Whether a latch file with these words is this one's.
  public func isTold(by written: Rollback) -> Bool {
    RollbackLatch.oneLine(reason) == written.reason && RollbackLatch.oneLine(who) == written.who
  }
}
