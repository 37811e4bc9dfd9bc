extension CommandTable {
  /// The categories of commands by their names, as real servers told them.
  static let measuredCategories: [String: CommandCategories] = {
    var found: [String: CommandCategories] = [:]
    for row in categoryRows {
      guard let category = CommandCategories(named: row.category) else { continue }
      for name in row.names.split(whereSeparator: \.isWhitespace) {
        found[String(name), default: []].formUnion(category)
      }
    }
    return found
  }()

  /// What commands need of their keys, likewise.
  static let measuredNeeds: [String: KeyNeeds] = {
    var found: [String: KeyNeeds] = [:]
    for row in needsRows {
      for name in row.names.split(whereSeparator: \.isWhitespace) { found[String(name)] = row.needs }
    }
    return found
  }()
}
