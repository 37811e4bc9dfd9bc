/// The status of a proxy as one readable screen.
enum StatusScreen {
  /// Renders what `STATUS` answered; fields that are missing show as `-` or not at all.
  static func render(_ status: JSONValue) -> String {
    let blocks = [
      head(status), step(status["step"]), stacks(status["stacks"]), recent(status), compare(status),
      counts(status),
      flags(status["flags"]),
      ledger(status["ledger"]), journal(status["journal"]), memory(status["memory_error"]),
      telling(status["telling"]), attention(status), wayBack(status),
    ]
    return blocks.compactMap(\.self).joined(separator: "\n") + "\n"
  }

  private static func head(_ status: JSONValue) -> String {
    let version = status["version"].text.map { " \($0)" } ?? ""
    let uptime = status["uptime_seconds"].number.map { ", up \(span($0))" } ?? ""
    let places = status["listen"].texts.joined(separator: ", ")
    let control = status["control"].texts.joined(separator: ", ")
    var lines = [
      "sluice\(version)\(names(status))\(places.isEmpty ? "" : " on \(places)")\(uptime)"
        + (control.isEmpty ? "" : ", control \(control)"),
      row("stage", stage(status)),
    ]
    if status["rolled_back"].bool == true {
      let latch = status["rollback"]
      let by = latch["who"].text.map { " by \($0)" } ?? ""
      let at = latch["at"].text.map { " at \($0)" } ?? ""
      lines.append(row("ROLLED BACK", "\(latch["reason"].text ?? "no reason given")\(by)\(at)"))
      lines.append(row("", "every key is answered by legacy; \"sluice rearm\" lifts it, into stage shadow"))
      if let error = status["latch_error"].text {
        let isRemembered = status["memory_error"].text == nil
        lines.append(
          row(
            "",
            isRemembered
              ? "ITS FILE IS NOT THERE, a restart of this proxy remembers it all the same: \(error)"
              : "NOT ON DISK, a restart would forget it: \(error)"))
      }
    }
    if let path = status["latch_left"].text {
      lines.append(
        row("latch", "\(path) is lifted here, and stays for others; \"sluice rearm --fleet\" removes it"))
    }
    let fallback = status["fallback"]
    if let mode = fallback["mode"].text {
      let since = fallback["since"].text.map { " since \($0)" } ?? ""
      lines.append(
        row("FALLBACK", "legacy stands in for new (\(mode))\(since): \(fallback["reason"].text ?? "-")"))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func names(_ status: JSONValue) -> String {
    let names = ["service", "instance"].compactMap { status[$0].text }
    return names.isEmpty ? "" : " \(names.joined(separator: " / "))"
  }

  static func stage(_ status: JSONValue) -> String {
    let named = status["stage"].text ?? "-"
    let effective = status["effective_stage"].text ?? named
    let percent = status["percent"].number.map { Self.percent($0) }
    let share = named == "live" ? percent.map { ", \($0) of the keys on new" } ?? "" : ""
    guard status["rolled_back"].bool == true else {
      return effective == named ? "\(named)\(share)" : "\(effective) in force (flags say \(named)\(share))"
    }
    let writes = effective == "off" ? "new gets nothing" : "writes go to both"
    return "ROLLED BACK: legacy answers every key, \(writes) (flags still say \(place(status)))"
  }

  /// `live 25 %`
  static func place(_ status: JSONValue) -> String {
    let named = status["stage"].text ?? "-"
    guard named == "live", let percent = status["percent"].number else { return named }
    return "live \(Self.percent(percent))"
  }

  private static func stacks(_ stacks: JSONValue) -> String {
    // Since the start, so counts alone: how long something takes is of the last minute and hour.
    let numbers = ["in flight", "mirror queue", "suspects", "operations", "errors"]
    var table = TextTable(columns: ["stack", "health"] + numbers + ["endpoint"], numeric: Set(numbers))
    var notes: [String] = []
    for name in ["legacy", "new"] {
      let stack = stacks[name]
      let health = stack["health"].text ?? "-"
      let figures = ["in_flight", "mirror_queue", "suspects", "operations", "errors"].map {
        stack[$0].count
      }
      table.rows.append(
        [name, health == "down" ? "DOWN" : health] + figures + [stack["endpoint"].text ?? "-"])
      let made = stack["suspects_made"]
      if (made.number ?? 0) > 0 {
        notes.append(
          "\(name) suspects: \(made.count) made, \(stack["suspects_repaired"].count) repaired, "
            + "\(stack["suspects_deleted"].count) deleted")
      }
      if health != "up", health != "-" {
        let since = stack["since"].text.map { " since \($0)" } ?? ""
        notes.append("\(name) is \(health)\(since)\(stack["reason"].text.map { ": \($0)" } ?? "")")
      }
      if let words = stack["last_trouble"]["text"].text {
        let command = stack["last_trouble"]["command"].text.map { " to \($0)" } ?? ""
        notes.append("\(name) said\(command) at \(stack["last_trouble"]["at"].text ?? "-"): \(words)")
      }
      if let since = stack["cold_since"].text {
        notes.append("\(name) is cold since \(since): it came up empty, or was emptied")
      }
    }
    notes += ["legacy", "new"].flatMap { layers($0, stacks[$0]["layers"]) }
    let servers = ["legacy", "new"].compactMap { name in
      stacks[name]["server"]["name"].text.map { "\(name) is \($0)" }
    }
    if !servers.isEmpty { notes.insert(servers.joined(separator: ", "), at: 0) }
    return ([table.text()] + notes).joined(separator: "\n") + "\n"
  }

  /// What stands before a stack's endpoint, and whether the endpoint is there at all.
  private static func layers(_ stack: String, _ layers: JSONValue) -> [String] {
    let names = layers["names"].texts
    guard !names.isEmpty else { return [] }
    var lines = [
      "\(stack) has layers: \(names.joined(separator: ", "))",
      "  l1 hits \(layers["l1_hits"].count), misses \(layers["l1_misses"].count), "
        + "entries \(layers["l1_entries"].count); compressed \(layers["compressed"].count), "
        + "decompressed \(layers["decompressed"].count), corrupt \(layers["corrupt"].count); "
        + "refused \(layers["refused"].count)",
    ]
    if let since = layers["memory_since"].text {
      let reason = layers["reason"].text.map { ": \($0)" } ?? ""
      lines.append("  MEMORY answers for \(stack) since \(since)\(reason)")
    }
    return lines
  }

  private static func compare(_ status: JSONValue) -> String {
    let compare = status["compare"]
    let names = ["matched", "ignored", "superseded", "diverged", "dropped"]
    func counts(_ of: JSONValue, _ names: [String]) -> String {
      names.map { "\(Output.printable($0)) \(of[$0].count)" }.joined(separator: ", ")
    }
    var lines = [row("compare", verdict(status))]
    let sinceFlip = compare["since_flip"]
    if sinceFlip["matched"].number != nil {
      lines.append(row("", "since the last flip: \(counts(sinceFlip, names.filter { $0 != "ignored" }))"))
      lines.append(row("", "since the start:     \(counts(compare, names))"))
    } else {
      lines.append(row("", counts(compare, names)))
    }
    let served = ["served_different", "served_missing"].map { compare[$0].number ?? 0 }
    if served[0] + served[1] > 0 {
      lines.append(
        row(
          "",
          "served by new:       otherwise than legacy \(compare["served_different"].count), missed what it has "
            + compare["served_missing"].count))
    }
    if (compare["missed_on_legacy"].number ?? 0) > 0 {
      lines.append(row("", "missed on legacy:    what new has \(compare["missed_on_legacy"].count)"))
    }
    if case .object(let kinds) = compare["kinds"], !kinds.isEmpty {
      lines.append(row("", "diverged by kind:    \(counts(compare["kinds"], kinds.keys.sorted()))"))
    }
    return lines.joined(separator: "\n")
  }

  /// Zero of zero is no pass, whatever anyone says.
  static func verdict(_ status: JSONValue) -> String {
    let compare = status["compare"]
    let open = status["step"]["open_divergences"].number ?? 0
    if open > 0 {
      let least = status["step"]["open_is_least"].bool == true ? "at least " : ""
      return
        "DIFFERS: \(least)\(status["step"]["open_divergences"].count) open; see \"sluice report\" for what"
    }
    // What the verdict stands on: the time since the last flip, where the proxy tells it apart.
    let counted = compare["since_flip"]["matched"].number == nil ? compare : compare["since_flip"]
    let compared = ["matched", "superseded", "diverged"].reduce(0) { $0 + (counted[$1].number ?? 0) }
    guard compared > 0 else { return "HOLD: nothing compared yet, and zero of zero is no evidence" }
    switch compare["verdict"].text {
    case "pass": return "PASS"
    case "cold": return "COLD: what differs are keys that the new stack does not have; warm it, or wait"
    case "differs": return "DIFFERS: see \"sluice report\" for what"
    case "hold": return "HOLD: \(holdReason(status))"
    case let other?: return other.uppercased()
    case nil: return "-"
    }
  }

  /// Which of the reasons for a hold it is.
  private static func holdReason(_ status: JSONValue) -> String {
    if let why = status["step"]["paused"].text { return "paused: \(why)" }
    let mirror = status["mirror"]
    if (mirror["dropped_writes"].number ?? 0) > 0 {
      return "\(mirror["dropped_writes"].count) writes did not reach the mirror since the start"
    }
    if (mirror["errors"].number ?? 0) > 0 {
      let words = status["stacks"]["new"]["last_trouble"]["text"].text.map { " (new said: \($0))" } ?? ""
      return "the mirror refused \(mirror["errors"].count) writes since the start\(words)"
    }
    let uncarried = ["legacy", "new"].reduce(0) { $0 + (status["stacks"][$1]["uncarried"].number ?? 0) }
    if uncarried > 0 { return "\(JSONValue.number(uncarried).count) keys cannot be carried" }
    return "what was compared is no evidence for more"
  }

  private static func counts(_ status: JSONValue) -> String {
    let (mirror, clients) = (status["mirror"], status["clients"])
    let room = clients["max"].number.map { _ in " of \(clients["max"].count)" } ?? ""
    let turnedAway =
      (clients["turned_away"].number ?? 0) > 0 ? ", \(clients["turned_away"].count) turned away" : ""
    let byAddress =
      (clients["turned_away_by_address"].number ?? 0) > 0
      ? ", \(clients["turned_away_by_address"].count) for their address" : ""
    let reason =
      (clients["max_reason"].text.map { [row("", $0)] } ?? [])
      + (status["access"]["error"].text.map { [row("", "ERROR: \($0)")] } ?? [])
    return
      ([
        row(
          "mirror",
          "writes \(mirror["writes"].count), dropped writes \(mirror["dropped_writes"].count), "
            + "errors \(mirror["errors"].count)"),
        row(
          "clients",
          "\(clients["connected"].count)\(room) connected, \(clients["total"].count) in all, "
            + "\(clients["cut_off"].count) cut off\(turnedAway)\(byAddress)\(memory(clients))"),
      ] + reason + transactions(status["transactions"]) + refusals(status["refusals"].elements, "REFUSED")
      + refusals(status["lacks"].elements, "ONE HAS IT")).joined(separator: "\n")
  }

  /// That transactions are not what they are in Redis; nothing where they are.
  private static func transactions(_ transactions: JSONValue) -> [String] {
    guard transactions["split"].bool == true else { return [] }
    return [
      row(
        "MULTI",
        "with keys on both stacks is carried as one block on each, not atomic: \(transactions["carried_split"].count) so far"
      )
    ]
  }

  /// What applications ask for and are refused, the most frequent first; they may swallow it.
  private static func refusals(_ refusals: [JSONValue], _ head: String) -> [String] {
    let shown = refusals.prefix(5).enumerated().map { index, refusal in
      let who = ["client", "library", "address"].compactMap { refusal[$0].text }.joined(separator: ", ")
      let last = refusal["last_at"].text.map { ", last at \($0)" } ?? ""
      return row(
        index == 0 ? head : "",
        "\(refusal["command"].text ?? "-") \(refusal["count"].count) (\(refusal["reason"].text ?? "-"))\(last)"
          + (who.isEmpty ? "" : " by \(who)"))
    }
    let more = refusals.count - shown.count
    return more > 0 ? shown + [row("", "and \(more) more: sluice status --json")] : shown
  }

  /// What clients hold; nothing is said of little.
  private static func memory(_ clients: JSONValue) -> String {
    guard let held = clients["memory"].number, held >= 1_048_576, let limit = clients["memory_limit"].number
    else {
      return ""
    }
    func size(_ bytes: Double) -> String { "\(Int64(exactly: (bytes / 1_048_576).rounded()) ?? 0) MiB" }
    return ", holding \(size(held)) of \(size(limit))"
  }

  private static func flags(_ flags: JSONValue) -> String {
    let inMemory =
      flags["source"].text == "remembered" ? "in memory, those of the run before" : "embedded defaults"
    let path = flags["path"].text ?? inMemory
    let error = flags["error"].text.map { row("", "ERROR: \($0)") }
    if let error, flags["source"].text == "remembered" {
      return row("flags", "\(path), NOT USED: what was in force before the start stays until it is right")
        + "\n"
        + error
    }
    if let error, flags["source"].text == "built_in" {
      return row("flags", "\(path), NOT USED: every key is answered by legacy until it is right") + "\n"
        + error
    }
    let version = flags["version"].text.map { ", version \($0)" } ?? ""
    let loaded = flags["loaded_at"].text.map { ", loaded \($0)" } ?? ""
    let hash = flags["fractional_hash"].text.map { $0 == "v2" ? "" : ", keys by flagd's hash \($0)" } ?? ""
    var lines = [row("flags", "\(path)\(version)\(hash)\(loaded)")]
    if let url = flags["url"].text {
      let at = flags["fetched_at"].text.map { ", last at \($0)" } ?? ""
      let error = flags["fetch_error"].text.map { ", NOT NOW, the last good ones stay: \($0)" } ?? ""
      lines.append(row("", "fetched from \(url)\(at)\(error)"))
    }
    if let error { lines += [error, row("", "the last good flags stay in force; correct the file")] }
    return lines.joined(separator: "\n")
  }

  private static func ledger(_ ledger: JSONValue) -> String {
    let health = ledger["health"].text ?? "-"
    let reason = ledger["reason"].text.map { ": \($0)" } ?? ""
    guard health != "off" else {
      let path = ledger["path"].text ?? "ledger"
      return row("ledger", reason.isEmpty ? "off" : "\(path), NOT USED, no evidence is kept\(reason)")
    }
    let path = ledger["path"].text.map { ", \($0)" } ?? ""
    let queued = "queued \(ledger["queued"].count), samples lost \(ledger["lost_samples"].count)"
    return row("ledger", "\(health == "ok" ? health : health.uppercased())\(reason)\(path), \(queued)")
  }

  /// Nil while all is as it should be.
  private static func journal(_ journal: JSONValue) -> String? {
    let reason = journal["reason"].text
    switch journal["health"].text {
    case "off":
      return row(
        "suspects", "do NOT outlive this process: \(reason ?? "serve has no --ledger to keep them beside")")
    case "degraded": return row("suspects", "may not outlive this process: \(reason ?? "-")")
    default: return journal["damage"].text.map { row("suspects", $0) }
    }
  }

  /// Who was not told; nil while nothing waits.
  private static func telling(_ telling: JSONValue) -> String? {
    guard (telling["waiting"].number ?? 0) + (telling["lost"].number ?? 0) > 0 else { return nil }
    var lines = [
      row(
        "telling",
        "messages that wait: \(telling["waiting"].count), that were given up: \(telling["lost"].count)")
    ]
    if case .object(let trouble) = telling["trouble"] {
      lines += trouble.keys.sorted().map {
        row("", "\(Output.printable($0)): \(telling["trouble"][$0].text ?? "-")")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Clocks that differ and passwords that were tried; nil while there is nothing of it.
  private static func attention(_ status: JSONValue) -> String? {
    var lines = status["clocks"].texts.enumerated().map { row($0 == 0 ? "CLOCKS" : "", $1) }
    for (name, port) in [
      ("clients", "the clients' port"), ("control", "the control port"), ("admin", "the admin door"),
    ] {
      let door = status["wrong_passwords"][name]
      guard (door["count"].number ?? 0) > 0 else { continue }
      let from = door["last_from"].text.map { ", the last from \($0)" } ?? ""
      let at = door["last_at"].text.map { " at \($0)" } ?? ""
      lines.append(row("PASSWORDS", "\(door["count"].count) wrong at \(port)\(from)\(at)"))
    }
    let suspected = status["scripts"]["suspected"].texts
    for (number, text) in suspected.prefix(5).enumerated() {
      lines.append(row(number == 0 ? "SCRIPTS" : "", Output.printable(text)))
    }
    if !suspected.isEmpty {
      let more = suspected.count > 5 ? "\(suspected.count - 5) more; " : ""
      lines.append(
        row("", "\(more)what they touch may be on one stack alone: rules say more (docs/scripts.md)"))
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }

  /// Nil while all is as it should be.
  private static func memory(_ error: JSONValue) -> String? {
    error.text.map {
      row("restart", "FORGETS stage and rollback where flag file and ROLLBACK do not say them: \($0)")
    }
  }

  private static func wayBack(_ status: JSONValue) -> String {
    guard status["rolled_back"].bool != true else {
      return row("next", "find out why, then: sluice rearm (into stage shadow)")
    }
    guard status["effective_stage"].text == "complete" else {
      return row("way back", "sluice rollback \"why\"")
    }
    return [
      row("way back", "sluice stage rampdown, then sluice verify --repair: legacy has heard no write since"),
      row("", "(sluice rollback \"why\" works at once, and empties legacy)"),
    ].joined(separator: "\n")
  }

  static func row(_ name: String, _ text: String) -> String {
    name + String(repeating: " ", count: max(1, 13 - name.count)) + text
  }

  private static func percent(_ value: Double) -> String {
    let hundredths = (value * 100).rounded()
    guard let whole = Int64(exactly: hundredths) else { return "- %" }
    return whole % 100 == 0 ? "\(whole / 100) %" : "\(hundredths / 100) %"
  }

  /// `3 d 4 h`, `5 m 6 s`: the two largest units.
  static func span(_ seconds: Double) -> String {
    guard let whole = Int64(exactly: seconds.rounded(.down)), whole >= 0 else { return "-" }
    let parts = [(whole / 86_400, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
    let shown = parts.drop { $0.0 == 0 }.prefix(2)
    return shown.isEmpty ? "0 s" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }
}
