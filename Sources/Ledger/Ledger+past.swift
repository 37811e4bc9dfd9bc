import Foundation
import GRDB
import SluiceFigures
import SluiceRouting

extension Ledger {
  /// What runs before this one have counted of late, in windows of equal length; as rows, for as figures they would be large.
  public struct Past: Sendable, Equatable {
    private enum Count: Sendable, Equatable {
      /// Operations, hits, misses, errors and failures.
      case work(Cell, [UInt64])
      /// How many took at most so many microseconds.
      case latency(Cell, upper: UInt64, UInt64)
      case hold(HoldFigures.Reason, upper: UInt64, UInt64)
      case wait(CommandClass, upper: UInt64, waited: UInt64, replaced: UInt64)
      /// What matched, was superseded, and diverged.
      case compared([UInt64])
      case differed(DivergenceKind, UInt64)
    }

    private struct Cell: Sendable, Equatable {
      var stack: StackID
      var role: Role
      var commandClass: CommandClass
    }

    private struct Row: Sendable, Equatable {
      /// Windows since 1970.
      var window: Int64
      var count: Count
    }

    private let seconds: Int64
    private var rows: [Row] = []

    /// Nothing was counted.
    init(seconds: Int64) { self.seconds = max(1, seconds) }

    /// Each window in which anything was counted, the oldest first: how long before `now` it began, and what it was.
    public func forEachWindow(before now: Date, _ body: (_ secondsAgo: UInt64, LaneFigures) -> Void) {
      let present = now.milliseconds / 1000
      var place = 0
      while place < rows.count {
        let window = rows[place].window
        var figures = LaneFigures()
        while place < rows.count, rows[place].window == window {
          Self.add(rows[place].count, to: &figures)
          place += 1
        }
        let (began, isTooMuch) = window.multipliedReportingOverflow(by: seconds)
        let (ago, isTooLong) = present.subtractingReportingOverflow(began)
        if !isTooMuch, !isTooLong, ago >= 0 { body(UInt64(ago), figures) }
      }
    }

    private static func add(_ count: Count, to figures: inout LaneFigures) {
      func nanoseconds(_ upper: UInt64) -> UInt64 { min(upper, LatencyHistogram.highest) * 1000 }
      switch count {
      case .work(let cell, let counts):
        var work = OperationFigures()
        for (field, count) in zip(
          [\OperationFigures.operations, \.hits, \.misses, \.errors, \.failures], counts)
        {
          work[keyPath: field] = count
        }
        figures[cell.stack, cell.role, cell.commandClass].merge(work)
      case .latency(let cell, let upper, let count):
        figures[cell.stack, cell.role, cell.commandClass].latency.record(
          nanoseconds: Int64(clamping: nanoseconds(upper)), count: count)
      case .hold(let reason, let upper, let count):
        figures.holds.record(reason, nanoseconds: nanoseconds(upper), count: count)
      case .wait(let commandClass, let upper, let waited, let replaced):
        figures.waits.waited(commandClass, nanoseconds: nanoseconds(upper), count: waited)
        figures.waits.replaced(commandClass, nanoseconds: nanoseconds(upper), count: replaced)
      case .compared(let counts):
        for (field, count) in zip([\CompareFigures.matched, \.superseded, \.diverged], counts) {
          figures.compare[keyPath: field] = count
        }
      case .differed(let kind, let count): figures.divergences.record(kind, count: count)
      }
    }
  }
}

// MARK: Reading

extension Ledger.Past {
  /// So many intervals are looked at: those of an hour, if there is one a second and some flips.
  private static let limit = 8192

  /// Whatever somebody has written into the file: what cannot be read was not counted.
  ///
  /// - Parameter span: how far back, in seconds.
  init(_ db: Database, seconds: Int64, span: Int64, withCompares: Bool, before now: Date) throws {
    self.init(seconds: seconds)
    let (now, length) = (now.milliseconds, self.seconds * 1000)
    // Windows of which a part is too old are left out, and so is what a clock that went back has left in the future.
    let recent = """
      (SELECT id, started_at / \(length) AS window, matched, superseded, diverged FROM intervals
       WHERE id > (SELECT max(id) FROM intervals) - \(Self.limit)
         AND started_at BETWEEN \(now - span * 1000) AND \(now)) i
      """
    func read(_ sql: String, _ row: ([DatabaseValue]) -> Count?) throws {
      for values in try GRDB.Row.fetchAll(db, sql: sql).map({ Array($0.databaseValues) }) {
        guard let window = Int64.fromDatabaseValue(values[0]), let count = row(values) else { continue }
        rows.append(Row(window: window, count: count))
      }
    }
    func number(_ value: DatabaseValue) -> UInt64 { UInt64(clamping: Int64.fromDatabaseValue(value) ?? 0) }
    func cell(_ values: [DatabaseValue]) -> Cell? {
      let names = values[1...3].map { String.fromDatabaseValue($0) }
      guard let stack = StackID.allCases.first(where: { $0.name == names[0] }),
        let role = Role.allCases.first(where: { $0.name == names[1] }),
        let commandClass = CommandClass.allCases.first(where: { $0.name == names[2] })
      else { return nil }
      return Cell(stack: stack, role: role, commandClass: commandClass)
    }
    try read(
      """
      SELECT i.window, f.stack, f.role, f.class, sum(f.operations), sum(f.hits), sum(f.misses), sum(f.errors), sum(f.failures)
      FROM \(recent) JOIN figures f ON f.interval = i.id GROUP BY 1, 2, 3, 4
      """
    ) { values in cell(values).map { .work($0, values[4...].map(number)) } }
    try read(
      """
      SELECT i.window, l.stack, l.role, l.class, l.upper_us, sum(l.count)
      FROM \(recent) JOIN latencies l ON l.interval = i.id GROUP BY 1, 2, 3, 4, 5
      """
    ) { values in cell(values).map { .latency($0, upper: number(values[4]), number(values[5])) } }
    try read(
      """
      SELECT i.window, h.reason, h.upper_us, sum(h.count) FROM \(recent) JOIN holds h ON h.interval = i.id
      GROUP BY 1, 2, 3
      """
    ) { values in
      let name = String.fromDatabaseValue(values[1])
      return HoldFigures.Reason.allCases.first { $0.name == name }.map {
        .hold($0, upper: number(values[2]), number(values[3]))
      }
    }
    try read(
      """
      SELECT i.window, h.class, h.upper_us, sum(h.waited), sum(h.replaced)
      FROM \(recent) JOIN held_latencies h ON h.interval = i.id GROUP BY 1, 2, 3
      """
    ) { values in
      let name = String.fromDatabaseValue(values[1])
      return CommandClass.allCases.first { $0.name == name }.map {
        .wait($0, upper: number(values[2]), waited: number(values[3]), replaced: number(values[4]))
      }
    }
    if withCompares {
      try read(
        "SELECT i.window, sum(i.matched), sum(i.superseded), sum(i.diverged) FROM \(recent) GROUP BY 1"
      ) { .compared($0[1...].map(number)) }
      // Counted by the minute in which their interval began.
      try read(
        """
        SELECT minute * 60000 / \(length), kind, sum(count) FROM divergence_counts
        WHERE minute BETWEEN \((now - span * 1000) / 60_000) AND \(now / 60_000) GROUP BY 1, 2
        """
      ) { values in
        let name = String.fromDatabaseValue(values[1])
        return DivergenceKind.allCases.first { $0.name == name }.map { .differed($0, number(values[2])) }
      }
    }
    rows.sort { $0.window < $1.window }
  }
}
