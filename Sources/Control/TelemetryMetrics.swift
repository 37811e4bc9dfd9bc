import SluiceFigures
import SluiceRouting
import SluiceTelling

/// The figures as OTLP sends them: names of the semantic conventions for database clients where there are any, `sluice.` elsewhere. Labels
/// are bounded, and no key is among them.
enum TelemetryMetrics {
  /// Of buckets, in seconds: finer than the conventions' own, for a cache answers in microseconds.
  private static let bounds = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  ]

  static func all(_ status: StatusReport, _ total: LaneFigures) -> [TelemetryText.Metric] {
    let stacks = StackID.allCases
    func each(_ value: (StatusReport.Stack) -> TelemetryText.Value) -> [TelemetryText.Point] {
      stacks.compactMap { stack in
        status.stacks[stack.name].map { .init(value($0), [("sluice.stack", .text(stack.name))]) }
      }
    }
    func one(_ value: TelemetryText.Value) -> [TelemetryText.Point] { [.init(value)] }
    let share =
      status.rolled_back
      ? 0
      : status.effective_stage == "live"
        ? (status.percent ?? 0) / 100
        : status.effective_stage == "rampdown" || status.effective_stage == "complete" ? 1 : 0
    return [
      .spread("db.client.operation.duration", unit: "s", durations(status, total)),
      .gauge("sluice.rollout.ratio", unit: "1", one(.number(share))),
      .gauge("sluice.rolled_back", unit: "1", one(.flag(status.rolled_back))),
      .gauge(
        "sluice.stage", unit: "1",
        Stage.allCases.map {
          .init(.flag($0.name == status.effective_stage), [("sluice.stage", .text($0.name))])
        }),
      .sum(
        "sluice.comparisons", unit: "{comparison}",
        [
          ("matched", status.compare.matched), ("superseded", status.compare.superseded),
          ("diverged", status.compare.diverged), ("ignored", status.compare.ignored),
          ("dropped", status.compare.dropped),
        ].map { .init(.count($1), [("sluice.outcome", .text($0))]) }),
      .gauge("sluice.open_divergences", unit: "{divergence}", one(.count(status.step.open_divergences))),
      .gauge(
        "sluice.guardrail.score", unit: "1",
        status.step.guardrails.sorted { $0.key < $1.key }.map {
          .init(.number($0.value.score), [("sluice.signal", .text($0.key))])
        }),
      .gauge("sluice.stack.up", unit: "1", each { .flag($0.health == "up") }),
      .gauge("sluice.suspects", unit: "{key}", each { .count(UInt64(max(0, $0.suspects))) }),
      .gauge(
        "sluice.clients.connected", unit: "{client}", one(.count(UInt64(max(0, status.clients.connected))))),
      .gauge(
        "sluice.plan.conditions", unit: "{condition}", one(.count(UInt64(max(0, status.plan.conditions))))),
      .gauge(
        "sluice.plan.conditions_met", unit: "{condition}",
        one(.count(UInt64(max(0, status.plan.conditions_met))))),
    ]
  }

  private static func durations(_ status: StatusReport, _ total: LaneFigures) -> [TelemetryText.Spread] {
    var spreads: [TelemetryText.Spread] = []
    for stack in StackID.allCases {
      for role in Role.allCases {
        for each in CommandClass.allCases {
          let latency = total[stack, role, each].latency
          guard latency.count > 0 else { continue }
          var (buckets, sum) = ([UInt64](repeating: 0, count: bounds.count + 1), 0.0)
          latency.forEachBucket { lowest, highest, count in
            let seconds = Double(highest) / 1e6
            buckets[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += count
            sum += Double(count) * (Double(lowest) + Double(highest)) / 2e6
          }
          var attributes: [(String, TelemetryText.Value)] = [
            ("db.system.name", .text("redis")), ("sluice.stack", .text(stack.name)),
            ("sluice.role", .text(role.name)), ("sluice.command.class", .text(each.name)),
          ]
          if let endpoint = status.stacks[stack.name]?.endpoint {
            attributes.append(("server.address", .text(endpoint)))
          }
          spreads.append(
            .init(
              count: latency.count, sum: sum, bounds: bounds, buckets: buckets, attributes))
        }
      }
    }
    return spreads
  }
}
