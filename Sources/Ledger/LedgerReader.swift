import GRDB

/// A ledger opened for reading only, beside a running proxy or after it.
public final class LedgerReader: Sendable {
  private let database: DatabaseQueue
  private let path: String

  /// Opens a ledger that exists. Throws if it is none, or of another version.
  public init(path: String) throws(LedgerError) {
    self.path = path
    database = try Connection.reader(path)
  }

  /// Answers one question with at most `limit` rows: the first of a ranking, the latest of a story.
  public func table(_ section: Report.Section, limit: Int) throws(LedgerError) -> ReportTable {
    try tables([section], limit: limit).first ?? ReportTable(columns: [], rows: [])
  }

  /// Answers several questions as of one moment.
  public func tables(_ sections: [Report.Section], limit: Int) throws(LedgerError) -> [ReportTable] {
    try Connection.explaining(path) {
      try database.read { db in try sections.map { try Self.table($0, limit: limit, db) } }
    }
  }

  /// Up to when the figures go, in UTC and to the second; nil if there are none.
  func lastFigures() throws(LedgerError) -> String? {
    try Connection.explaining(path) {
      try database.read { db in
        try String.fetchOne(
          db, sql: "SELECT datetime(ended_at / 1000, 'unixepoch') FROM intervals ORDER BY id DESC LIMIT 1")
      }
    }
  }

  private static func table(_ section: Report.Section, limit: Int, _ db: Database) throws -> ReportTable {
    let limit = max(0, min(limit, Int.max - 1))
    let columns = section.columns.map { "\"\($0)\"" }.joined(separator: ", ")
    let statement = try db.makeStatement(sql: "SELECT \(columns) FROM \(section.rawValue)")
    var table = ReportTable(columns: section.columns, rows: [])
    let rows = try Row.fetchCursor(statement)
    while let row = try rows.next() {
      if !section.isStory, table.rows.count == limit {
        table.isCut = true
        break
      }
      table.rows.append(row.databaseValues.map(cell))
      // Keeps twice the limit at most, so that a long story costs no memory.
      if section.isStory, table.rows.count > 2 * min(limit, Int.max / 4) + 1 { cut(&table, to: limit) }
    }
    if section.isStory { cut(&table, to: limit) }
    return table
  }

  private static func cut(_ table: inout ReportTable, to limit: Int) {
    guard table.rows.count > limit else { return }
    table.rows.removeFirst(table.rows.count - limit)
    table.isCut = true
  }

  private static func cell(_ value: DatabaseValue) -> ReportTable.Cell {
    switch value.storage {
    case .null: .none
    case .int64(let number): .integer(number)
    case .double(let number): .real(number)
    case .string(let text): .text(text)
    case .blob(let data): .bytes(Array(data))
    }
  }
}
