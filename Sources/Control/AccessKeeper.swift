import Foundation
import Logging
import SluiceAccess
import SluiceConfiguration
import SluiceLocks
import SluiceProxy

/// Who may do what, as the configuration file said last; the last good rules while it cannot be used.
final class AccessKeeper: Sendable {
  /// Reads the configuration again; nil where there is no file to read.
  typealias Reread = @Sendable () throws(ConfigurationError) -> ServeConfiguration

  private struct State {
    var configuration: ServeConfiguration
    var error: String?
  }

  private let reread: Reread?
  /// That of the start: doors and passwords are what they were.
  private let initial: ServeConfiguration
  private let logger: Logger
  private let state: Mutex<State>

  init(_ configuration: ServeConfiguration, _ reread: Reread?, logger: Logger) {
    self.reread = reread
    initial = configuration
    self.logger = logger
    state = Mutex(State(configuration: configuration))
  }

  var list: AccessList { state.withLock { AccessList($0.configuration) } }

  /// Reads the file and says what is to be in force from now on: all of what it says of users, of denied commands and of clients per
  /// address, or nothing of it. May wait for a disk.
  ///
  /// - Returns: nil where nothing changes; and what is wrong.
  func read() -> (list: AccessList?, problems: [String]) {
    guard let reread else { return (nil, []) }
    do throws(ConfigurationError) {
      let found = try reread()
      guard !initial.wouldBeOpen(with: found.users) else {
        return (
          nil,
          refused(
            "other machines would be let in without a login; leave \"{name: default, enabled: false}\" in users, or restart serve with a "
              + "password")
        )
      }
      let changes = state.withLock { state in
        let changes = Self.changes(from: state.configuration, to: found)
        state = State(configuration: found)
        return changes
      }
      for change in changes { logger.notice("\(change)") }
      return (changes.isEmpty ? nil : AccessList(found), [])
    } catch {
      return (nil, refused(error.problems.map(\.description).joined(separator: "; ")))
    }
  }

  private func refused(_ why: String) -> [String] {
    let reason = "the users in force stay as they were, for the configuration file cannot be used: \(why)"
    let isNew = state.withLock { state in
      defer { state.error = reason }
      return state.error != reason
    }
    if isNew { logger.error("\(reason)") }
    return [reason]
  }

  /// One sentence for each thing that is another one now.
  private static func changes(from old: ServeConfiguration, to new: ServeConfiguration) -> [String] {
    let before = Dictionary(old.users.map { ($0.access.name, $0) }) { first, _ in first }
    let after = Dictionary(new.users.map { ($0.access.name, $0) }) { first, _ in first }
    var changes: [String] = []
    for name in Set(before.keys).union(after.keys).sorted() {
      switch (before[name], after[name]) {
      case (nil, .some): changes.append("user \(name) is new")
      case (.some, nil):
        let isDefault = name == AccessUser.defaultName
        changes.append(
          isDefault
            ? "user \(name) is not limited any more"
            : "user \(name) is no user any more: its connections are closed")
      case (let was?, let now?) where was != now:
        changes.append("user \(name) is another one now: its rules act at once")
      default: break
      }
    }
    if old.deniedCommands != new.deniedCommands { changes.append("deny_commands is another one now") }
    if old.limits.clientsPerAddress != new.limits.clientsPerAddress {
      changes.append("limits.clients_per_address is \(new.limits.clientsPerAddress) now")
    }
    return changes
  }

  /// For `STATUS`.
  var status: StatusReport.Access {
    state.withLock { state in
      StatusReport.Access(
        users: state.configuration.users.map(\.access.name),
        denied_commands: state.configuration.deniedCommands.map {
          String(CommandRule($0, isGiven: false).description.dropFirst())
        },
        clients_per_address: state.configuration.limits.clientsPerAddress, error: state.error)
    }
  }
}

extension AccessList {
  init(_ configuration: ServeConfiguration) {
    self.init()
    users = configuration.users.map { User($0.access, passwords: $0.passwords) }
    denied = configuration.deniedCommands
    clientsPerAddress = configuration.limits.clientsPerAddress
  }
}

extension StatusReport {
  // The names of the properties are those of the JSON.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  struct Access: Encodable, Sendable {
    /// By their names, `default` only where the configuration speaks of it.
    var users: [String] = []
    /// What nobody may do.
    var denied_commands: [String] = []
    /// 0: as many as `clients.max`.
    var clients_per_address = 0
    /// Why what the file says is not in force; null if it is.
    var error: String?
  }
}
