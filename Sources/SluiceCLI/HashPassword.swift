import ArgumentParser
import Foundation
import SluicePasswords

/// `sluice hash-password`.
struct HashPassword: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hash-password",
    abstract:
      "Read a password from standard input and print what may stand for it in users of a sluice.yaml.",
    discussion: """
      It is salted and hashed by scrypt: the same password gives another line each time, and nobody gets it back from one. From a terminal
      it is asked for and not shown.

      Examples:
        sluice hash-password
        sluice hash-password < app.txt
      """)

  func run() throws {
    let password = Self.read()
    guard !password.isEmpty else {
      throw Failure(.data, "the first line of standard input is empty; write the password there")
    }
    do {
      Output.line(try StoredPassword.make(password.utf8))
    } catch {
      throw Failure(.software, "\(error)")
    }
  }

  /// The first line, without its end.
  private static func read() -> String {
    let isTerminal = isatty(STDIN_FILENO) == 1
    var before = termios()
    if isTerminal {
      FileHandle.standardError.write(Data("password: ".utf8))
      tcgetattr(STDIN_FILENO, &before)
      var quiet = before
      quiet.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
    }
    defer {
      if isTerminal {
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
        FileHandle.standardError.write(Data("\n".utf8))
      }
    }
    return readLine(strippingNewline: true) ?? ""
  }
}
