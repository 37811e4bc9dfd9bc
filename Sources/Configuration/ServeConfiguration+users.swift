import SluiceAccess
import SluicePasswords
import Yams

extension ServeConfiguration {
  /// Somebody who may log in beside the user `default`, or what that one may do.
  public struct User: Sendable, Hashable {
    public var access: AccessUser
    /// Those that stand here as hashes, then those of files.
    public var passwords: [StoredPassword] = []
    /// The files that some of them were read from.
    public var passwordFiles: [String] = []

    public init(_ access: AccessUser) { self.access = access }

    /// Nil if it cannot be; what is wrong is noted.
    static func read(_ section: inout Section) -> User? {
      var user = User(AccessUser(""))
      let name = section.value("name", Self.name)
      user.access.isOn = section.value("enabled", ValueParsers.bool) ?? true
      user.access.takesAnyPassword = section.value("nopass", ValueParsers.bool) ?? false
      for password in section.values("password", Self.password) ?? [] { user.passwords.append(password) }
      for file in section.values("password_file", PasswordFile.named) ?? [] {
        user.passwordFiles.append(file.path)
        user.passwords.append(StoredPassword(plain: file.password.revealed.utf8))
      }
      let (commands, keys) = (section.words("commands"), section.words("keys"))
      for (word, line) in commands ?? [] {
        do throws(AccessProblem) { try user.access.rules.add(command: word) } catch {
          section.note("commands", error.reason, line: line)
        }
      }
      for (word, line) in keys ?? [] {
        do throws(AccessProblem) { try user.access.rules.add(key: word) } catch {
          section.note("keys", error.reason, line: line)
        }
      }
      guard let name else {
        if section.isWithout("name") { section.note("name", "is missing; say who it is", line: section.line) }
        return nil
      }
      user.access.name = name
      if name == AccessUser.defaultName {
        // What is not limited is as it is without users.
        if commands == nil { _ = try? user.access.rules.add(command: "allcommands") }
        if keys == nil { _ = try? user.access.rules.add(key: "allkeys") }
        if !user.passwords.isEmpty || user.access.takesAnyPassword {
          section.note(
            "name",
            "is the user whose password stands in auth.password_file (none there: nopass); leave it out here")
        }
      } else if user.access.takesAnyPassword, !user.passwords.isEmpty {
        section.note("nopass", "is set although there is a password; keep one of the two")
      } else if user.access.isOn, user.passwords.isEmpty, !user.access.takesAnyPassword,
        section.isWithout("password"), section.isWithout("password_file")
      {
        section.note(
          "name",
          "\"\(name)\" has no password; set password (made by \"sluice hash-password\") or password_file, or say nopass or enabled: false"
        )
      }
      return user
    }

    private static func name(_ text: String) throws(ValueError) -> String {
      if let problem = AccessUser.problem(ofName: text) { throw ValueError(problem.reason) }
      return text
    }

    private static func password(_ text: String) throws(ValueError) -> StoredPassword {
      do { return try StoredPassword(parsing: text) } catch { throw ValueError(error.reason) }
    }
  }

  mutating func readUsers(_ top: inout Section) {
    users = top.list("users", User.read)
    var names: Set<String> = []
    for user in users where !names.insert(user.access.name).inserted {
      top.note("users", "has \"\(user.access.name)\" twice; keep one of them")
    }
    for (word, line) in top.words("deny_commands") ?? [] {
      do throws(AccessProblem) {
        let subject = try CommandRule.subject(word)
        if case .command(let name) = subject, Self.alwaysAllowed.contains(name) {
          top.note(
            "deny_commands", "\"\(word)\" is what everybody may say before a login; leave it out", line: line)
        } else {
          deniedCommands.append(subject)
        }
      } catch {
        top.note("deny_commands", error.reason, line: line)
      }
    }
  }

  private static let alwaysAllowed: Set<String> = ["AUTH", "HELLO", "QUIT", "RESET"]

  /// The user `default`, where the file speaks of it.
  var defaultUser: User? { users.first { $0.access.name == AccessUser.defaultName } }

  /// Whether somebody who does not log in gets in.
  var lacksLogin: Bool { password == nil && defaultUser?.access.isOn ?? true }

  /// What is allowed and defeats what was meant by users.
  var userWarnings: [String] {
    guard lacksLogin, users.contains(where: { $0.access.name != AccessUser.defaultName }) else { return [] }
    let rules = defaultUser?.access.rules ?? .everything
    guard rules == .everything else { return [] }
    return [
      "users are configured, and whoever does not log in may do everything all the same: set auth.password_file, or add "
        + "\"- {name: default, enabled: false}\" to users"
    ]
  }
}

extension Section {
  /// The words of one text, or of a list of them, with the line of each; nil if the key is absent.
  mutating func words(_ key: String) -> [(word: String, line: Int?)]? {
    guard let node = node(key) else { return nil }
    let nodes = node.sequence.map { Array($0) } ?? [node]
    return nodes.flatMap { node -> [(word: String, line: Int?)] in
      guard let scalar = node.scalar else {
        note(key, "is neither a text nor a list of texts; write one", line: node.mark?.line)
        return []
      }
      return scalar.string.split(whereSeparator: \.isWhitespace).map { (String($0), node.mark?.line) }
    }
  }
}
