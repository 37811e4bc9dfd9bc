import SluiceAdmin
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceRouting

/// What the comparisons prove, and what stands beside the traffic.
extension Metrics {
  static func comparing(_ frame: AdminFrames.Frame) -> [MetricFamily] {
    let (report, total) = (frame.report, frame.evidence.total)
    let compare = total.compare
    var outcomes = MetricFamily(
      "sluice_comparisons", .counter, "Reads that were chosen for comparison, each in one outcome.")
    for (outcome, count) in [
      ("matched", compare.matched), ("ignored", compare.ignored), ("superseded", compare.superseded),
      ("diverged", compare.diverged), ("dropped", compare.dropped),
    ] {
      outcomes.add(count, ["outcome": outcome])
    }
    var kinds = MetricFamily(
      "sluice_divergences", .counter, "Differences that stayed when both stacks were asked again, by kind.")
    for kind in DivergenceKind.allCases { kinds.add(total.divergences[kind], ["kind": kind.name]) }
    var served = MetricFamily(
      "sluice_served_wrong", .counter,
      "Of these, what clients were served by new: another answer than legacy's, or none where legacy has one."
    )
    served.add(compare.servedDifferent, ["what": "different"])
    served.add(compare.servedMissing, ["what": "missing"])
    var writes = MetricFamily(
      "sluice_mirror_writes", .counter,
      "Writes for the mirror: sent to it, not sent because its queue was full or it was down, and failed there."
    )
    writes.add(compare.mirroredWrites, ["result": "sent"])
    writes.add(compare.droppedWrites, ["result": "dropped"])
    writes.add(compare.mirrorErrors, ["result": "failed"])
    var gates = MetricFamily(
      "sluice_gate_met", .gauge, "Whether a gate of the next step is met; absent where there is no next step."
    )
    var (values, limits) = (
      MetricFamily("sluice_gate_value", .gauge, "What a gate has, of those that count something."),
      MetricFamily("sluice_gate_limit", .gauge, "What the same gate needs.")
    )
    for gate in report.step.gates {
      gates.add(gate.missing.isEmpty ? 1 : 0 as Double, ["gate": gate.name])
      // `5360 reads`, `25 s`, `0 keys`; what is a share, or a word, has none.
      guard let now = count(gate.now), let needed = count(gate.needed) else { continue }
      values.add(now, ["gate": gate.name])
      limits.add(needed, ["gate": gate.name])
    }
    return [
      outcomes, kinds, served, writes,
      .gauge(
        "sluice_open_divergences", "Differences that are known and not closed.",
        Double(report.step.open_divergences)),
      .states(
        "sluice_verdict", "The verdict since the last flip: 1 for it, 0 for the others.", label: "verdict",
        Verdict.allCases.map(\.rawValue), is: report.compare.verdict),
      gates, values, limits,
      .gauge(
        "sluice_paused", "Whether a guardrail has paused the way on until somebody answers for it.",
        report.step.paused == nil ? 0 : 1),
    ]
  }

  /// The number that a gate's words begin with, where one thing is counted.
  static func count(_ words: String) -> Double? {
    let parts = words.split(separator: " ")
    return parts.count == 2 && parts[1] != "%" ? Double(parts[0]) : nil
  }

  static func guardrails(_ frame: AdminFrames.Frame) -> [MetricFamily] {
    var scores = MetricFamily(
      "sluice_guardrail_score_ratio", .gauge, "How near a guardrail is: 0 while all is well, 1 where it acts."
    )
    var values = MetricFamily(
      "sluice_guardrail_value", .gauge, "The share of bad units since the guardrail was last at rest, 0 to 1."
    )
    var limits = MetricFamily(
      "sluice_guardrail_limit", .gauge, "The share of bad units that is still healthy, 0 to 1.")
    var trips = MetricFamily(
      "sluice_guardrail_trips", .counter, "How often a guardrail has acted, by what it did.")
    for signal in Guardrails.Name.allCases {
      guard let rail = frame.report.step.guardrails[signal.rawValue] else { continue }
      scores.add(rail.score, ["signal": signal.rawValue])
      values.add(rail.total == 0 ? 0 : Double(rail.bad) / Double(rail.total), ["signal": signal.rawValue])
      limits.add(rail.healthy, ["signal": signal.rawValue])
      for reaction in Guardrails.Reaction.allCases {
        trips.add(
          frame.tally.trips[[signal.rawValue, reaction.rawValue]] ?? 0,
          ["signal": signal.rawValue, "reaction": reaction.rawValue])
      }
    }
    return [scores, values, limits, trips]
  }

