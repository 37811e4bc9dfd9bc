import Foundation

/// A table of answers, for a terminal or as JSON.
public struct ReportTable: Sendable, Equatable {
  /// One value.
  public enum Cell: Sendable, Equatable {
    case none
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])
  }

  public var columns: [String]
  public var rows: [[Cell]]
  /// Whether there were more rows than asked for.
  public var isCut = false

  /// The table in aligned columns, numbers to the right; ends in a line break.
  ///
  /// - Parameter width: of the window it must fit; nil is any.
  public func text(width: Int? = nil) -> String {
    let lines =
      [columns]
      + rows.map { row in
        zip(row, columns).map { Self.keyColumns.contains($1) ? Self.cut($0.text) : $0.text }
      }
    let widths = ColumnFit.widths(
      columns.indices.map { column in
        lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
      }, headings: columns.map(\.count), isNumber: isNumber, in: width, margin: 2)
    var output = ""
    for (index, line) in lines.enumerated() {
      output += "  " + Self.line(line, widths: widths, isNumber: isNumber) + "\n"
      if index == 0 {
        output += "  " + widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ") + "\n"
      }
    }
    return output
  }

  /// One object per row, for `JSONSerialization`.
  func objects() -> [[String: Any]] {
    rows.map { row in
      var object: [String: Any] = [:]
      for (column, cell) in zip(columns, row) { object[column] = cell.json }
      return object
    }
  }

  /// A key has any length, and one long one would push all other columns off the screen. JSON has it whole.
  private static let keyColumns: Set<String> = ["key", "example", "pattern", "prefix"]

  private static func cut(_ text: String) -> String {
    text.utf8.count <= 120 ? text : "\(text.prefix(80))…\(text.suffix(10)) (\(text.utf8.count) bytes)"
  }

  private func isNumber(_ column: Int) -> Bool {
    rows.contains { row in
      guard row.indices.contains(column) else { return false }
      return switch row[column] {
      case .integer, .real: true
      case .none, .text, .bytes: false
      }
    }
  }

  private static func line(_ cells: [String], widths: [Int], isNumber: (Int) -> Bool) -> String {
    var parts: [String] = []
    for (column, whole) in cells.enumerated() where widths.indices.contains(column) {
      let cell = ColumnFit.cut(whole, to: widths[column])
      let padding = String(repeating: " ", count: widths[column] - cell.count)
      parts.append(isNumber(column) ? padding + cell : cell + padding)
    }
    var line = parts.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}

extension ReportTable.Cell {
  /// For people: what a terminal would obey or not show is written as `\x1b`.
  var text: String {
    switch self {
    case .none: "-"
    case .integer(let number): String(number)
    case .real(let number):
      number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
    case .text(let text): text.unicodeScalars.map(Self.escaped).joined()
    case .bytes(let bytes):
      bytes.map { $0 < 0x7f ? Self.escaped(Unicode.Scalar($0)) : Self.hexadecimal(UInt32($0)) }.joined()
    }
  }

  fileprivate var json: Any {
    switch self {
    case .none: NSNull()
    case .integer(let number): number
    case .real(let number): number.isFinite ? number : NSNull()
    case .text(let text): text
    case .bytes: text
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0..<0x20, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
      hexadecimal(scalar.value)
    default: String(scalar)
    }
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
  }
}
