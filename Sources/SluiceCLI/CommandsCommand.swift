import ArgumentParser
import SluiceCommands

/// `sluice commands`.
struct CommandsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "commands",
    abstract: "Print what a client gets for every command, as docs/commands.md has it.",
    discussion: """
      Who answers, how it is mirrored and compared, what is refused and why, and what differs between Redis 6.2, 7.0, 8.2 and
      Valkey 9.1: in Markdown, from the tables that the proxy itself goes by.

      Examples:
        sluice commands
        sluice commands --part refused
      """)

  @Option(
    help: ArgumentHelp("Only this part: \(Self.parts.joined(separator: ", ")).", valueName: "part"),
    completion: .list(Self.parts), transform: Self.block)
  var part: CommandPage.Block?

  func run() {
    let blocks = part.map { [$0] } ?? CommandPage.Block.allCases
    Output.line(blocks.map(CommandPage.text).joined(separator: "\n"))
  }

  private static let parts = CommandPage.Block.allCases.map(\.rawValue)

  @Sendable private static func block(_ text: String) throws -> CommandPage.Block {
    guard let block = CommandPage.Block(rawValue: text) else {
      throw ValidationError("there is no part \"\(text)\"; use \(parts.joined(separator: ", "))")
    }
    return block
  }
}
