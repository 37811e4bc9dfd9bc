import Logging
import SluiceConfiguration
import SluiceProxy
import SluiceRouting
import Synchronization

/// A stack's password as its file says now; the last good one while the file cannot be used.
final class PasswordKeeper: Sendable {
  private struct State {
    var password: Secret
    var error: String?
  }

  private let stack: StackID
  private let path: String
  private let logger: Logger
  private let state: Mutex<State>

  /// - Parameter password: what the file said at the start.
  init(_ stack: StackID, path: String, password: Secret, logger: Logger) {
    self.stack = stack
    self.path = path
    self.logger = logger
    state = Mutex(State(password: password))
  }

  /// Reads the file: for a hand-shake, and when an operator says that something has changed. May wait for a disk.
  @discardableResult func read() -> String {
    let found: Result<Secret, ValueError>
    do throws(ValueError) { found = .success(try PasswordFile.read(path)) } catch { found = .failure(error) }
    return state.withLock { state in
      switch found {
      case .success(let password):
        if password != state.password {
          logger.notice(
            "stack \(stack.name): \(path) holds another password now; it is used from the next hand-shake on")
        }
        state = State(password: password)
      case .failure(let error):
        if error.reason != state.error {
          logger.error("stack \(stack.name): the last good password stays in use: \(error.reason)")
        }
        state.error = error.reason
      }
      return state.password.revealed
    }
  }
}

/// The stacks' passwords that stand in files.
struct PasswordKeepers: Sendable {
  private var keepers: [StackID: PasswordKeeper] = [:]

  init(_ stacks: ServeConfiguration.Stacks, logger: Logger) {
    for (id, stack) in [(StackID.legacy, stacks.legacy), (.new, stacks.new)] {
      guard let path = stack.passwordFile, let password = stack.endpoint.password else { continue }
      keepers[id] = PasswordKeeper(id, path: path, password: password, logger: logger)
    }
  }

  /// How a stack's password is asked for at each hand-shake; nil where it is none of a file.
  subscript(stack: StackID) -> (@Sendable () -> String?)? {
    guard let keeper = keepers[stack] else { return nil }
    return { keeper.read() }
  }

  /// Reads them all, now.
  func read() { for keeper in keepers.values { keeper.read() } }
}
