import SluiceAdmin
import SluiceCommands
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceRouting

/// What there is to scrape: base units, ratios from 0 to 1, labels of which there are only so many, and never a key. docs/admin.md has the
/// same as one table.
enum Metrics {
  static func families(_ frame: AdminFrames.Frame, byCommand: Bool) -> [MetricFamily] {
    var families =
      about(frame.report) + routing(frame) + commands(frame.evidence.total) + comparing(frame)
      + guardrails(frame) + stacks(frame.report) + clients(frame.report) + upkeep(frame.report)
      + ProcessFigures.families()
    if byCommand { families.append(byName(frame.evidence.total)) }
    return families
  }

  private static func about(_ report: StatusReport) -> [MetricFamily] {
    var build = MetricFamily("sluice_build_info", .gauge, "The version that runs, as a label; always 1.")
    build.add(1 as Double, ["version": report.version])
    var info = MetricFamily("sluice_info", .gauge, "Names and flags of this instance, as labels; always 1.")
    info.add(
      1 as Double,
      ["service": report.service ?? "", "name": report.instance, "flag_version": report.flags.version])
    return [build, info]
  }

  private static func routing(_ frame: AdminFrames.Frame) -> [MetricFamily] {
    let (report, tally) = (frame.report, frame.tally)
    let stages = Stage.allCases.map(\.name)
    var flips = MetricFamily(
      "sluice_flips", .counter,
      "Changes of the routing since the start, by what was done and what asked for it.")
    var rollbacks = MetricFamily(
      "sluice_rollbacks", .counter, "Rollbacks since the start, by what asked for them.")
    for (place, count) in tally.counts.sorted(by: {
      ($0.key.action.rawValue, $0.key.source) < ($1.key.action.rawValue, $1.key.source)
    }) {
      flips.add(count, ["action": place.action.rawValue, "source": place.source])
    }
    for source in ["order", "file", "guardrail"] {
      rollbacks.add(tally.counts[.init(action: .rollback, source: source)] ?? 0, ["cause": source])
    }
    var holds = MetricFamily(
      "sluice_flip_hold_seconds", .histogram, "How long flips held commands, each by its longest.")
    holds.add(tally.holds)
    let share =
      report.effective_stage == "live"
      ? report.percent.map { $0 / 100 } : ["rampdown", "complete"].contains(report.effective_stage) ? 1 : 0
    return [
      .states(
        "sluice_stage", "The stage that the flags say: 1 for it, 0 for the others.", label: "stage", stages,
        is: report.stage),
      .states(
        "sluice_effective_stage", "The stage in force: another one while rolled back.", label: "stage",
        stages, is: report.effective_stage),
      .gauge(
        "sluice_rollout_ratio", "The share of keys that new answers now; absent where rules decide.", share),
      .gauge(
        "sluice_rolled_back", "Whether a rollback holds until somebody re-arms.", report.rolled_back ? 1 : 0),
      .gauge(
        "sluice_fallback_active", "Whether legacy stands in for new, which cannot be reached.",
        report.fallback == nil ? 0 : 1),
      .gauge(
        "sluice_last_flip_timestamp_seconds",
        "When the routing changed last, the start of the process included.",
        tally.last?.at.timeIntervalSince1970),
      .gauge(
        "sluice_step_started_timestamp_seconds",
        "When the account of the routing in force began; the time in which no proxy ran is left out.",
        frame.stepBegan),
      flips, rollbacks, holds,
    ]
  }

  // MARK: Commands

  private static func commands(_ total: LaneFigures) -> [MetricFamily] {
    var counts = MetricFamily(
      "sluice_commands", .counter,
      "Commands by the stack that was asked and how they ended; every command is in one result.")
    var times = MetricFamily(
      "sluice_command_duration_seconds", .histogram,
      "From the bytes handed to a stack's connection to its reply.")
    for stack in StackID.allCases {
      for role in Role.allCases {
        for each in CommandClass.allCases {
          let figures = total[stack, role, each]
          let ended = figures.hits &+ figures.misses &+ figures.errors
          let results = [
            ("ok", figures.operations &- min(figures.operations, ended)), ("hit", figures.hits),
            ("miss", figures.misses),
            ("reply_error", figures.errors &- min(figures.errors, figures.failures)),
            ("failed", figures.failures),
          ]
          for (result, count) in results {
            counts.add(count, ["stack": stack.name, "role": role.name, "class": each.name, "result": result])
          }
          var spread = MetricFamily.Spread(bounds: bounds)
          figures.latency.forEachBucket { low, high, count in
            spread.add(from: Double(low) / 1e6, to: Double(high) / 1e6, count: count)
          }
          times.add(spread, ["stack": stack.name, "role": role.name, "class": each.name])
        }
      }
    }
    var waits = MetricFamily(
      "sluice_client_command_duration_seconds", .histogram,
      "How long clients waited for a stack and for the proxy together.")
    for each in CommandClass.allCases {
      var spread = MetricFamily.Spread(bounds: bounds)
      total.clientWaits(each).forEachBucket { high, count in
        spread.add(from: Double(high) / 1e6, to: Double(high) / 1e6, count: count)
      }
      waits.add(spread, ["class": each.name])
    }
    var errors = MetricFamily(
      "sluice_errors", .counter,
      "Errors by stack and kind: refused, timeout, unreachable, reply (the client's own), trouble (OOM, READONLY and their like)."
    )
    for stack in StackID.allCases {
      for kind in ErrorKind.allCases {
        errors.add(total.errors[stack, kind], ["stack": stack.name, "kind": kind.name])
      }
    }
    var words = MetricFamily(
      "sluice_stack_errors", .counter,
      "What stacks have said of themselves (the errors of kind trouble), by the word that it began with.")
    for stack in StackID.allCases {
      for word in TroubleCounts.words + [TroubleCounts.other] {
        words.add(total.troubles[stack, word], ["stack": stack.name, "word": word])
      }
    }
    var held = MetricFamily(
      "sluice_held_commands", .counter, "Commands that the proxy held before it asked a stack.")
    for reason in HoldFigures.Reason.allCases { held.add(total.holds[reason].count, ["reason": reason.name]) }
    return [counts, times, waits, errors, words, held]
  }

  /// In seconds; those of a cache are short.
  static let bounds = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  ]

  private static func byName(_ total: LaneFigures) -> MetricFamily {
    var family = MetricFamily(
      "sluice_commands_by_name", .counter, "Commands by their names: asked for by /metrics?commands=1.")
    total.commands.forEachCell { stack, role, command, cell in
      let name = CommandTable.shared.name(of: command).lowercased()
      let ended = cell.hits &+ cell.misses &+ cell.errors
      for (result, count) in [
        ("ok", cell.operations &- min(cell.operations, ended)), ("hit", cell.hits), ("miss", cell.misses),
        ("reply_error", cell.errors &- min(cell.errors, cell.failures)), ("failed", cell.failures),
      ] where count > 0 {
        family.add(count, ["stack": stack.name, "role": role.name, "command": name, "result": result])
      }
    }
    return family
  }
}
