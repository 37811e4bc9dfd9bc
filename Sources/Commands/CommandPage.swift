/// The tables of docs/commands.md, made from the command table: what a client gets for every command that is known without a server.
public enum CommandPage {
  /// A part of the page, between two marks of this name.
  public enum Block: String, CaseIterable, Sendable {
    case commands, refused, servers
  }

  /// In Markdown, with a line break at the end.
  public static func text(_ block: Block) -> String {
    switch block {
    case .commands: commands
    case .refused: refused
    case .servers: servers
    }
  }

  /// Those that our own table has, in the order of their names.
  private static var specs: [CommandSpec] {
    (0..<CommandTable.shared.specs.count).map { CommandTable.shared.specs[$0] }
      .filter { $0.isListed && !$0.isOurs }.sorted { $0.name < $1.name }
  }

  private static func table(_ head: [String], _ rows: [[String]]) -> String {
    let lines = [head, head.map { _ in "---" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  private static func names(_ names: [String]) -> String {
    names.map { "`\($0.replacing("|", with: " "))`" }.joined(separator: " ")
  }

  // MARK: Who answers

  private struct Way: Hashable {
    let place: Int
    let who: String
    let both: String
    let mirror: String
    let compared: String
    let condition: String
  }

  private static var commands: String {
    var ways: [Way: [String]] = [:]
    for spec in specs {
      if let way = way(of: spec) { ways[way, default: []].append(spec.name) }
    }
    let rows = ways.sorted {
      ($0.key.place, $0.key.who, $0.key.mirror, $0.key.compared, $0.value[0])
        < ($1.key.place, $1.key.who, $1.key.mirror, $1.key.compared, $1.value[0])
    }.map { way, commands in
      [names(commands), way.who, way.both, way.mirror, way.compared, way.condition]
    }
    return table(
      ["commands", "who answers", "keys on both stacks", "the mirror", "compared", "not carried with"], rows)
  }

  /// Nil for what is refused, and for containers that are nothing by themselves.
  private static func way(of spec: CommandSpec) -> Way? {
    let none = "–"
    switch spec.scope {
    case .refused, .unknownSubcommand: return nil
    case .local(let command):
      let who =
        switch command {
        case .askServer, .time, .info, .configGet, .command, .commandCount, .commandDocs, .commandInfo,
          .commandList,
          .commandGetKeys, .commandGetKeysAndFlags:
          "the stack that has all keys"
        case .onBothStacks: "both stacks"
        default: "the proxy"
        }
      return Way(place: 2, who: who, both: none, mirror: none, compared: none, condition: none)
    case .keyspace:
      return Way(
        place: 1, who: "the whole key space", both: none, mirror: none, compared: none, condition: none)
    case .keyed:
      let isSingle = !spec.keys.namesSeveral
      let both = isSingle ? none : spec.split == .none ? "`CROSSSTACK`" : "split"
      return Way(
        place: 0, who: isSingle ? "its key's primary" : "the primary of its keys", both: both,
        mirror: mirror(spec.mirror),
        compared: spec.access == .write ? none : spec.comparison.name,
        condition: spec.refusedOption.text ?? none)
    }
  }

  private static func mirror(_ rule: MirrorRule) -> String {
    switch rule {
    case .asSent: "as sent"
    case .effect: "what it did"
    case .copy: "its keys are copied"
    case .parts: "each part"
    case .none: "–"
    }
  }

  // MARK: Refused

  private static var refused: String {
    let rows = Refusal.allCases.compactMap { refusal -> [String]? in
      let refused = specs.filter { if case .refused(refusal) = $0.scope { true } else { false } }
      guard !refused.isEmpty else { return nil }
      // A container that is refused as a whole says so for all its subcommands.
      let whole = Set(refused.filter(\.isContainer).map(\.id))
      let shown = refused.filter { spec in
        guard let container = spec.container, whole.contains(container) else { return true }
        return false
      }.map { spec in
        guard spec.isContainer else { return "`\(spec.name.replacing("|", with: " "))`" }
        let others = specs.filter { other in
          guard other.container == spec.id else { return false }
          if case .refused(refusal) = other.scope { return false }
          return true
        }.map { $0.name.split(separator: "|").last ?? "" }
        return "`\(spec.name) …`"
          + (others.isEmpty ? "" : " (but \(others.map { "`\($0)`" }.joined(separator: " ")))")
      }
      return [shown.joined(separator: " "), "`\(refusal.rawValue)`", "`\(refusal.message)`"]
    }
    return table(["commands", "reason", "error"], rows)
  }

  // MARK: Versions

  private static var servers: String {
    let rows = CommandTable.measuredArities.map { row in
      [names([row.name.description])]
        + row.arities.map { arity in
          switch arity {
          case nil: "not told"
          case 0?: "–"
          case let count?: count > 0 ? "\(count)" : "\(count.magnitude) or more"
          }
        }
    }
    return table(["words of the command"] + CommandTable.measuredServers, rows)
  }
}

extension KeyLayout {
  /// Whether one command may name several keys; with `STORE` only does not count.
  fileprivate var namesSeveral: Bool {
    switch self {
    case .none, .sortStore, .geoStore: false
    case .range(let first, let last, _): first != last
    case .counted, .streams, .migrate, .specs: true
    }
  }
}

extension Comparison {
  fileprivate var name: String {
    switch self {
    case .exact: "exact"
    case .unordered: "unordered"
    case .unorderedPairs: "unordered, by pairs"
    case .tolerance: "tolerance"
    case .numbers: "numbers"
    case .scores: "scores"
    case .typeName: "type"
    case .groups: "groups"
    case .never: "never"
    }
  }
}

extension RefusedOption {
  fileprivate var text: String? {
    switch self {
    case .none: nil
    case .block: "`BLOCK`"
    case .database: "`DB` of another database"
    case .pattern: "`BY` or `GET` patterns"
    case .keyless: "no key declared"
    }
  }
}
