import Foundation
import SluiceEvidence
import SluiceFigures
import SluiceRouting

extension StatusReport {
  /// What the page draws over time: what clients got of each stack in windows of ten seconds, the newest last.
  // The names of the properties are those of the JSON.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  struct Series: Encodable, Sendable {
    var ten_seconds: [Point]

    struct Point: Encodable, Sendable {
      var at: Date
      var stacks: [String: [String: Recent]]
    }

    init(_ evidence: Evidence) {
      let now = Date()
      let seconds = evidence.recent.seconds
      ten_seconds = evidence.recent.each(of: 600, at: evidence.clock).map { start, figures in
        var stacks: [String: [String: Recent]] = [:]
        for stack in StackID.allCases {
          let work = figures.work(stack, .primary)
          if !work.isEmpty { stacks[stack.name] = ["primary": Recent(work, seconds: seconds)] }
        }
        return Point(at: now.addingTimeInterval(Double(start) - Double(evidence.clock)), stacks: stacks)
      }
    }
  }
}

/// What the page and its like take out of the report.
extension StatusReport {
  /// On one line.
  var compactJSON: String { Self.compact(self) }

  static func compact(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    guard let data = try? encoder.encode(value) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  /// The way on, and its gates.
  var gatesJSON: String { part(["step"], as: { $0["step"] as? [String: Any] ?? [:] }) }

  /// What is said of the plan, and where it stands.
  var planJSON: String { part(["plan", "step"], as: { $0 }) }

  private func part(_ names: [String], as made: ([String: Any]) -> [String: Any]) -> String {
    guard let whole = try? JSONSerialization.jsonObject(with: Data(compactJSON.utf8)) as? [String: Any] else {
      return "{}"
    }
    let object = made(whole.filter { names.contains($0.key) })
    let data = try? JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  /// The most important lines, for who has no JavaScript.
  var table: [(name: String, value: String)] {
    var rows: [(name: String, value: String)] = []
    if rolled_back {
      let who = rollback.map { ", by \($0.who): \($0.reason)" } ?? ""
      rows.append(("ROLLED BACK", "legacy answers every key\(who)"))
    }
    let share = percent.map { ", \($0.formatted()) % of the keys on new" } ?? ""
    rows.append(("stage in force", effective_stage))
    rows.append(("flags say", stage + (stage == "live" ? share : "")))
    rows.append(("verdict", "\(compare.verdict.uppercased()): \(compare.verdict_reason)"))
    for name in ["legacy", "new"] {
      guard let stack = stacks[name] else { continue }
      rows.append((name, "\(stack.health)\(stack.reason.map { ": \($0)" } ?? ""), \(stack.endpoint)"))
      guard let recent = stack.last_minute["primary"] else { continue }
      let hits = recent.hit_percent.map { ", \($0.formatted()) % hits" } ?? ""
      rows.append(
        (
          "\(name), last minute",
          "\(recent.per_second.formatted()) a second for clients\(hits), \(recent.failures) failed, p99 \(recent.p99_us) µs"
        ))
    }
    if let next = step.next {
      rows.append(("next", next))
      for gate in step.gates where !gate.missing.isEmpty {
        rows.append(("  \(gate.name)", "now \(gate.now), needed \(gate.needed), missing \(gate.missing)"))
      }
    }
    for (name, rail) in step.guardrails.sorted(by: { $0.key < $1.key }) {
      rows.append(
        ("guardrail \(name)", "\((rail.score * 100).rounded().formatted()) % of the way to \(rail.reaction)"))
    }
    rows.append(("clients", "\(clients.connected) connected"))
    rows.append(("ledger", "\(ledger.health)\(ledger.reason.map { ": \($0)" } ?? "")"))
    rows.append(("way back", "sluice rollback \"why\""))
    return rows
  }

  /// Why the verdict is what it is.
  func verdictReason(openIsLeast: Bool) -> String {
    let counted = compare.since_flip
    let compared = counted.matched &+ counted.superseded &+ counted.diverged
    if step.open_divergences > 0 {
      return "\(openIsLeast ? "at least " : "")\(step.open_divergences) differences are open"
    }
    if compared == 0 { return "nothing was compared yet, and zero of zero is no evidence" }
    switch compare.verdict {
    case "pass": return "\(counted.matched) of \(compared) compared reads were the same, and nothing is open"
    case "cold": return "what differs are keys that new does not have; warm it, or wait"
    case "differs": return "\(counted.diverged) of \(compared) compared reads differed"
    default: break
    }
    if let paused = step.paused { return "paused: \(paused)" }
    if let stack = stacks["new"], stack.uncarried > 0 {
      return "\(stack.uncarried) keys cannot be carried to new"
    }
    if mirror.dropped_writes > 0 { return "\(mirror.dropped_writes) writes did not reach the mirror" }
    if mirror.errors > 0 {
      let words = stacks["new"]?.last_trouble.map { " (new said last: \($0.text))" } ?? ""
      return "the mirror refused \(mirror.errors) writes or copies\(words)"
    }
    return
      "of \(compared) compared reads none counts: they went unanswered, or what they found is answered for"
  }
}
