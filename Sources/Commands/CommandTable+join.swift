extension CommandTable {
  /// The specs by id: the two rows for what is unknown, then the servers' rows with our rules. A number without a row, of a command
  /// that other servers have told of, is the unknown command under another number.
  ///
  /// - Parameter isHidden: whether a server may have commands that nobody was told of.
  static func join(_ numbered: [(row: TableRow, id: Int)], isHidden: Bool) -> [CommandSpec] {
    let rules = Rules.all
    let containers = Set(numbered.compactMap { $0.row.container })
    let ids = Dictionary(numbered.map { ($0.row.name, $0.id) }) { first, _ in first }
    let last = numbered.reduce(1) { max($0, $1.id) }
    var specs = (0...last).map { id in
      id == unknownSubcommandID ? unknownSubcommand : unknown(id, isHidden: isHidden)
    }
    for (row, id) in numbered { specs[id] = spec(row, id, rules, containers, ids) }
    return specs
  }

  private static func spec(
    _ row: TableRow, _ id: Int, _ rules: Rules, _ containers: Set<String>, _ ids: [String: Int]
  ) -> CommandSpec {
    let name = row.name
    let inherited = row.container.flatMap { rules.scopes[$0] }
    let scope =
      CommandRules.keyed.contains(name) ? .keyed : rules.scopes[name] ?? inherited ?? row.scopeByItself
    let keys = row.keys ?? .none
    let isMirrored = scope == .keyed && (row.access == .write || rules.mirrors[name] != nil)
    let isOneSided =
      scope == .keyed && (row.sides.rawValue.nonzeroBitCount == 1 || row.legacyArity != row.newArity)
    return CommandSpec(
      id: id,
      container: row.container.flatMap { ids[$0] },
      isContainer: containers.contains(name),
      // What the proxy answers by itself it reads by our own count.
      arity: scope == .keyed ? row.arity : row.ownArity,
      flags: row.flags,
      access: row.access,
      keys: keys,
      hasSingleKeyAtOne: keys == .range(first: 1, last: 1, step: 1),
      scope: scope,
      isPlain: scope == .keyed && keys == .range(first: 1, last: 1, step: 1) && !isOneSided
        && CommandRules.refusedOption[name] == nil && !containers.contains(name) && row.container == nil,
      isOneSided: isOneSided,
      sides: row.sides,
      arities: (
        Int16(truncatingIfNeeded: row.legacyArity), Int16(truncatingIfNeeded: row.newArity)
      ),
      split: CommandRules.split[name] ?? .none,
      comparison: row.access == .write ? .never : rules.comparisons[name] ?? row.comparisonByItself,
      isHitMiss: CommandRules.hitMiss.contains(name),
      refusedOption: CommandRules.refusedOption[name] ?? .none,
      mirror: isMirrored ? rules.mirrors[name]?.rule ?? .copy : .none,
      prior: isMirrored ? rules.mirrors[name]?.prior ?? .equal : .irrelevant,
      doubt: rules.doubts[name].flatMap { row in
        ids[row.question].map {
          PriorDoubt(
            row.replies, question: UInt16($0), second: row.second.flatMap { ids[$0].map(UInt16.init) } ?? 0,
            key: row.key, asksAhead: row.asksAhead)
        }
      } ?? .none,
      changesOnRead: isMirrored && row.access == .read,
      isTransaction: row.isTransaction,
      isRuledScript: row.isRuledScript,
      isListed: true,
      label: row.label)
  }

  /// Our rules by the names of commands.
  private struct Rules: Sendable {
    let scopes = scopesByName()
    let comparisons = Dictionary(
      uniqueKeysWithValues: CommandRules.comparison.flatMap { rule in rule.names.map { ($0, rule.0) } })
    let mirrors = Dictionary(
      uniqueKeysWithValues: CommandRules.mirror.flatMap { row in row.names.map { ($0, row) } })
    let doubts = Dictionary(
      uniqueKeysWithValues: CommandRules.doubt.flatMap { row in row.names.map { ($0, row) } })

    static let all = Rules()
  }

  private static func scopesByName() -> [String: Scope] {
    var scopes: [String: Scope] = [:]
    for (name, command) in CommandRules.local { scopes[name] = .local(command) }
    for (name, command) in CommandRules.keyspace { scopes[name] = .keyspace(command) }
    for name in CommandRules.empty { scopes[name] = .unknownSubcommand }
    for (refusal, names) in CommandRules.refused {
      for name in names { scopes[name] = .refused(refusal) }
    }
    return scopes
  }

  /// Design, law 8: a command in no table counts as a write, routed by its first argument; what it did nobody knows, so that key is
  /// copied. Where the servers hide what they have, nobody knows either which keys it would touch: it is refused.
  private static func unknown(_ id: Int, isHidden: Bool) -> CommandSpec {
    CommandSpec(
      id: id, container: nil, isContainer: false, arity: -1, flags: [.write], access: .write,
      keys: .range(first: 1, last: 1, step: 1), hasSingleKeyAtOne: true,
      scope: isHidden ? .refused(.hiddenCommands) : .keyed, isPlain: false,
      isOneSided: false, sides: .both, arities: (-1, -1), split: .none,
      comparison: .never, isHitMiss: false, refusedOption: .none, mirror: .copy, prior: .equal,
      doubt: .none, changesOnRead: false, isTransaction: false, isRuledScript: false, isListed: false,
      label: id == unknownID ? "UNKNOWN" : "")
  }

  private static var unknownSubcommand: CommandSpec {
    CommandSpec(
      id: unknownSubcommandID, container: nil, isContainer: false, arity: -1, flags: [.write], access: .write,
      keys: .none, hasSingleKeyAtOne: false, scope: .unknownSubcommand, isPlain: false,
      isOneSided: false, sides: .both, arities: (-1, -1), split: .none,
      comparison: .never, isHitMiss: false, refusedOption: .none, mirror: .none, prior: .irrelevant,
      doubt: .none, changesOnRead: false, isTransaction: false, isRuledScript: false, isListed: false,
      label: "UNKNOWN SUBCOMMAND")
  }
}

extension TableRow {
  /// Of our own table: what the proxy itself reads must not be fewer than it looks at.
  fileprivate var ownArity: Int { ownRow?.arity ?? arity }

  private var ownRow: TableRow? { CommandTable.ownRowsByName[name] }

  /// Who answers a command that no rule of ours speaks of, by what its server says: one that waits, that administers, or whose keys
  /// nobody can tell is refused (design, law 8).
  fileprivate var scopeByItself: Scope {
    // Our own table decides itself.
    if ownRow != nil { return .keyed }
    if !flags.isDisjoint(with: [.pubsub]) { return .refused(.pubsub) }
    if flags.contains(.blocking) { return .refused(.blocking) }
    if flags.contains(.admin) { return .refused(.administration) }
    switch keys {
    case nil: return .refused(.unknownKeys)
    // What has none and changes something, changes nobody knows what.
    case KeyLayout.none?: return access == .read ? .keyed : .refused(.unknownKeys)
    case _?: return .keyed
    }
  }

  /// How a read compares that no rule of ours speaks of. What a module answers may depend on how it has built what it holds.
  fileprivate var comparisonByItself: Comparison {
    if isRandom || flags.contains(.module) || keys == KeyLayout.none { return .never }
    return isUnordered ? .unordered : .exact
  }
}
