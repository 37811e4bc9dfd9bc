/// What the servers that were measured say of one command, where they do not all say the same.
struct ServerArities: Sendable {
  /// Upper case; a subcommand stands behind its container: `CLIENT|LIST`.
  let name: StaticString
  /// In the order of `CommandTable.measuredServers`: negative is a minimum, 0 is no such command, nil is not told.
  let arities: [Int?]

  init(_ name: StaticString, _ arities: [Int?]) {
    self.name = name
    self.arities = arities
  }
}
