import Foundation

extension LedgerReader {
  /// Answers to several questions as one JSON object with an array of rows for each.
  ///
  /// - Parameter since: rows that have a column `at` which is before it are left out: `2026-11-30 16:00:00`.
  public func json(_ sections: [Report.Section], since: String? = nil, limit: Int) throws(LedgerError)
    -> String
  {
    let tables = try tables(sections, limit: limit)
    var object: [String: Any] = ["ledger": NSNull()]
    for (section, table) in zip(sections, tables) {
      var rows = table.objects()
      if let since {
        rows.removeAll { row in (row["at"] as? String).map { $0 < since } ?? false }
      }
      object[section.rawValue] = rows
    }
    guard
      let data = try? JSONSerialization.data(
        withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
