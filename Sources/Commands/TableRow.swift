/// What is known of one command before our rules are added: of our own table, or of the servers in use.
struct TableRow {
  /// Upper case; a subcommand stands behind its container: `CLIENT|LIST`.
  let name: String
  /// The same, of our own table; empty for a command that only a server has told of.
  var label: StaticString = ""
  /// Negative is a minimum.
  var arity: Int
  var flags: CommandFlags
  var access: Access
  /// Nil if nobody can tell.
  var keys: KeyLayout?
  var categories: CommandCategories
  var needs: KeyNeeds
  var isRandom = false
  var isUnordered = false
  /// Who has it, and with how many arguments.
  var sides = CommandSides.both
  var legacyArity: Int
  var newArity: Int

  /// `CLIENT` of `CLIENT|LIST`; nil for a command that stands alone.
  var container: String? { name.firstIndex(of: "|").map { String(name[..<$0]) } }

  /// It is no command of any server.
  var isTransaction: Bool { CommandRules.transactionLayouts[name] != nil }
  var isRuledScript: Bool { CommandRules.scriptLayouts[name] != nil }

  init(_ row: CommandRow, _ layouts: [String: KeyLayout]) {
    let name = row.name.description
    self.name = name
    label = row.name
    arity = row.arity
    flags = row.flags
    access = row.flags.contains(.readonly) ? .read : .write
    keys = layouts[name] ?? row.range
    categories = CommandTable.measuredCategories[name] ?? CommandCategories(following: row.flags)
    needs = CommandTable.measuredNeeds[name] ?? KeyNeeds(following: row.flags)
    (legacyArity, newArity) = (row.arity, row.arity)
  }

  /// A command that our table does not have; at least one of the two has it.
  init?(_ name: String, legacy: ServerCommand?, new: ServerCommand?) {
    guard let told = new ?? legacy else { return nil }
    self.name = name
    arity = told.arity
    flags = told.flags
    access = told.flags.contains(.readonly) ? .read : .write
    keys = told.keys
    categories = told.categories
    needs = told.needs ?? KeyNeeds(following: told.flags)
    (legacyArity, newArity) = (told.arity, told.arity)
    isRandom = told.isRandom
    isUnordered = told.isUnordered
    if let legacy, let new {
      isRandom = legacy.isRandom || new.isRandom
      isUnordered = legacy.isUnordered || new.isUnordered
      flags.formUnion(legacy.flags)
      categories.formUnion(legacy.categories)
      needs = needs.union(legacy.needs ?? KeyNeeds(following: legacy.flags))
    }
    learn(legacy: legacy, new: new, isKnown: (true, true))
  }

  // MARK: Two servers

  /// What two servers say of it takes the place of what we thought: whether it is there, how many arguments it takes, whether it
  /// writes, where its keys are. Both count: what one of them takes is let through, for the other one says itself what is wrong.
  ///
  /// - Parameter isKnown: whether each has told what commands it has.
  mutating func learn(legacy: ServerCommand?, new: ServerCommand?, isKnown: (legacy: Bool, new: Bool)) {
    sides = []
    if legacy != nil || !isKnown.legacy { sides.insert(.legacy) }
    if new != nil || !isKnown.new { sides.insert(.new) }
    // Later versions take more arguments, never fewer.
    legacyArity = legacy?.arity ?? (isKnown.legacy ? arity : 0 - abs(arity))
    newArity = new?.arity ?? (isKnown.new ? arity : 0 - abs(arity))
    switch sides {
    case .legacy: arity = legacyArity
    case .new: arity = newArity
    case .both: arity = Self.union(legacyArity, newArity)
    // Nobody has it: the server says so.
    default: break
    }
    for told in [legacy, new] {
      guard let told else { continue }
      if !told.flags.contains(.readonly) { access = .write }
      keys = Self.union(keys, told.keys)
    }
  }

  /// What either takes.
  static func union(_ one: Int, _ other: Int) -> Int { one == other ? one : 0 - min(abs(one), abs(other)) }

  /// A layout that is ours (keywords, options) knows more than what servers say of it in general.
  private static func union(_ ours: KeyLayout?, _ told: KeyLayout?) -> KeyLayout? {
    guard let ours else { return told }
    guard let told, told != ours else { return ours }
    switch (ours, told) {
    case (.sortStore, _), (.geoStore, _), (.streams, _), (.migrate, _), (.specs, _): return ours
    case (.none, _): return told
    case (_, .none): return ours
    case (.counted(_, _, .some), _): return ours
    default: return .specs(KeySpecs(ours.asSpecs + told.asSpecs))
    }
  }
}

extension KeyLayout {
  /// The same as key specifications; empty for what they cannot say.
  fileprivate var asSpecs: [KeySpec] {
    switch self {
    case .range(let first, let last, let step):
      let last = last < 0 ? last : last - first
      return [KeySpec(begin: .index(first), find: .range(last: last, step: step, limit: 0))]
    case .counted(let countAt, let firstKey, _):
      return [
        KeySpec(begin: .index(countAt), find: .counted(count: 0, first: firstKey - countAt, step: 1))
      ]
    case .none, .sortStore, .geoStore, .streams, .migrate, .specs: return []
    }
  }
}
