import SluiceLedger
import SluiceTestSupport

/// A ledger as its reader sees it: rows of texts by column.
struct Ledgerbook {
  private let reader: LedgerReader

  init(_ path: String) throws(LedgerError) { reader = try LedgerReader(path: path) }

  /// The rows of one view, in its order.
  func rows(_ section: Report.Section) throws -> [[String: String]] {
    let table = try reader.table(section, limit: 1000)
    return table.rows.map { row in
      Dictionary(uniqueKeysWithValues: zip(table.columns, row.map(Self.text)))
    }
  }

  private static func text(_ cell: ReportTable.Cell) -> String {
    switch cell {
    case .none: ""
    case .integer(let number): "\(number)"
    case .real(let number): "\(number)"
    case .text(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }
}
