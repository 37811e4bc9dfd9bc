import SluiceCommands
import SluiceServers

extension Assessment {
  var commandRows: [AssessmentRow] {
    guard let calls = legacy.calls else {
      return [
        AssessmentRow(
          .commands, "in use", .look, "legacy does not say which commands are in use (INFO commandstats)",
          do: "run the proxy in stage off: it counts them, and what it refuses")
      ]
    }
    var fine: [(name: String, count: Int)] = []
    var rows: [(row: AssessmentRow, count: Int)] = []
    for (name, count) in calls {
      switch judge(name) {
      case .fine: fine.append((name, count))
      case .row(let verdict, let found, let advice):
        rows.append(
          (AssessmentRow(.commands, name, verdict, "\(called(count)): \(found)", do: advice), count))
      }
    }
    rows.sort {
      ($1.row.verdict, $1.count, $0.row.subject) < ($0.row.verdict, $0.count, $1.row.subject)
    }
    var result = rows.prefix(Self.rowLimit).map(\.row)
    if rows.count > Self.rowLimit {
      let rest = rows[Self.rowLimit...]
      result.append(
        AssessmentRow(
          .commands, "more", AssessmentRow.Verdict.worst(rest.map(\.row)),
          "\(rest.count) more commands: \(Self.list(rest.map(\.row.subject)))", do: "--json has them all"))
    }
    fine.sort { ($1.count, $0.name) < ($0.count, $1.name) }
    let total = fine.reduce(0) { Quantity.sum($0, $1.count) }
    result.append(
      AssessmentRow(
        .commands, "all others in use", .fine,
        fine.isEmpty ? "none" : "\(called(total)): \(Self.list(fine.map(\.name)))"))
    return result
  }

  private static let rowLimit = 60

  private func called(_ count: Int) -> String { Quantity.count(count, "call") }

  private enum Judgement {
    case fine
    case row(AssessmentRow.Verdict, String, do: String)
  }

  private func judge(_ name: String) -> Judgement {
    let id = table.id(of: name)
    guard id != CommandTable.unknownID, id != CommandTable.unknownSubcommandID else {
      return .row(
        .look, "neither server tells of it now",
        do: "find out who called it; what nobody knows is taken for a write of its first argument, "
          + "or refused where a server hides its commands")
    }
    let spec = table.specs[id]
    if new?.commands != nil, spec.scope == .keyed, !spec.isOurs, !spec.sides.contains(.new) {
      return .row(
        .stops, "new does not have it", do: "change the application, or choose a server that has it")
    }
    switch spec.scope {
    case .refused(let refusal):
      // 6.2 counts all subcommands as one.
      if spec.isContainer, !name.contains("|") {
        return .row(
          .look, "legacy does not count its subcommands apart, and some are refused",
          do: "see docs/commands.md; the proxy names those that are, in stage off already")
      }
      return judge(refused: refusal)
    case .local(let command): return judge(local: command, name)
    case .keyspace, .unknownSubcommand: return .fine
    case .keyed: return judge(keyed: spec, name)
    }
  }

  func judged(_ refusal: Refusal) -> (verdict: AssessmentRow.Verdict, advice: String) {
    switch refusal {
    case .transaction, .pubsub, .blocking, .script, .function, .database, .select, .behindSelect,
      .sortPattern,
      .scriptWithoutKeys, .tracking, .resp3, .unknownKeys, .hiddenCommands, .migrate:
      (.stops, "if applications use it: " + Self.advice(of: refusal))
    case .replication, .persistence, .administration, .configuration, .accessControl, .cluster, .module,
      .monitor, .debugging, .help:
      (.look, "people and tools that use it keep speaking to the server itself")
    }
  }

  private func judge(refused refusal: Refusal) -> Judgement {
    let (verdict, advice) = judged(refusal)
    return .row(verdict, "the proxy refuses it (\(refusal.rawValue))", do: advice)
  }

  /// What the refusal itself tells a client, without its first words.
  private static func advice(of refusal: Refusal) -> String {
    let message = refusal.message
    guard let start = message.firstRange(of: "sluice: ") else { return message }
    return String(message[start.upperBound...])
  }

  private func judge(local command: LocalCommand, _ name: String) -> Judgement {
    switch command {
    case .exec:
      .row(
        .look, "transactions are carried while their keys are on one stack, and without WATCH",
        do: "give keys that belong together one hash tag: {user1}:a {user1}:b")
    case .select:
      .row(
        .look, "clients ask for a database by its number",
        do: "see under databases")
    case .onBothStacks:
      .row(
        .look, "done on both stacks; what is on legacy already is not on new",
        do: "load scripts and functions through the proxy once, or on new yourself")
    default: .fine
    }
  }

  private func judge(keyed spec: CommandSpec, _ name: String) -> Judgement {
    if let new {
      let words = ServerDifference.words(spec.name.replacing("|", with: " "), legacy.facts, new.facts)
      if !words.isEmpty {
        return .row(
          .look, "the two servers may answer it differently: only one of them says \"\(words[0])\"",
          do:
            "see docs/servers.md for which arguments; Sluice counts such answers as ignored (versions_differ)"
        )
      }
    }
    switch spec.refusedOption {
    case .none: break
    case .block: return .row(.look, "with BLOCK it is refused", do: "poll without BLOCK")
    case .database: return .row(.look, "with DB of another database it is refused", do: "see under databases")
    case .pattern:
      return .row(
        .look, "with a BY or GET pattern it is refused",
        do: "sort in the client; BY nosort and GET # are carried")
    case .keyless:
      return .row(
        .look, "carried if it declares its keys, which are copied behind it; without keys it is refused",
        do: "name the keys (EVAL body 1 key); what a script writes to other keys is on one stack alone")
    }
    if spec.keys.mayBeSeveral, spec.split == .none, spec.container == nil {
      return .row(
        .look, "in stage live its keys must be on one stack, or it is refused (CROSSSTACK)",
        do: "give keys that belong together one hash tag: {user1}:a {user1}:b")
    }
    if spec.mirror == .copy {
      return .row(
        .look, "what it does nobody can tell from outside: its keys are copied behind it",
        do: "watch copies in status, if it is frequent")
    }
    return .fine
  }
}

extension CommandTable {
  /// Of a name as `INFO commandstats` says it: `GET`, `CLIENT|LIST`.
  func id(of name: String) -> Int {
    let words = name.split(separator: "|", maxSplits: 1).map { Array($0.utf8) }
    guard let first = words.first else { return Self.unknownID }
    let id = lookup(first.span)
    guard words.count > 1, specs[id].isContainer else { return id }
    let subcommand = words[1]
    return lookup(subcommand: subcommand.span, of: id)
  }
}

extension KeyLayout {
  /// Whether one command may have several keys.
  var mayBeSeveral: Bool {
    switch self {
    case .none: false
    case .range(let first, let last, _): first != last
    case .counted, .streams, .migrate, .specs: true
    // With STORE only.
    case .sortStore, .geoStore: false
    }
  }
}
