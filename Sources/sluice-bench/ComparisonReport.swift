/// A figure over the rounds: its median, and how far the rounds were apart, which is the machine's noise.
struct Spread: Codable {
  let median: Double
  let least: Double
  let most: Double

  /// `nil` if there is nothing to take a median of.
  init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = sorted.count / 2
    median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    least = first
    most = last
  }
}

/// The samples of a comparison as medians and ratios.
struct ComparisonReport: Codable {
  struct Row: Codable {
    let side: String
    let throughput: Spread?
    let p50: Spread?
    let p99: Spread?
    let processor: Spread?
    /// Processor time per command, divided by the baseline's of the same round.
    let ratio: Spread?
    /// The same, divided by an older build's of the same round; nil where there is none.
    let ratioToBase: Spread?
    let compared: Int?
    let reads: Int
  }

  struct Table: Codable {
    let trial: String
    let rows: [Row]
  }

  let connections: Int
  let rounds: Int
  let seconds: Double
  let keys: Int
  /// The side by whose processor time `ratio` divides.
  let baseline: String
  let tables: [Table]

  init(_ comparison: Comparison, _ samples: [[[Sample]]]) {
    connections = comparison.connections
    rounds = comparison.rounds
    seconds = comparison.seconds
    keys = comparison.keys
    baseline = comparison.sides.baseline
    let names = comparison.sides.all.map(\.name)
    tables = zip(comparison.trials, samples).map { trial, bySide in
      let samples = Dictionary(uniqueKeysWithValues: zip(names, bySide))
      func ratio(_ rounds: [Sample], to other: String?) -> Spread? {
        let base = other.flatMap { samples[$0] } ?? []
        return Spread(
          zip(rounds, base).compactMap { sample, base in
            guard let own = sample.processor, let base = base.processor, base > 0 else { return nil }
            return own / base
          })
      }
      let rows = zip(comparison.sides.all, bySide).map { side, rounds in
        let compared = rounds.compactMap(\.compared)
        return Row(
          side: side.name, throughput: Spread(rounds.map(\.throughput)), p50: Spread(rounds.map(\.p50)),
          p99: Spread(rounds.map(\.p99)), processor: Spread(rounds.compactMap(\.processor)),
          ratio: ratio(rounds, to: comparison.sides.baseline), ratioToBase: ratio(rounds, to: side.base),
          compared: compared.isEmpty ? nil : compared.reduce(0, +), reads: rounds.reduce(0) { $0 + $1.reads })
      }
      return Table(trial: trial.name, rows: rows)
    }
  }

  var text: String {
    let head =
      "\(connections) connections, \(keys) keys, \(rounds) rounds of \(fixed(seconds, 1)) s; medians, [least–most]"
    return ([head] + tables.map(text)).joined(separator: "\n\n")
  }

  private func text(_ table: Table) -> String {
    var lines = [
      "## \(table.trial)", "",
      "| side | commands/s | p50 µs | p99 µs | proxy CPU µs/command | CPU ÷ \(baseline) |",
      "|---|---:|---:|---:|---:|---:|",
    ]
    for row in table.rows {
      let cells = [
        shown(row.throughput, 0), shown(row.p50, 0), shown(row.p99, 0), shown(row.processor, 2),
        shown(row.ratio, 2),
      ]
      lines.append("| \(row.side) | \(cells.joined(separator: " | ")) |")
    }
    for row in table.rows {
      if let ratio = row.ratioToBase {
        lines.append("")
        lines.append(
          "\(row.side): \(shown(ratio, 2)) of the older build's CPU per command in the same round.")
      }
      guard let compared = row.compared else { continue }
      lines.append("")
      lines.append("\(row.side): \(compared) of \(row.reads) reads compared and found equal.")
      // Zero of zero is not a pass: a proxy that drops its compares is cheap for a reason.
      if compared < row.reads {
        lines.append("Its figures are not those of a proxy that compares every read.")
      }
    }
    return lines.joined(separator: "\n")
  }

  private func shown(_ spread: Spread?, _ decimals: Int) -> String {
    guard let spread else { return "–" }
    return
      "\(fixed(spread.median, decimals)) [\(fixed(spread.least, decimals))–\(fixed(spread.most, decimals))]"
  }
}
