import Foundation

/// What the proxy has answered to an order, for a terminal: one thing on a line, and gates as a table.
enum OrderAnswer {
  /// What begins a sentence of its own in an answer that is one line.
  private static let marks = [
    "FORCED: ", "NOTE: ", "NOT in the flag file: ", "in force after ", "the percentage counts ", "but ",
  ]

  static func text(_ answer: String) -> String {
    var lines: [String] = []
    for part in parts(of: answer) {
      guard part.hasPrefix("FORCED: ") else {
        lines.append(Output.printable(part))
        continue
      }
      let gates = part.dropFirst("FORCED: ".count).components(separatedBy: "; ")
      lines.append("Ahead of its gates, because you force it:\n\n\(gateTable(gates))")
    }
    return lines.joined(separator: "\n")
  }

  private static func parts(of answer: String) -> [String] {
    var parts: [String] = []
    for piece in answer.components(separatedBy: "; ") {
      if parts.isEmpty || marks.contains(where: piece.hasPrefix) {
        parts.append(piece)
      } else {
        parts[parts.count - 1] += "; \(piece)"
      }
    }
    return parts
  }

  /// Of pieces such as `differs: now 20 open, needed 0 open, missing …`.
  static func gateTable(_ gates: [String]) -> String {
    var table = TextTable(columns: ["gate", "now", "needed", "missing"], numeric: [])
    for gate in gates {
      guard let now = gate.firstRange(of: ": now "), let needed = gate.firstRange(of: ", needed "),
        let missing = gate.firstRange(of: ", missing "), now.upperBound <= needed.lowerBound,
        needed.upperBound <= missing.lowerBound
      else {
        table.rows.append(["", gate, "", ""].map(Output.printable))
        continue
      }
      table.rows.append(
        [
          String(gate[..<now.lowerBound]), String(gate[now.upperBound..<needed.lowerBound]),
          String(gate[needed.upperBound..<missing.lowerBound]), String(gate[missing.upperBound...]),
        ].map(Output.printable))
    }
    return table.text()
  }
}
