import SluiceCommands
import SluiceRouting
import Synchronization

/// What commands the two servers have told of, and the table that comes of it, for all lanes.
final class CommandBook: Sendable {
  private struct State {
    var told: (legacy: [ServerCommand]?, new: [ServerCommand]?)
    var table = CommandTable.shared
  }

  private let state = Mutex(State())

  /// The table in force.
  var table: CommandTable { state.withLock { $0.table } }

  /// Whether a stack's server has told.
  func hasTold(_ stack: StackID) -> Bool {
    state.withLock { (stack == .legacy ? $0.told.legacy : $0.told.new) != nil }
  }

  /// - Parameter commands: nil if the server would not tell.
  /// - Returns: false if nothing has changed.
  func learned(_ commands: [ServerCommand]?, of stack: StackID) -> Bool {
    state.withLock { state in
      let known = stack == .legacy ? state.told.legacy : state.told.new
      guard known != commands else { return false }
      if stack == .legacy { state.told.legacy = commands } else { state.told.new = commands }
      // A few milliseconds, once in the life of a server.
      state.table = CommandTable.inForce(legacy: state.told.legacy, new: state.told.new)
      return true
    }
  }
}

extension Lane {
  /// A server has told what commands it has, or would not: every lane gets the table that comes of it.
  func learned(_ commands: [ServerCommand]?, of stack: StackID) {
    let hasChanged = book.learned(commands, of: stack)
    let lanes = hasChanged ? peers : [self]
    for lane in lanes { lane.onLoop { $0.adopt($0.book.table) } }
  }

  func side(_ stack: StackID) -> CommandSides { stack == .legacy ? .legacy : .new }

  func abilities(of stack: StackID) -> ServerAbilities { stack == .legacy ? abilities.legacy : abilities.new }
}
