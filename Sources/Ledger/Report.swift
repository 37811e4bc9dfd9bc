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
    case runs = "run_list"
    case story = "cutover_story"
    case differences = "what_differs"
    case keys = "which_keys"
    case latest = "latest_divergences"
    case since = "since_which_flip"
    case refusals = "what_is_refused"
    case suspects = "suspects_per_minute"
    case fences = "fence_list"
    case errors = "error_rate_per_minute"
    case latency = "latency"
    case latencyPerMinute = "latency_per_minute"
    case figures = "figures_total"
    case benchmarks = "benchmark_list"

    /// The question in words.
    public var title: String {
      switch self {
      case .runs: "Runs"
      case .story: "Flips, and what was compared until the next"
      case .differences: "What differs most"
      case .keys: "Which keys differ, by pattern"
      case .latest: "Which ones, the latest first"
      case .since: "Since which flip"
      case .refusals: "What applications ask for and are refused"
      case .suspects: "Suspects per minute and stack"
      case .fences: "Fences: how long flips held keys"
      case .errors: "Errors per minute and stack"
      case .latency: "Latency per stack, in microseconds"
      case .latencyPerMinute: "Latency per minute and stack, in microseconds"
      case .figures: "What each stack did"
      case .benchmarks: "Caches measured by sluice bench"
      }
    }

    /// The columns of the view that a reader wants beside each other.
    var columns: [String] {
      switch self {
      case .runs: ["run", "started", "last_seen", "end", "version", "lost_samples", "lost_flips", "summary"]
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
      case .refusals:
        ["command", "reason", "count", "first_seen", "last_seen", "client", "library", "address"]
      case .suspects: ["minute", "stack", "made", "repaired", "deleted", "whole_stack", "pending"]
      case .fences: ["flip", "at", "action", "from", "to", "lanes", "longest_us", "commands", "cut_off"]
      case .errors:
        [
          "minute", "stack", "operations", "errors", "percent", "refused", "timeout", "unreachable", "reply",
          "trouble",
        ]
      case .latency: ["stack", "class", "operations", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"]
      case .latencyPerMinute: ["minute", "stack", "operations", "p50_us", "p99_us", "max_us"]
      case .figures: ["stack", "class", "operations", "hits", "misses", "hit_percent", "errors"]
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
      case .runs, .story, .suspects, .fences, .errors, .latencyPerMinute, .benchmarks: true
      case .differences, .keys, .latest, .since, .refusals, .latency, .figures: false
      }
    }
  }

  /// Reads the ledger at `path` and answers, with at most `limit` rows per section.
  public static func render(
    path: String, sections: [Section] = Section.allCases, format: Format = .text, limit: Int = 30
  ) throws(LedgerError) -> String {
    let reader = try LedgerReader(path: path)
    let tables = try reader.tables(sections, limit: limit)
    switch format {
    case .text:
      // A running proxy writes figures once in an interval: its status knows more.
      let end = try reader.lastFigures().map { "Figures up to \($0) UTC\n\n" } ?? ""
      return end + text(Array(zip(sections, tables)))
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

  private static func text(_ answers: [(Section, ReportTable)]) -> String {
    answers.map { section, table in
      let rows = table.rows.isEmpty ? "  nothing recorded\n" : table.text()
      let cut = table.isCut ? "  (more: SELECT * FROM \(section.rawValue))\n" : ""
      return "\(section.title)\n\(rows)\(cut)"
    }.joined(separator: "\n")
  }
}
