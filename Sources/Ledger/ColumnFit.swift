/// Columns of a table that must fit a window: words give way, numbers and headings do not.
public enum ColumnFit {
  /// The widths that the columns get.
  ///
  /// - Parameters:
  ///   - wanted: what the longest cell of each column takes, its heading included.
  ///   - headings: what the headings take.
  ///   - isNumber: whether a column holds numbers.
  ///   - width: of the window; nil is any.
  public static func widths(
    _ wanted: [Int], headings: [Int], isNumber: (Int) -> Bool, in width: Int?, margin: Int = 0
  ) -> [Int] {
    guard let width else { return wanted }
    var widths = wanted
    var excess = margin + wanted.reduce(0, +) + 2 * max(0, wanted.count - 1) - width
    while excess > 0 {
      let soft = widths.indices.filter { column in
        !isNumber(column) && headings.indices.contains(column) && widths[column] > max(8, headings[column])
      }
      guard let widest = soft.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  /// A cell as it fits its column.
  public static func cut(_ text: String, to width: Int) -> String {
    text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
  }
}
