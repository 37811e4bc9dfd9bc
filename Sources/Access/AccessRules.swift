import SluiceCommands

/// What somebody may do: rules about commands and keys, applied from left to right as Redis does.
public struct AccessRules: Sendable, Hashable {
  public private(set) var commands: [CommandRule] = []
  public private(set) var keys: [KeyRule] = []
  public private(set) var hasAllKeys = false

  /// Nothing at all, as a new user of Redis.
  public init() {}

  /// Everything.
  public static let everything: AccessRules = {
    var rules = AccessRules()
    rules.commands = [CommandRule(.all, isGiven: true)]
    rules.hasAllKeys = true
    return rules
  }()

  /// `+@read`, `-flushall`, `allcommands`.
  public mutating func add(command word: String) throws(AccessProblem) {
    let rule = try CommandRule(parsing: word)
    // Nothing of what was said before is left.
    if rule.subject == .all { commands.removeAll() }
    commands.append(rule)
  }

  /// `~app:*`, `%R~shared:*`, `allkeys`, `resetkeys`.
  public mutating func add(key word: String) throws(AccessProblem) {
    switch word.lowercased() {
    case "allkeys", "~*":
      keys.removeAll()
      hasAllKeys = true
    case "resetkeys":
      keys.removeAll()
      hasAllKeys = false
    default:
      let (rights, pattern) = try Self.split(word)
      guard !hasAllKeys else {
        throw AccessProblem(
          "\"\(word)\" stands behind a pattern for all keys and would change nothing; leave one of the two out"
        )
      }
      guard !pattern.contains(where: { $0 == 0x20 || $0 == 0 }) else {
        throw AccessProblem("\"\(word)\" has a blank in it; write ? for one that a key has")
      }
      if let same = keys.firstIndex(where: { $0.bytes == pattern }) {
        keys[same].rights.formUnion(rights)
      } else {
        keys.append(KeyRule(pattern, rights))
      }
    }
  }

  private static func split(_ word: String) throws(AccessProblem) -> (KeyRights, [UInt8]) {
    let wrong = AccessProblem(
      "\"\(word)\" is no rule about keys; write ~pattern, %R~pattern to read, %W~pattern to write, or allkeys"
    )
    if word.hasPrefix("~") { return ([.read, .write], Array(word.utf8.dropFirst())) }
    guard word.hasPrefix("%"), let tilde = word.firstIndex(of: "~") else { throw wrong }
    var rights: KeyRights = []
    for letter in word[..<tilde].dropFirst() {
      switch letter {
      case "R", "r": rights.insert(.read)
      case "W", "w": rights.insert(.write)
      default: throw wrong
      }
    }
    guard !rights.isEmpty else { throw wrong }
    return (rights, Array(word[word.index(after: tilde)...].utf8))
  }

  /// As `ACL LIST` writes it: `~app:* %R~shared:*`; empty for no key at all.
  public var keysText: String { hasAllKeys ? "~*" : keys.map(\.description).joined(separator: " ") }

  /// As `ACL LIST` writes it since 7.2: what all begins with, then the rules in their order.
  public var commandsText: String {
    let begins = commands.first?.subject == .all ? [] : ["-@all"]
    return (begins + commands.map(\.description)).joined(separator: " ")
  }
}

/// Somebody who may log in, without the passwords: who compares those is another matter.
public struct AccessUser: Sendable, Hashable {
  public static let defaultName = "default"

  public var name: String
  /// Whether logging in is possible; who is in stays in.
  public var isOn = true
  /// Any password will do.
  public var takesAnyPassword = false
  public var rules: AccessRules

  public init(_ name: String, rules: AccessRules = AccessRules()) {
    self.name = name
    self.rules = rules
  }

  /// Nil if somebody may be called so.
  public static func problem(ofName name: String) -> AccessProblem? {
    let isPlain = !name.isEmpty && name.utf8.count <= 128 && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    return isPlain
      ? nil
      : AccessProblem("\"\(name)\" is no name of a user; write 1 to 128 bytes without blanks")
  }
}
