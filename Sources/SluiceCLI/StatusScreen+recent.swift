/// What was of late: how clients waited, and what each stack did in each role.
extension StatusScreen {
  private static let numbers = ["per s", "hit %", "errors", "p50 us", "p99 us"]

  /// The last minute, and the last hour where it tells more. Nil if nothing was done, or the proxy does not tell.
  static func recent(_ status: JSONValue) -> String? {
    var table = TextTable(columns: ["last", "who"] + numbers, numeric: Set(numbers))
    let (minute, hour) = ("last_minute", "last_hour")
    rows(status, minute, "minute", &table)
    let seconds = status["clients"]["waits"][hour]["seconds"].number ?? 0
    if seconds > 90 { rows(status, hour, "hour", &table) }
    guard !table.rows.isEmpty else { return nil }
    let held = status["clients"]["waits"][hour]["held"]
    let notes = ["fence", "key", "outage"].compactMap { reason -> String? in
      guard held[reason]["commands"].number != nil else { return nil }
      return "\(reason) \(held[reason]["commands"].count) (p99 \(held[reason]["p99_us"].count) us)"
    }
    let note =
      notes.isEmpty
      ? "" : "\nheld in the last hour before a stack was asked: \(notes.joined(separator: ", "))"
    return table.text() + note + "\n"
  }

  /// The last minute alone; nil if nothing was done in it.
  static func lastMinute(_ status: JSONValue) -> String? {
    var table = TextTable(columns: ["last", "who"] + numbers, numeric: Set(numbers))
    rows(status, "last_minute", "minute", &table)
    return table.rows.isEmpty ? nil : table.text()
  }

  private static func rows(_ status: JSONValue, _ name: String, _ span: String, _ table: inout TextTable) {
    let waits = status["clients"]["waits"][name]
    if let commands = waits["commands"]["all"]["commands"].number, let seconds = waits["seconds"].number {
      let all = waits["commands"]["all"]
      table.rows.append(
        [
          span, "clients waited", rate(commands / max(1, seconds)), hits(waits), "", all["p50_us"].count,
          all["p99_us"].count,
        ])
    }
    for stack in ["legacy", "new"] {
      for role in ["primary", "mirror"] {
        let figures = status["stacks"][stack][name][role]
        guard (figures["operations"].number ?? 0) > 0 else { continue }
        table.rows.append([span, "\(stack), \(role)"] + cells(figures))
      }
    }
  }

  private static func cells(_ figures: JSONValue) -> [String] {
    [
      rate(figures["per_second"].number), hits(figures), figures["errors"].count, figures["p50_us"].count,
      figures["p99_us"].count,
    ]
  }

  private static func hits(_ figures: JSONValue) -> String {
    figures["hit_percent"].number.flatMap { Int64(exactly: ($0 * 10).rounded()) }.map {
      "\($0 / 10).\($0 % 10)"
    } ?? ""
  }

  private static func rate(_ perSecond: Double?) -> String {
    guard let perSecond else { return "-" }
    let tenths = (perSecond * 10).rounded()
    if tenths < 100 { return Int64(exactly: tenths).map { "\($0 / 10).\(abs($0) % 10)" } ?? "-" }
    return JSONValue.number(perSecond).count
  }

  /// The last hour, minute by minute: what clients waited, what each stack answered for them, and what was compared.
  static func hour(_ status: JSONValue) -> String {
    let numbers = [
      "per s", "p50 us", "p99 us", "held", "legacy/s", "l hit %", "l err", "l p99", "new/s", "n hit %",
      "n err", "n p99",
      "compared", "missing", "differ",
    ]
    var table = TextTable(columns: ["minute"] + numbers, numeric: Set(numbers))
    for window in status["windows"]["minutes"].elements {
      let clients = window["clients"]
      let all = clients["commands"]["all"]
      let seconds = max(1, window["seconds"].number ?? 60)
      let held = ["fence", "key", "outage"].reduce(0) { $0 + (clients["held"][$1]["commands"].number ?? 0) }
      var cells = [
        String((window["at"].text ?? "-").dropFirst(11).prefix(5)),
        rate((all["commands"].number ?? 0) / seconds), all["p50_us"].count, all["p99_us"].count,
        JSONValue.number(held).count,
      ]
      for stack in ["legacy", "new"] {
        let figures = window["stacks"][stack]["primary"]
        let isAsked = figures["operations"].number != nil
        cells +=
          isAsked
          ? [
            rate(figures["per_second"].number), hits(figures), figures["errors"].count,
            figures["p99_us"].count,
          ]
          : ["", "", "", ""]
      }
      cells += [window["compared"].count, window["missing"].count, window["diverged"].count]
      table.rows.append(cells)
    }
    if table.rows.isEmpty { return "nothing was counted in the last hour" }
    return table.text()
      + "\nper s, p50 and p99 as clients waited, holds included; the stacks' own as primaries, from the command to its answer"
  }
}
