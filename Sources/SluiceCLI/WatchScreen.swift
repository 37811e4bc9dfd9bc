/// What a frame of `sluice status --watch` says.
enum WatchScreen {
  static func frame(_ status: JSONValue) -> WatchFrame {
    var frame = WatchFrame()
    let (text, tone) = big(status)
    frame.add(text, tone, rank: 0)
    head(status, &frame)
    trouble(status, &frame)
    plan(status, &frame)
    figures(status, &frame)
    evidence(status, &frame)
    let back =
      status["rolled_back"].bool == true
      ? "find out why new failed, then: sluice rearm (into stage shadow)"
      : status["effective_stage"].text == "complete" ? "sluice stage rampdown" : "sluice rollback \"why\""
    frame.add(
      StatusScreen.row(status["rolled_back"].bool == true ? "next" : "way back", back), .bold, rank: 0)
    return frame
  }

  /// The one thing that must be seen from across the room.
  private static func big(_ status: JSONValue) -> (String, WatchFrame.Tone) {
    let place = StatusScreen.place(status)
    if status["rolled_back"].bool == true {
      let latch = status["rollback"]
      return (
        "ROLLED BACK: \(latch["reason"].text ?? "no reason given"), by \(latch["who"].text ?? "-")", .bad
      )
    }
    if status["fallback"]["mode"].text != nil {
      return ("FALLBACK: legacy stands in for new; \(place)", .bad)
    }
    if let why = status["step"]["paused"].text { return ("PAUSED at \(place): \(why)", .uneasy) }
    let verdict = StatusScreen.verdict(status)
    let tone: WatchFrame.Tone =
      verdict.hasPrefix("PASS") ? .good : verdict.hasPrefix("DIFFERS") ? .bad : .uneasy
    return ("\(place.uppercased())   \(verdict)", tone)
  }

  private static func head(_ status: JSONValue, _ frame: inout WatchFrame) {
    let names = ["service", "instance"].compactMap { status[$0].text }.joined(separator: " / ")
    let uptime = status["uptime_seconds"].number.map { ", up \(StatusScreen.span($0))" } ?? ""
    let step = status["step"]["seconds"].number.map { ", on this step for \(StatusScreen.span($0))" } ?? ""
    frame.add("sluice \(status["version"].text ?? "-") \(names)\(uptime)\(step)", .dim, rank: 3)
    if status["rolled_back"].bool == true {
      frame.add(StatusScreen.row("stage", StatusScreen.stage(status)), rank: 1)
    }
  }

  private static func trouble(_ status: JSONValue, _ frame: inout WatchFrame) {
    for name in ["legacy", "new"] {
      let stack = status["stacks"][name]
      if let health = stack["health"].text, health != "up" {
        frame.add(
          StatusScreen.row(name, "\(health.uppercased()) \(stack["reason"].text ?? "")"), .bad, rank: 0)
      }
      if let words = stack["last_trouble"]["text"].text {
        frame.add(
          StatusScreen.row(name, "said at \(stack["last_trouble"]["at"].text ?? "-"): \(words)"), .uneasy)
      }
    }
    if let error = status["flags"]["error"].text {
      frame.add(StatusScreen.row("flags", "ERROR: \(error)"), .bad)
    }
    for (name, word) in [("ledger", "ledger"), ("journal", "suspects")] {
      let (health, reason) = (status[name]["health"].text ?? "-", status[name]["reason"].text ?? "")
      if health != "ok", health != "off" {
        frame.add(StatusScreen.row(word, "\(health.uppercased()) \(reason)"), .uneasy)
      }
    }
    if let why = status["step"]["forced"].text { frame.add(StatusScreen.row("forced", why), .uneasy) }
    for sentence in status["clocks"].texts {
      frame.add(StatusScreen.row("clocks", sentence), .uneasy, rank: 2)
    }
  }

  private static func plan(_ status: JSONValue, _ frame: inout WatchFrame) {
    if let words = status["plan"]["words"].text { frame.add(StatusScreen.row("plan", words)) }
    let rails = ["diverged", "failed", "slow", "missed"].compactMap { name -> String? in
      let rail = status["step"]["guardrails"][name]
      return rail["score"].number.map { "\(name) \(bar($0))" }
    }
    if !rails.isEmpty { frame.add(StatusScreen.row("guardrails", rails.joined(separator: "  ")), rank: 2) }
  }

  /// How near it is to acting, in five signs.
  private static func bar(_ score: Double) -> String {
    let full = Int(max(0, min(1, score)) * 5 + (score > 0 ? 0.999 : 0))
    return String(repeating: "#", count: min(5, full)) + String(repeating: ".", count: 5 - min(5, full))
  }

  private static func figures(_ status: JSONValue, _ frame: inout WatchFrame) {
    guard let table = StatusScreen.lastMinute(status) else { return }
    for (index, line) in table.split(separator: "\n").enumerated() {
      frame.add(String(line), index == 0 ? .dim : .plain, rank: 2)
    }
  }

  private static func evidence(_ status: JSONValue, _ frame: inout WatchFrame) {
    let since = status["compare"]["since_flip"]
    let counts = ["matched", "superseded", "diverged", "dropped"].map { "\($0) \(since[$0].count)" }
    frame.add(StatusScreen.row("compared", counts.joined(separator: ", ") + " on this step"))
    let (legacy, new) = (status["stacks"]["legacy"], status["stacks"]["new"])
    frame.add(
      StatusScreen.row(
        "mirror",
        "writes \(status["mirror"]["writes"].count), errors \(status["mirror"]["errors"].count); suspects "
          + "\(legacy["suspects"].count) legacy, \(new["suspects"].count) new"), rank: 3)
    frame.add(
      StatusScreen.row(
        "clients",
        "\(status["clients"]["connected"].count) connected, \(status["clients"]["cut_off"].count) cut off"),
      rank: 3)
    if let refused = status["refusals"].elements.first {
      frame.add(
        StatusScreen.row(
          "refused",
          "\(refused["command"].text ?? "-") \(refused["count"].count) (\(refused["reason"].text ?? "-"))"),
        rank: 3)
    }
  }
}
