/// One row of the generated table: what the server said of a command, and nothing of ours.
struct CommandRow: Sendable {
  /// Upper case; a subcommand stands behind its container: `CLIENT|LIST`.
  let name: StaticString
  let arity: Int
  let flags: CommandFlags
  let firstKey: Int
  let lastKey: Int
  let keyStep: Int

  init(
    _ name: StaticString, _ arity: Int, _ flags: CommandFlags, _ firstKey: Int, _ lastKey: Int, _ keyStep: Int
  ) {
    self.name = name
    self.arity = arity
    self.flags = flags
    self.firstKey = firstKey
    self.lastKey = lastKey
    self.keyStep = keyStep
  }

  /// The layout that first, last and step say.
  var range: KeyLayout {
    firstKey == 0 ? .none : .range(first: firstKey, last: lastKey, step: keyStep)
  }
}
