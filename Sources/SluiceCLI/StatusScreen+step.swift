/// The present step, and what the next one needs.
extension StatusScreen {
  /// Nil if the proxy does not tell.
  static func step(_ step: JSONValue) -> String? {
    guard let seconds = step["seconds"].number else { return nil }
    var lines: [String] = []
    if let why = step["forced"].text { lines.append(row("FORCED", why)) }
    if let why = step["paused"].text {
      lines.append(
        row(
          "PAUSED",
          "\(why); no step up is taken until \(why.hasPrefix("plan: ") ? "\"sluice plan resume\"" : "it is mended and \"sluice close\" says why")"
        ))
    }
    for closing in step["closings"].elements {
      lines.append(
        row(
          "closed",
          "\(closing["kind"].text ?? "all") of \(closing["keys"].text ?? "*") may differ: "
            + "\(closing["why"].text ?? "-") (\(closing["who"].text ?? "-"), \(closing["at"].text ?? "-"))"))
    }
    lines.append(row("step", "for \(span(seconds))\(guardrails(step["guardrails"]))"))
    if let next = step["next"].text { lines += gates(next, step["gates"].elements) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Those that are not at rest, as a share of the way to their limit.
  private static func guardrails(_ guardrails: JSONValue) -> String {
    let words = ["diverged", "failed", "slow", "missed"].compactMap { name -> String? in
      let rail = guardrails[name]
      guard let score = rail["score"].number, score > 0 else { return nil }
      let percent = Int64(exactly: (score * 100).rounded()) ?? 0
      return
        "\(name) \(percent) % (\(rail["bad"].count) of \(rail["total"].count); then \(rail["reaction"].text ?? "-"))"
    }
    return words.isEmpty ? "" : "; guardrails: \(words.joined(separator: ", "))"
  }

  private static func gates(_ next: String, _ gates: [JSONValue]) -> [String] {
    let unmet = gates.filter { $0["missing"].text?.isEmpty == false }
    if gates.isEmpty { return [row("next", next)] }
    let met =
      unmet.isEmpty
      ? "all \(gates.count) gates are met" : "\(gates.count - unmet.count) of \(gates.count) gates are met"
    return [row("next", "\(next): \(met)")]
      + unmet.map { gate in
        func text(_ name: String) -> String { gate[name].text ?? "-" }
        return row(
          "", "\(text("name")): now \(text("now")), needed \(text("needed")), missing \(text("missing"))")
      }
  }
}
