extension CommandTable {
  /// The specs by id: the two rows for what is unknown, then the server's rows with our rules.
  static func join(_ rows: [CommandRow], _ layouts: [String: KeyLayout]) -> [CommandSpec] {
    let scopes = scopesByName()
    let comparisons = Dictionary(
      uniqueKeysWithValues: CommandRules.comparison.flatMap { rule in rule.names.map { ($0, rule.0) } })
    let mirrors = Dictionary(
      uniqueKeysWithValues: CommandRules.mirror.flatMap { row in row.names.map { ($0, row) } })
    let doubts = Dictionary(
      uniqueKeysWithValues: CommandRules.doubt.flatMap { row in row.names.map { ($0, row) } })
    let names = rows.map { $0.name.description }
    let containers = Set(names.compactMap { $0.container })
    // Ids of 0 and 1 are taken by the unknown rows.
    let ids = Dictionary(uniqueKeysWithValues: zip(names, 2...))

    var specs = [unknown, unknownSubcommand]
    for (row, name) in zip(rows, names) {
      let keys = layouts[name] ?? row.range
      let access: Access = row.flags.contains(.readonly) ? .read : .write
      let inherited = name.container.flatMap { scopes[$0] }
      let scope = CommandRules.keyed.contains(name) ? .keyed : scopes[name] ?? inherited ?? .keyed
      let isMirrored = scope == .keyed && (access == .write || mirrors[name] != nil)
      specs.append(
        CommandSpec(
          id: specs.count,
          container: name.container.flatMap { ids[$0] },
          isContainer: containers.contains(name),
          arity: row.arity,
          flags: row.flags,
          access: access,
          keys: keys,
          hasSingleKeyAtOne: keys == .range(first: 1, last: 1, step: 1),
          scope: scope,
          isPlain: scope == .keyed && keys == .range(first: 1, last: 1, step: 1)
            && CommandRules.refusedOption[name] == nil && !containers.contains(name) && name.container == nil,
          split: CommandRules.split[name] ?? .none,
          comparison: access == .write ? .never : comparisons[name] ?? .exact,
          isHitMiss: CommandRules.hitMiss.contains(name),
          refusedOption: CommandRules.refusedOption[name] ?? .none,
          mirror: isMirrored ? mirrors[name]?.rule ?? .copy : .none,
          prior: isMirrored ? mirrors[name]?.prior ?? .equal : .irrelevant,
          doubt: doubts[name].flatMap { row in
            ids[row.question].map { PriorDoubt(row.replies, question: UInt16($0), key: row.key) }
          } ?? .none,
          changesOnRead: isMirrored && access == .read,
          label: row.name))
    }
    return specs
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

  /// Design, law 8: a command in no table counts as a write and is routed by its first argument. What it did
  /// nobody knows, so that key is copied.
  private static var unknown: CommandSpec {
    CommandSpec(
      id: unknownID, container: nil, isContainer: false, arity: -1, flags: [.write], access: .write,
      keys: .range(first: 1, last: 1, step: 1), hasSingleKeyAtOne: true, scope: .keyed, isPlain: false,
      split: .none,
      comparison: .never, isHitMiss: false, refusedOption: .none, mirror: .copy, prior: .equal,
      doubt: .none, changesOnRead: false, label: "UNKNOWN")
  }

  private static var unknownSubcommand: CommandSpec {
    CommandSpec(
      id: unknownSubcommandID, container: nil, isContainer: false, arity: -1, flags: [.write], access: .write,
      keys: .none, hasSingleKeyAtOne: false, scope: .unknownSubcommand, isPlain: false,
      split: .none,
      comparison: .never, isHitMiss: false, refusedOption: .none, mirror: .none, prior: .irrelevant,
      doubt: .none, changesOnRead: false, label: "UNKNOWN SUBCOMMAND")
  }
}

extension String {
  /// `CLIENT` of `CLIENT|LIST`; nil for a command that stands alone.
  fileprivate var container: String? {
    firstIndex(of: "|").map { String(self[..<$0]) }
  }
}
