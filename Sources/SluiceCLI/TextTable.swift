import SluiceLedger

/// Aligned columns for a terminal.
struct TextTable {
  let columns: [String]
  /// Columns whose values stand to the right.
  var numeric: Set<String> = []
  var rows: [[String]] = []

  /// One line per row under the names of the columns, without trailing spaces or a final line break.
  ///
  /// - Parameter width: of the window it must fit; nil is any.
  func text(width: Int? = Terminal.width) -> String {
    let lines = ([columns] + rows).map { $0.map(Output.printable) }
    let widths = ColumnFit.widths(
      columns.indices.map { column in
        lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
      }, headings: columns.map(\.count), isNumber: { numeric.contains(columns[$0]) }, in: width)
    return lines.map { line in
      var text = zip(columns.indices, line).map { column, whole in
        let cell = ColumnFit.cut(whole, to: widths[column])
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return numeric.contains(columns[column]) ? padding + cell : cell + padding
      }.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }.joined(separator: "\n")
  }
}
