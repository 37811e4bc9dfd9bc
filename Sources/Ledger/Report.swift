import Foundation

/// The usual questions to a ledger and their answers.
public struct Report: Sendable {
  /// How an answer is written.
  public enum Format: String, CaseIterable, Sendable {
    /// Aligned tables under headings.
    case text
    /// One object with an array per section.
    case json
  }

  /// One question: the name of the view that answers it.
  public enum Section: String, CaseIterable, Sendable {
    case step = "this_step"
    case gates = "is_it_safe"
    case guardrails = "guardrails"
    case runs = "run_list"
    case story = "cutover_story"
    case why = "why"
    case plan = "plan_story"
    case differences = "what_differs"
    case keys = "which_keys"
    case latest = "latest_divergences"
    case since = "since_which_flip"
    case closed = "what_is_closed"
    case servers = "which_servers"
    case uncarried = "what_is_not_carried"
    case copies = "how_copies_went"
    case refusals = "what_is_refused"
    case lacks = "what_one_server_lacks"
    case suspects = "suspects_per_minute"
    case fences = "fence_list"
    case errors = "error_rate_per_minute"
    case said = "what_stacks_said"
    case hurt = "clients_hurt"
    case hits = "hit_rate"
    case waits = "client_waits"
    case latencyNow = "latency_now"
    case commands = "latency_by_command"
    case latency = "latency"
    case latencyPerMinute = "latency_per_minute"
    case figures = "figures_total"
    case benchmarks = "benchmark_list"

    /// The question in words.
    public var title: String {
      switch self {
      case .step: "The step in force"
      case .gates: "Is it safe to go on"
      case .guardrails: "How near the guardrails are"
      case .runs: "Runs"
      case .story: "Flips, and what was compared until the next"
      case .why: "What was decided, and why, the latest first"
      case .plan: "What the plan did, and what it waited for, the latest first"
      case .differences: "What differs most"
      case .keys: "Which keys differ, by pattern"
      case .latest: "Which ones, the latest first"
      case .since: "Since which flip"
      case .closed: "What is meant to differ"
      case .servers: "Between which servers, and since when"
      case .uncarried: "Which keys cannot come along, the latest first"
      case .copies: "How values went over, flip by flip"
      case .refusals: "What applications ask for and are refused"
      case .lacks: "What applications ask for that only one server has"
      case .suspects: "Suspects per minute and stack"
      case .fences: "Fences: how long flips held keys"
      case .errors: "Errors per minute and stack"
      case .said: "What the stacks said of their trouble, the latest first"
      case .hurt: "Commands of clients that were hurt, flip by flip"
      case .hits: "What clients find at each stack, flip by flip"
      case .waits: "What clients wait for since the last flip, in microseconds"
      case .latencyNow: "Latency now, in microseconds"
      case .commands: "Commands since the last flip, in microseconds"
      case .latency: "Latency per stack, in microseconds"
      case .latencyPerMinute: "Latency per minute and stack, in microseconds"
      case .figures: "What each stack did"
      case .benchmarks: "Caches measured by sluice bench"
      }
    }