  static func stacks(_ report: StatusReport) -> [MetricFamily] {
    var up = MetricFamily("sluice_stack_up", .gauge, "Whether a stack answers on every lane.")
    var cold = MetricFamily("sluice_stack_cold", .gauge, "Whether a stack lacks keys that the other one has.")
    var queue = MetricFamily(
      "sluice_mirror_queue_commands", .gauge, "Mirrored commands that a stack has not answered yet.")
    var bytes = MetricFamily("sluice_mirror_queue_bytes", .gauge, "The bytes of these commands.")
    var flight = MetricFamily(
      "sluice_stack_in_flight_commands", .gauge, "Commands that a stack has not answered yet.")
    var suspects = MetricFamily(
      "sluice_suspects", .gauge, "Keys on which a stack may be wrong; they are repaired, and never served.")
    var events = MetricFamily("sluice_suspect_keys", .counter, "What became of suspects since the start.")
    var uncarried = MetricFamily("sluice_uncarried_keys", .gauge, "Keys that no way can carry to a stack.")
    var evicted = MetricFamily(
      "sluice_stack_evicted_keys", .gauge, "Keys that a server has evicted since the routing in force began.")
    for (name, stack) in report.stacks.sorted(by: { $0.key < $1.key }) {
      up.add(stack.health == "up" ? 1 : 0 as Double, ["stack": name])
      cold.add(stack.cold_since == nil ? 0 : 1 as Double, ["stack": name])
      queue.add(Double(stack.mirror_queue), ["stack": name])
      bytes.add(Double(stack.mirror_queue_bytes), ["stack": name])
      flight.add(Double(stack.in_flight), ["stack": name])
      suspects.add(Double(stack.suspects), ["stack": name])
      events.add(stack.suspects_made, ["stack": name, "event": "made"])
      events.add(stack.suspects_repaired, ["stack": name, "event": "repaired"])
      events.add(stack.suspects_deleted, ["stack": name, "event": "deleted"])
      uncarried.add(Double(stack.uncarried), ["stack": name])
      if let keys = stack.evicted_keys { evicted.add(Double(keys), ["stack": name]) }
    }
    return [up, cold, queue, bytes, flight, suspects, events, uncarried, evicted]
  }

  static func clients(_ report: StatusReport) -> [MetricFamily] {
    let clients = report.clients
    var cut = MetricFamily(
      "sluice_clients_cut_off", .counter, "Clients that were closed or not let in, by reason.")
    cut.add(
      UInt64(clamping: clients.cut_off - min(clients.cut_off, clients.cut_off_for_memory)),
      ["reason": "limits"])
    cut.add(UInt64(clamping: clients.cut_off_for_memory), ["reason": "memory"])
    cut.add(UInt64(clamping: clients.turned_away), ["reason": "full"])
    cut.add(UInt64(clamping: clients.turned_away_by_address), ["reason": "address"])
    var refused = MetricFamily(
      "sluice_refused_commands", .counter, "Commands that the proxy itself refused, by command.")
    var byCommand: [String: UInt64] = [:]
    for refusal in report.refusals { byCommand[refusal.command.lowercased(), default: 0] &+= refusal.count }
    for (command, count) in byCommand.sorted(by: { $0.key < $1.key }) {
      refused.add(count, ["command": command])
    }
    var passwords = MetricFamily(
      "sluice_wrong_passwords", .counter, "Passwords and tokens that were tried and wrong, by door.")
    passwords.add(report.wrong_passwords.clients.count, ["door": "clients"])
    passwords.add(report.wrong_passwords.control.count, ["door": "control"])
    passwords.add(report.wrong_passwords.admin.count, ["door": "admin"])
    return [
      .gauge("sluice_clients_connected", "Clients that are connected.", Double(clients.connected)),
      .gauge("sluice_clients_limit", "Clients that are let in at a time.", Double(clients.max)),
      .counter("sluice_clients", "Clients that were ever connected.", UInt64(clamping: clients.total)), cut,
      refused,
      passwords,
      .gauge(
        "sluice_client_output_bytes",
        "Bytes that clients hold: replies that wait for them, and commands that they have not finished.",
        Double(clients.memory)),
    ]
  }

  static func upkeep(_ report: StatusReport) -> [MetricFamily] {
    var deliveries = MetricFamily(
      "sluice_webhook_deliveries", .counter, "Messages to those who are told, since the start.")
    if let telling = report.telling {
      deliveries.add(telling.delivered, ["result": "delivered"])
      deliveries.add(telling.lost, ["result": "lost"])
    }
    return [
      deliveries,
      .gauge(
        "sluice_webhook_waiting_messages", "Messages that nobody has heard yet.",
        report.telling.map { Double($0.waiting) }),
      .gauge(
        "sluice_flags_last_success_timestamp_seconds", "When the flags in force were read.",
        report.flags.loaded_at.timeIntervalSince1970),
      .gauge(
        "sluice_flags_last_load_successful", "Whether what the flag file says is in force.",
        report.flags.error == nil ? 1 : 0),
      .gauge(
        "sluice_ledger_up", "Whether the ledger is written; absent where none is kept.",
        report.ledger.health == "off" && report.ledger.reason == nil
          ? nil : report.ledger.health == "ok" || report.ledger.health == "replaced" ? 1 : 0),
      .gauge("sluice_ledger_queue_rows", "Rows that wait for the disk.", Double(report.ledger.queued)),
      .counter("sluice_ledger_lost_samples", "Samples that found no room.", report.ledger.lost_samples),
      .gauge(
        "sluice_journal_up", "Whether suspects outlive the process.", report.journal.health == "ok" ? 1 : 0),
    ]
  }
}
