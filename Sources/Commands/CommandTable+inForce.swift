extension CommandTable {
  /// What is known without a server: Redis 7.0 first, then what other versions and Valkey have beside it. A command that they take with
  /// more arguments is taken with more.
  static let ownRows: [TableRow] = {
    var rows = generatedRows.map { TableRow($0, generatedLayouts) }
    var places = Dictionary(uniqueKeysWithValues: zip(rows.map(\.name), rows.indices))
    for later in laterRows + CommandRules.laterRows {
      let row = TableRow(later, laterLayouts)
      guard let place = places[row.name] else {
        places[row.name] = rows.count
        rows.append(row)
        continue
      }
      rows[place].arity = TableRow.union(rows[place].arity, row.arity)
      (rows[place].legacyArity, rows[place].newArity) = (rows[place].arity, rows[place].arity)
      if row.access == .write { rows[place].access = .write }
    }
    return rows + CommandRules.transactionRows.map { TableRow($0, CommandRules.transactionLayouts) }
      + CommandRules.scriptRows.map { TableRow($0, CommandRules.scriptLayouts) }
  }()

  static let ownRowsByName = Dictionary(uniqueKeysWithValues: ownRows.map { ($0.name, $0) })

  /// 0 and 1 are taken by the unknown rows.
  private static let firstID = 2

  static func isOfRedis70(_ id: Int) -> Bool { firstID..<firstID + generatedRows.count ~= id }

  /// The first number that our own table leaves free.
  static var firstFreeID: Int { firstID + ownRows.count }

  /// Rows of our own table by their place in it, others by the number that they got when they were told of first.
  static func numbered(_ rows: [TableRow]) -> [(row: TableRow, id: Int)] {
    var numbered: [(row: TableRow, id: Int)] = []
    for (place, row) in rows.enumerated() {
      if place < ownRows.count {
        numbered.append((row, firstID + place))
      } else if let number = CommandNumbers.number(of: row.name, from: firstFreeID) {
        numbered.append((row, number))
      }
    }
    return numbered
  }

  /// The table of two servers, as far as they have told what commands they have.
  ///
  /// - Parameters:
  ///   - legacy: nil where the server would not tell, or was not met; `new` alike.
  ///   - isHidden: whether one would not tell, though it may have commands that are not in our own table: those are refused.
  public static func inForce(
    legacy: [ServerCommand]?, new: [ServerCommand]?, isHidden: Bool = false
  ) -> CommandTable {
    if legacy == nil, new == nil { return isHidden ? sharedWithHidden : shared }
    let servers = (legacy: ToldCommands(legacy), new: ToldCommands(new))
    var rows = ownRows
    for place in rows.indices where !rows[place].isTransaction && !rows[place].isRuledScript {
      let name = rows[place].name
      rows[place].learn(
        legacy: servers.legacy[name], new: servers.new[name],
        isKnown: (servers.legacy.isKnown(name), servers.new.isKnown(name)))
    }
    let others = servers.legacy.names.union(servers.new.names).subtracting(ownRowsByName.keys)
    for name in others.sorted() {
      if let row = TableRow(name, legacy: servers.legacy[name], new: servers.new[name]) { rows.append(row) }
    }
    return CommandTable(
      numbered(rows), abilities: (servers.legacy.abilities, servers.new.abilities), isHidden: isHidden)
  }
}

/// What one server has told of its commands.
private struct ToldCommands {
  private let commands: [String: ServerCommand]?
  /// Redis 6.2 tells of no subcommands at all.
  private let tellsSubcommands: Bool

  init(_ told: [ServerCommand]?) {
    commands = told.map { Dictionary($0.map { ($0.name, $0) }) { first, _ in first } }
    tellsSubcommands = told?.contains { $0.name.contains("|") } ?? false
  }

  var names: Set<String> { Set((commands ?? [:]).keys) }

  subscript(name: String) -> ServerCommand? { commands?[name] }

  /// Whether the server would have told of a command of this name.
  func isKnown(_ name: String) -> Bool { commands != nil && (tellsSubcommands || !name.contains("|")) }

  var abilities: ServerAbilities {
    guard let commands else { return .assumed }
    return ServerAbilities(has: { commands[$0] != nil })
  }
}
