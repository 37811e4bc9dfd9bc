import SluiceAccess
import SluiceCommands

/// Who may do what, as the configuration says it. Without users and without what is denied, everybody who comes in may do everything.
public struct AccessList: Sendable {
  public struct User: Sendable {
    public var access: AccessUser
    public var passwords: [any KnownPassword]

    public init(_ access: AccessUser, passwords: [any KnownPassword] = []) {
      (self.access, self.passwords) = (access, passwords)
    }
  }

  /// By their names, each once; `default` may be among them, and its password is `ProxySettings.password`.
  public var users: [User] = []
  /// What nobody may do.
  public var denied: [CommandRule.Subject] = []
  /// Clients of one address at a time; 0 counts nothing against it.
  public var clientsPerAddress = 0

  public init() {}
}

/// One user with the permit that the table in force makes of the rules.
final class Principal: Sendable {
  let name: String
  let access: AccessUser
  let passwords: [any KnownPassword]
  /// Nil for who may do everything.
  let permit: Permit?

  init(_ user: AccessList.User, denied: [CommandRule.Subject], in table: CommandTable) {
    name = user.access.name
    access = user.access
    passwords = user.passwords
    permit = Permit(user.access.rules, denied: denied, in: table)
  }

  /// Whoever knew the way in then knows it now.
  func opens(as other: Principal) -> Bool {
    access.isOn == other.access.isOn && access.takesAnyPassword == other.access.takesAnyPassword
      && passwords.map(\.identity) == other.passwords.map(\.identity)
  }
}

/// Who may do what in one lane, whose table the permits are made for.
struct LaneAccess {
  let list: AccessList
  /// Whoever has not logged in is it.
  let anybody: Principal
  private let principals: [String: Principal]

  init(_ list: AccessList, in table: CommandTable) {
    self.list = list
    var principals: [String: Principal] = [:]
    for user in list.users {
      principals[user.access.name] = Principal(user, denied: list.denied, in: table)
    }
    anybody =
      principals[AccessUser.defaultName]
      ?? Principal(
        AccessList.User(AccessUser(AccessUser.defaultName, rules: .everything)), denied: list.denied,
        in: table)
    principals[AccessUser.defaultName] = anybody
    self.principals = principals
  }

  subscript(name: String) -> Principal? { principals[name] }

  /// In the order of their names, as Redis has them.
  var all: [Principal] { principals.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
}

extension Lane {
  /// Whether somebody who has just come must log in.
  var isLockedAtTheDoor: Bool { settings.password != nil || !access.anybody.access.isOn }

  /// The rules are others, or the commands: every client of this lane is under the new ones from its next command on. Who is no user any
  /// more is cut off, as by Redis's `ACL DELUSER`; who may not log in any more stays in.
  package func takeUp(_ list: AccessList) {
    access = LaneAccess(list, in: table)
    for session in sessions.values {
      if let principal = access[session.principal.name] {
        session.isUnderOtherRules(principal)
      } else {
        session.close()
      }
    }
  }
}
