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
    for spec in specs where spec.isListed && !spec.isOurs && spec.container == nil && !spec.isContainer {
      let isRefused = if case .refused = spec.scope { true } else { false }
      #expect(carried.contains("`\(spec.name)`") == !isRefused, "\(spec.name)")
      #expect(refused.contains("`\(spec.name)`") == isRefused, "\(spec.name)")
    }
    #expect(CommandPage.text(.servers).contains("| `HEXPIRE` | – | – | 6 or more | 6 or more |"))
  }

  /// The rows of a table that people have written, by what stands in their first column: the names in the column behind a place.
  private func names(in column: Int, ofRow first: String) throws -> [String] {
    let rows = try page().split(separator: "\n")
    let row = try #require(rows.first { $0.hasPrefix("| \(first)") }, "no row \(first)")
    let cell = try #require(row.components(separatedBy: " | ").dropFirst(column).first)
    return cell.matches(of: /`([A-Z_]+(?: [A-Z]+)?)`/).map { String($0.1) }
  }

  private func specs(_ names: [String]) throws -> [CommandSpec] {
    try names.map { name in
      let spaced = name.replacing(" ", with: "|")
      return try #require(
        (0..<CommandTable.shared.specs.count).map { CommandTable.shared.specs[$0] }.first {
          $0.name == spaced || $0.name == name
        }, "no command \(name)")
    }
  }

  @Test(
    "The table of how reads are compared, which people have written, names each command in its class",
    arguments: [
      ("unordered", [Comparison.unordered, .unorderedPairs]), ("tolerance", [.tolerance]),
      ("groups", [.groups]), ("numbers", [.numbers]), ("scores", [.scores]),
    ])
  func classes(name: String, comparisons: [Comparison]) throws {
    let named = try specs(names(in: 1, ofRow: "\(name) |"))
    for spec in named { #expect(comparisons.contains(spec.comparison), "\(spec.name)") }
    for index in 0..<CommandTable.shared.specs.count {
      let spec = CommandTable.shared.specs[index]
      guard case .keyed = spec.scope, spec.isListed, spec.access == .read,
        comparisons.contains(spec.comparison)
      else { continue }
      #expect(
        named.contains { $0.name == spec.name } || spec.name.hasPrefix("ZREV")
          || spec.name.hasPrefix("ZRANGE"),
        "\(spec.name) is missing")
    }
  }

  @Test("The head of the page gives no command as an example of what it is not")
  func heads() throws {
    for spec in try specs(names(in: 0, ofRow: "**Reads of one key**")) {
      #expect(spec.access == .read && spec.hasSingleKeyAtOne, "\(spec.name)")
    }
    for spec in try specs(names(in: 0, ofRow: "**Writes of one key**")) where spec.name != "SORT" {
      #expect(spec.access == .write && spec.hasSingleKeyAtOne, "\(spec.name)")
    }
    for spec in try specs(names(in: 0, ofRow: "**Split**")) { #expect(spec.split != .none, "\(spec.name)") }
    for spec in try specs(names(in: 0, ofRow: "**Several keys, not split**")) {
      #expect(spec.split == .none && !spec.hasSingleKeyAtOne, "\(spec.name)")
    }
  }
}
