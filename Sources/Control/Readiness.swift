/// Whether clients are served: what a load balancer wants to know. Being rolled back is being ready.
struct Readiness: Sendable {
  struct Check: Sendable {
    var name: String
    /// Nil if it is as it should be.
    var trouble: String?
    /// Whether clients would notice.
    var counts = true
  }

  let checks: [Check]

  init(_ report: StatusReport) {
    func stack(_ name: String, counts: Bool) -> Check {
      let stack = report.stacks[name]
      let isUp = stack?.health == "up"
      return Check(
        name: name,
        trouble: isUp ? nil : "\(stack?.health ?? "unknown")\(stack?.reason.map { ": \($0)" } ?? "")",
        counts: counts)
    }
    let stage = report.effective_stage
    let newAnswers = ["live", "rampdown", "complete"].contains(stage) && report.fallback == nil
    let legacyAnswers = !["rampdown", "complete"].contains(stage) || report.fallback != nil
    checks = [
      Check(name: "listening", trouble: report.listen.isEmpty ? "no address is open yet" : nil),
      stack("legacy", counts: legacyAnswers), stack("new", counts: newAnswers),
      Check(
        name: "flags",
        trouble: report.flags.error.map { error in
          report.flags.source == "file" ? "the last good ones are in force: \(error)" : error
        }, counts: false),
      Check(
        name: "ledger",
        trouble: report.ledger.health == "ok"
          ? nil : report.ledger.reason ?? (report.ledger.health == "off" ? nil : report.ledger.health),
        counts: false),
    ]
  }

  var isReady: Bool { checks.allSatisfy { $0.trouble == nil || !$0.counts } }

  /// - Parameter withWords: a server's words are for those who may look.
  func text(isVerbose: Bool, withWords: Bool) -> String {
    let verdict = isReady ? "ok" : "not ready"
    guard isVerbose else { return verdict }
    let lines = checks.map { check in
      guard let trouble = check.trouble else { return "[+] \(check.name) ok" }
      let mark = check.counts ? "[-]" : "[ ]"
      return
        "\(mark) \(check.name) \(withWords ? trouble : "failed")\(check.counts ? "" : " (does not count)")"
    }
    return (lines + [verdict]).joined(separator: "\n")
  }
}
