extension Assessment {
  var databaseRows: [AssessmentRow] {
    guard let databases = legacy.databases else {
      return [
        AssessmentRow(
          .databases, "databases", .look, "legacy does not say what it holds (INFO keyspace)",
          do: "find out whether clients use another database than one")
      ]
    }
    let filled = databases.keys.sorted()
    let found =
      filled.isEmpty
      ? "legacy is empty"
      : Self.list(filled.map { "db\($0): \(Quantity.count(databases[$0]?.keys ?? 0, "key"))" })
    guard filled.count > 1 else {
      let number = filled.first ?? 0
      guard number != 0, legacy.sample?.database != number else {
        return [AssessmentRow(.databases, "databases", .fine, found)]
      }
      return [
        AssessmentRow(
          .databases, "databases", .look, found,
          do:
            "put the number into the addresses of both stacks (redis://host/\(number)); clients say SELECT 0, or nothing"
        )
      ]
    }
    return [
      AssessmentRow(
        .databases, "databases", .stops, found,
        do: "a proxy serves one database of each stack: run one for each, with its number in both addresses")
    ]
  }
}
