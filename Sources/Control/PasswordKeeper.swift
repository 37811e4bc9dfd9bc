import Logging
import SluiceConfiguration
import SluiceLocks
import SluiceProxy
import SluiceRouting

/// A password as its file says now; the last good one while the file cannot be used.
final class PasswordKeeper: Sendable {
  private struct State {
    var password: Secret
    var error: String?
  }

  /// Whose password it is, for people: "stack legacy".
  private let name: String
  /// From when on another one is used: "it is used from the next hand-shake on".
  private let effect: String
  private let path: String
  private let logger: Logger
  private let refusal: @Sendable (Secret) -> String?
  private let state: Mutex<State>

  /// - Parameters:
  ///   - password: what the file said at the start.
  ///   - refusal: why a password may not be used, although its file is well.
  init(
    _ name: String, path: String, password: Secret, effect: String, logger: Logger,
    refusal: @escaping @Sendable (Secret) -> String? = { _ in nil }
  ) {
    self.name = name
    self.effect = effect
    self.path = path
    self.logger = logger
    self.refusal = refusal
    state = Mutex(State(password: password))
  }

  /// Reads the file: for a hand-shake, and when an operator says that something has changed. May wait for a disk.
  @discardableResult func read() -> String {
    let found: Result<Secret, ValueError>
    do throws(ValueError) {
      let password = try PasswordFile.read(path)
      if let reason = refusal(password) { throw ValueError("the password in \"\(path)\" \(reason)") }
      found = .success(password)
    } catch {
      found = .failure(error)
    }
    return state.withLock { state in
      switch found {
      case .success(let password):
        if password != state.password {
          logger.notice("\(name): \(path) holds another password now; \(effect)")
        }
        state = State(password: password)
      case .failure(let error):
        if error.reason != state.error {
          logger.error("\(name): the last good password stays in use: \(error.reason)")
        }
        state.error = error.reason
      }
      return state.password.revealed
    }
  }
}

/// The passwords that may stand in files: those of the stacks, and those that our own ports ask for.
struct PasswordKeepers: Sendable {
  /// What clients must send; nil asks for nothing.
  let clients: DoorPassword?
  /// What operators must send; nil asks for nothing.
  let control: DoorPassword?
  private var stacks: [StackID: PasswordKeeper] = [:]
  private var doors: [(keeper: PasswordKeeper, door: DoorPassword)] = []

  init(_ configuration: ServeConfiguration, logger: Logger) {
    for (id, stack) in [
      (StackID.legacy, configuration.stacks.legacy), (.new, configuration.stacks.new),
    ] {
      guard let path = stack.passwordFile, let password = stack.endpoint.password else { continue }
      stacks[id] = PasswordKeeper(
        "stack \(id.name)", path: path, password: password, effect: "it is used from the next hand-shake on",
        logger: logger)
    }
    let clients = configuration.password.map { DoorPassword(Array($0.revealed.utf8)) }
    let control = configuration.controlPassword.map { DoorPassword(Array($0.revealed.utf8)) }
    (self.clients, self.control) = (clients, control)
    func keep(
      _ name: String, _ door: DoorPassword?, _ path: String?, _ password: Secret?, apart other: DoorPassword?
    ) {
      guard let door, let path, let password else { return }
      let keeper = PasswordKeeper(
        name, path: path, password: password, effect: "who connects from now on must send it", logger: logger
      ) { found in
        let isShared = other?.isEqual(to: Array(found.revealed.utf8)) == true
        return isShared ? "opens the other port too; give each port a password of its own" : nil
      }
      doors.append((keeper, door))
    }
    keep("clients", clients, configuration.passwordFile, configuration.password, apart: control)
    keep(
      "control port", control, configuration.controlPasswordFile, configuration.controlPassword,
      apart: clients)
  }

  /// How a stack's password is asked for at each hand-shake; nil where it is none of a file.
  subscript(stack: StackID) -> (@Sendable () -> String?)? {
    guard let keeper = stacks[stack] else { return nil }
    return { keeper.read() }
  }

  /// Reads them all, now.
  func read() {
    for keeper in stacks.values { keeper.read() }
    for (keeper, door) in doors { door.replace(by: Array(keeper.read().utf8)) }
  }
}
