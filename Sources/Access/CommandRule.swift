import SluiceCommands

/// One rule about commands, as in Redis's ACL (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/).
public struct CommandRule: Sendable, Hashable, CustomStringConvertible {
  public enum Subject: Sendable, Hashable {
    case all
    /// One category.
    case category(CommandCategories)
    /// Upper case; `CONFIG|GET` for a subcommand.
    case command(String)
  }

  public let subject: Subject
  public let isGiven: Bool

  public init(_ subject: Subject, isGiven: Bool) { (self.subject, self.isGiven) = (subject, isGiven) }

  /// As it would be written: `+@read`, `-flushall`.
  public var description: String {
    let name =
      switch subject {
      case .all: "@all"
      case .category(let category): "@\(category.names.joined())"
      case .command(let name): name.lowercased()
      }
    return "\(isGiven ? "+" : "-")\(name)"
  }

  /// `+get`, `-config|set`, `+@read`, `-@all`, `allcommands`, `nocommands`.
  public init(parsing word: String) throws(AccessProblem) {
    switch word.lowercased() {
    case "allcommands": self.init(.all, isGiven: true)
    case "nocommands": self.init(.all, isGiven: false)
    default:
      guard let sign = word.first, sign == "+" || sign == "-", word.count > 1 else {
        throw AccessProblem(
          "\"\(word)\" is no rule about commands; write +get, -flushall, +config|get, +@read, -@dangerous, allcommands or "
            + "nocommands")
      }
      self.init(try Self.subject(word.dropFirst(), of: word), isGiven: sign == "+")
    }
  }

  /// `get`, `config|set`, `@dangerous`: what a rule is about.
  public static func subject(_ word: String) throws(AccessProblem) -> Subject {
    try subject(word[...], of: word)
  }

  /// - Parameter rule: as it is written, for who has to find it.
  private static func subject(_ word: Substring, of rule: String) throws(AccessProblem) -> Subject {
    if word.hasPrefix("@") {
      let name = word.dropFirst()
      if name.lowercased() == "all" { return .all }
      guard let category = CommandCategories(named: name) else {
        let known = CommandCategories.ofEveryServer.names.map { "@\($0)" }.joined(separator: ", ")
        throw AccessProblem("\"\(rule)\" is no category of commands; there are @all, \(known)")
      }
      return .category(category)
    }
    let name = word.uppercased()
    if CommandRule.isKnown(name) { return .command(name) }
    // What modules bring is known when a server has told of it.
    if name.contains("."), !name.contains("|") { return .command(name) }
    if let container = name.split(separator: "|", omittingEmptySubsequences: false).first, name.contains("|")
    {
      let isContainer = CommandRule.isKnown(String(container))
      throw AccessProblem(
        isContainer
          ? "\"\(rule)\" is no subcommand of \(container.lowercased()), and a rule about what is said behind a command cannot be; "
            + "write the command alone"
          : "\"\(rule)\" is about a command that no server has; check how it is written")
    }
    throw AccessProblem("\"\(rule)\" is no command of any server known here; check how it is written")
  }

  private static func isKnown(_ name: String) -> Bool { known.contains(name) }

  private static let known = Set(
    CommandTable.shared.specs.filter { $0.isListed && !$0.isOurs }.map(\.name))
}
