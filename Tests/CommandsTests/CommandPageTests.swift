import Foundation
import Testing

@testable import SluiceCommands

/// docs/commands.md says what the tables say.
@Suite struct CommandPageTests {
  private func page() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/commands.md"), encoding: .utf8)
  }

  @Test(
    "The page is what the tables say (scripts/commands-page writes it)", arguments: CommandPage.Block.allCases
  )
  func committed(block: CommandPage.Block) throws {
    let parts = try page().components(separatedBy: "<!-- \(block.rawValue): begin -->\n")
    let table = try #require(parts.count == 2 ? parts[1] : nil, "the page has no such part, or two")
    let committed = table.components(separatedBy: "<!-- \(block.rawValue): end -->")[0]
    #expect(committed == CommandPage.text(block), "run scripts/commands-page")
  }

  @Test("Every command of the tables stands on the page, once as carried or as refused")
  func complete() {
    func names(_ block: CommandPage.Block) -> String {
      CommandPage.text(block).split(separator: "\n").map { $0.components(separatedBy: " | ")[0] }
        .joined(separator: "\n")
    }
    let carried = names(.commands)
    // Subcommands that are carried although their container is not stand there by their own word.
    let refused = names(.refused).replacing(#/\(but [^)]*\)/#, with: "")
    let specs = (0..<CommandTable.shared.specs.count).map { CommandTable.shared.specs[$0] }
    for spec in specs where spec.isListed && !spec.isTransaction && spec.container == nil && !spec.isContainer
    {
      let isRefused = if case .refused = spec.scope { true } else { false }
      #expect(carried.contains("`\(spec.name)`") == !isRefused, "\(spec.name)")
      #expect(refused.contains("`\(spec.name)`") == isRefused, "\(spec.name)")
    }
    #expect(CommandPage.text(.servers).contains("| `HEXPIRE` | – | – | 6 or more | 6 or more |"))
  }
}