    /// The columns of the view that a reader wants beside each other.
    var columns: [String] {
      switch self {
      case .step:
        [
          "step", "since", "seconds", "matched", "diverged", "missing", "open", "keys", "verified", "paused",
          "forced",
          "next", "as_of",
        ]
      case .gates: ["next", "gate", "state", "now", "needed", "missing"]
      case .guardrails:
        [
          "signal", "percent_of_limit", "bad", "total", "bad_percent", "healthy_percent", "broken_percent",
          "reaction",
        ]
      case .why: ["at", "who", "action", "step", "signal", "bad", "total", "limit", "words"]
      case .plan: ["at", "who", "what", "step", "why"]
      case .said: ["stack", "kind", "command", "message", "samples", "first_seen", "last_seen"]
      case .hurt:
        [
          "flip", "step", "commands", "failed", "failed_by_new", "compared_on_new", "different_on_new",
          "missing_on_new",
        ]
      case .hits: ["flip", "step", "stack", "role", "hits", "misses", "hit_percent", "other_had_it"]
      case .waits: ["waits", "commands", "p50_us", "p99_us", "max_us"]
      case .latencyNow: ["span", "class", "role", "stack", "operations", "p50_us", "p99_us"]
      case .commands:
        ["command", "role", "stack", "operations", "hit_percent", "errors", "failures", "p50_us", "p99_us"]
      case .runs:
        [
          "run", "started", "last_seen", "end", "version", "instance", "lost_samples", "lost_flips",
          "summary",
        ]
      case .story:
        [
          "flip", "at", "who", "action", "from", "to", "seconds", "held_us", "matched", "superseded",
          "diverged",
          "missing", "timeouts", "dropped", "dropped_writes", "verdict", "reason",
        ]
      case .differences: ["kind", "command", "count", "percent", "first_minute", "last_minute"]
      case .keys:
        [
          "pattern", "kind", "command", "count", "counted", "first_seen", "last_seen", "samples", "example",
        ]
      case .latest:
        [
          "at", "kind", "command", "key", "legacy", "legacy_length", "new", "new_length", "first_difference",
        ]
      case .since: ["kind", "command", "flip", "flipped", "action", "change", "under_it", "ever"]
      case .closed: ["kind", "which", "keys", "why", "since", "who"]
      case .servers: ["since", "run", "stack", "server", "version", "dump_version"]
      case .uncarried: ["direction", "type", "reason", "key", "first_seen", "last_seen"]
      case .copies: ["flip", "step", "dump", "restamped", "value", "pieces"]
      case .refusals, .lacks:
        ["command", "reason", "count", "first_seen", "last_seen", "client", "library", "address"]
      case .suspects: ["minute", "stack", "made", "repaired", "deleted", "whole_stack", "pending"]
      case .fences: ["flip", "at", "action", "from", "to", "lanes", "longest_us", "commands", "cut_off"]
      case .errors:
        [
          "minute", "stack", "operations", "errors", "percent", "for_clients", "refused", "timeout",
          "unreachable", "reply",
          "trouble",
        ]
      case .latency:
        ["stack", "role", "class", "operations", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"]
      case .latencyPerMinute: ["minute", "stack", "role", "operations", "p50_us", "p99_us", "max_us"]
      case .figures:
        ["stack", "role", "class", "operations", "hits", "misses", "hit_percent", "errors", "failures"]
      case .benchmarks:
        [
          "at", "name", "phase", "subject", "pairs", "succeeded", "operations_per_s", "average_us", "p50_us",
          "p95_us", "p99_us",
        ]
      }
    }

    /// Whether the rows are in the order of time, so that the latest matter most.
    var isStory: Bool {
      switch self {
      case .runs, .story, .suspects, .fences, .errors, .latencyPerMinute, .hurt, .benchmarks, .servers,
        .copies:
        true
      case .step, .gates, .guardrails, .why, .plan, .differences, .keys, .latest, .since, .closed, .refusals,
        .lacks,
        .uncarried, .said, .hits, .waits, .latencyNow,
        .commands, .latency, .figures:
        false
      }
    }
  }

  /// Reads the ledger at `path` and answers, with at most `limit` rows per section, in lines of at most `width` where words can be cut.
  public static func render(
    path: String, sections: [Section] = Section.allCases, format: Format = .text, limit: Int = 30,
    width: Int? = nil
  ) throws(LedgerError) -> String {
    let reader = try LedgerReader(path: path)
    let tables = try reader.tables(sections, limit: limit)
    switch format {
    case .text:
      // A running proxy writes figures once in an interval: its status knows more.
      let end = try reader.lastFigures().map { "Figures up to \($0) UTC\n\n" } ?? ""
      return end + text(Array(zip(sections, tables)), width)
    case .json:
      return try Connection.explaining(path) {
        var object: [String: Any] = [:]
        for (section, table) in zip(sections, tables) { object[section.rawValue] = table.objects() }
        let data = try JSONSerialization.data(
          withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
      }
    }
  }

  private static func text(_ answers: [(Section, ReportTable)], _ width: Int?) -> String {
    answers.map { section, table in
      let rows = table.rows.isEmpty ? "  nothing recorded\n" : table.text(width: width)
      let cut = table.isCut ? "  (more: SELECT * FROM \(section.rawValue))\n" : ""
      return "\(section.title)\n\(rows)\(cut)"
    }.joined(separator: "\n")
  }
}
