import SluiceCommands
import SluiceLocks
import SluiceRouting

/// What commands the two servers have told of, and the table that comes of it, for all lanes.
package final class CommandBook: Sendable {
  private struct State {
    var told: (legacy: [ServerCommand]?, new: [ServerCommand]?)
    /// Stacks that were met and would not tell.
    var hidden: Set<StackID> = []
    var table = CommandTable.shared
  }

  private let state = Mutex(State())

  /// The table in force.
  var table: CommandTable { state.withLock { $0.table } }

  /// Whether a stack's server has told.
  func hasTold(_ stack: StackID) -> Bool {
    state.withLock { (stack == .legacy ? $0.told.legacy : $0.told.new) != nil }
  }

  /// - Parameters:
  ///   - commands: nil if the server would not tell.
  ///   - isHidden: whether it has others than those of our own table, for all we know.
  /// - Returns: false if nothing has changed.
  func learned(_ commands: [ServerCommand]?, isHidden: Bool, of stack: StackID) -> Bool {
    state.withLock { state in
      let known = stack == .legacy ? state.told.legacy : state.told.new
      guard known != commands || state.hidden.contains(stack) != isHidden else { return false }
      if isHidden { state.hidden.insert(stack) } else { state.hidden.remove(stack) }
      if stack == .legacy { state.told.legacy = commands } else { state.told.new = commands }
      // A few milliseconds, once in the life of a server.
      state.table = CommandTable.inForce(
        legacy: state.told.legacy, new: state.told.new, isHidden: !state.hidden.isEmpty)
      return true
    }
  }
}

extension Lane {
  /// A server has told what commands it has, or would not: every lane gets the table that comes of it.
  func learned(_ handshake: Handshake, of stack: StackID) {
    guard handshake.facts != nil, !handshake.isKnown else { return }
    // Layers and the embedded engine have the commands of our own table.
    let isHidden = handshake.commands == nil && handshake.greeting.hasTransactions
    let hasChanged = book.learned(handshake.commands, isHidden: isHidden, of: stack)
    let lanes = hasChanged ? peers : [self]
    for lane in lanes { on(lane) { $0.adopt($0.book.table) } }
  }

  func side(_ stack: StackID) -> CommandSides { stack == .legacy ? .legacy : .new }

  func abilities(of stack: StackID) -> ServerAbilities { stack == .legacy ? abilities.legacy : abilities.new }
}
