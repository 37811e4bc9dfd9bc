import SluicePasswords

/// Who may come to the door: a file with a line `name role hash` for each.
public struct AdminTokens: Sendable, Hashable {
  public struct Token: Sendable, Hashable {
    /// What stands in every audit row of an order that came with it.
    public let name: String
    public let role: AdminRole
    public let stored: StoredPassword
  }

  public let tokens: [Token]

  /// Bytes of the file, and tokens in it.
  public static let mostBytes = 1 << 20
  private static let most = 1000

  /// Reads the file's text. Lines that begin with `#`, and empty ones, say nothing.
  ///
  /// - Throws: what is wrong with the first bad line; no hash is quoted.
  public init(parsing text: String) throws(AdminProblem) {
    var tokens: [Token] = []
    var names: Set<String> = []
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      guard words.count == 3 else {
        throw AdminProblem(
          "line \(number) is no token; write it as: name role hash, as \"sluice make-token\" does")
      }
      let name = String(first)
      if let problem = Self.problem(ofName: name) { throw AdminProblem("line \(number): \(problem.reason)") }
      guard let role = AdminRole(rawValue: String(words[1])) else {
        throw AdminProblem(
          "line \(number): the second word is no role; the roles are \(AdminRole.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      guard names.insert(name).inserted else {
        throw AdminProblem("line \(number): \"\(name)\" is there twice; give every token a name of its own")
      }
      let stored: StoredPassword
      do { stored = try StoredPassword(parsing: String(words[2])) } catch {
        throw AdminProblem("line \(number): the hash \(error.reason)")
      }
      guard tokens.count < Self.most else {
        throw AdminProblem("line \(number): more than \(Self.most) tokens; take those out that nobody uses")
      }
      tokens.append(Token(name: name, role: role, stored: stored))
    }
    guard !tokens.isEmpty else {
      throw AdminProblem(
        "has no token, so nobody could come in; \"sluice make-token NAME operate\" makes a line")
    }
    self.tokens = tokens
  }

  /// Why a name cannot be one of a token; nil if it can.
  public static func problem(ofName name: String) -> AdminProblem? {
    let allowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "@"):
        true
      default: false
      }
    }
    guard allowed, (1...64).contains(name.utf8.count) else {
      return AdminProblem("a token's name has 1 to 64 letters, digits, dots, hyphens, underscores or @")
    }
    return nil
  }

  /// Whose token it is, among those whose hashes are quick to look at.
  public func quickHolder(of given: [UInt8]) -> Token? {
    // All are looked at, so that the time does not tell which one was nearly right.
    var found: Token?
    for token in tokens where !token.stored.isSlow && token.stored.isRight(given) { found = found ?? token }
    return found
  }

  /// Those that take some 40 ms each.
  public var slow: [Token] { tokens.filter(\.stored.isSlow) }
}
