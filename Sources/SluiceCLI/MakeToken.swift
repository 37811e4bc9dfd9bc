import ArgumentParser
import Foundation
import SluiceAdmin
import SluicePasswords

/// `sluice make-token`.
struct MakeToken: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make-token",
    abstract:
      "Make a token for the admin door: the line for its file on standard output, the token itself on standard error.",
    discussion: """
      The file has a hash alone: the token is shown this once. It is as long as 32 random bytes, so its hash need not be slow.

      Roles: view (look), roll-back (that, and the way back), operate (every order).

      Examples:
        sluice make-token alice operate >> tokens
        sluice make-token prometheus view >> tokens
        sluice serve --admin --admin-tokens tokens
      """)

  @Argument(help: "Whose it is: what stands in every audit row of an order that comes with it.")
  var name: String

  @Argument(help: "view, roll-back or operate.")
  var role: String = AdminRole.view.rawValue

  func validate() throws {
    if let problem = AdminTokens.problem(ofName: name) { throw ValidationError(problem.reason) }
    guard AdminRole(rawValue: role) != nil else {
      throw ValidationError(
        "\"\(role)\" is no role; the roles are \(AdminRole.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  func run() throws {
    let token = "sluice_\(PasswordMemory.randomHex(digits: 64))"
    Output.line("\(name) \(role) \(StoredPassword.digest(of: token.utf8))")
    FileHandle.standardError.write(Data("token of \(name): \(token)\n".utf8))
  }
}
